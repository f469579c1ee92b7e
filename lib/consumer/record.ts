import { inspect } from 'node:util'
import type { ResolvedCodec } from '../codec.ts'
import { ArgumentError } from '../errors.ts'
import { HEADERS } from '../headers.ts'
import type { HandlerMeter } from '../metrics/handler-meter.ts'
import type { Acknowledgement } from './acknowledgement.ts'
import type { Block } from './block.ts'

/** A partition of a member's assignment. */
export interface Place {
  readonly topic: string
  readonly partition: number
  readonly group: string
  /** Where its records are counted, if anywhere. */
  readonly meter?: HandlerMeter | undefined
}

/** A header as it was sent. */
export type RawHeader = readonly [name: string, value: Buffer | null]

/**
 * What a handler is told beside the value. Fields are decoded when they are read. Keeping a context keeps the memory
 * of its whole batch (up to 1 MiB): copy the fields that are to be kept.
 */
export class RecordContext {
  #block: Block
  #row: number
  readonly #place: Place
  readonly #acknowledgement: Acknowledgement | undefined
  #controller: AbortController | undefined
  /** How often the record was handed to the handler, from 1; retries count. */
  readonly attempt: number

  /** @internal */
  constructor(block: Block, row: number, place: Place, attempt = 1, acknowledgement?: Acknowledgement) {
    this.#block = block
    this.#row = row
    this.#place = place
    this.attempt = attempt
    this.#acknowledgement = acknowledgement
  }

  get topic(): string {
    return this.#place.topic
  }

  get partition(): number {
    return this.#place.partition
  }

  /** The consumer group. */
  get group(): string {
    return this.#place.group
  }

  get offset(): number {
    return this.#block.offset(this.#row)
  }

  /** The record's time in milliseconds since the epoch, -1 where it has none. */
  get timestamp(): number {
    return this.#block.timestamp(this.#row)
  }

  /**
   * Aborts at the handler's deadline, and when the record is no longer this member's to handle or the service
   * disconnects.
   */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /**
   * With `commit: 'manual'`: the record is finished, now or when its handler has ended well. May be called at any time, in
   * any order; the committed position passes no record that was not acknowledged.
   *
   * @returns False when it comes too late: the attempt failed, or the record was given back, because its partition went
   *   to another member or elsewhere by a seek, or the service disconnects. It will be handled again.
   * @throws {@link ArgumentError} where the subscription does not commit by hand.
   */
  ack(): boolean {
    if (this.#acknowledgement !== undefined) return this.#acknowledgement.give()
    throw new ArgumentError('context.ack() needs a subscription with "commit: \'manual\'".')
  }

  /** The key as UTF-8 text; `null` for none, which is not the empty key. */
  get key(): string | null {
    const length = this.#block.keyLength(this.#row)
    if (length < 0) return null
    const start = this.#block.start(this.#row)
    return this.#block.bytes.toString('utf8', start, start + length)
  }

  /** The key's bytes. */
  get rawKey(): Buffer | null {
    const length = this.#block.keyLength(this.#row)
    if (length < 0) return null
    const start = this.#block.start(this.#row)
    return this.#block.bytes.subarray(start, start + length)
  }

  /** The value's bytes; `null` for a tombstone, which is not an empty value. */
  get rawValue(): Buffer | null {
    const length = this.#block.valueLength(this.#row)
    if (length < 0) return null
    const start = this.#block.valueStart(this.#row)
    return this.#block.bytes.subarray(start, start + length)
  }

  /** Headers as UTF-8 text, the last of each name; the object has no prototype. See also {@link rawHeaders}. */
  get headers(): Readonly<Record<string, string | null>> {
    const { bytes } = this.#block
    const headers: Record<string, string | null> = Object.create(null)
    let at = this.#headersStart
    const end = at + this.#block.headersLength(this.#row)
    // without the Buffers of rawHeaders, which cost more than the text
    while (at < end) {
      const start = at + 8 + bytes.readInt32LE(at)
      const length = bytes.readInt32LE(at + 4)
      const name = bytes.toString('utf8', at + 8, start)
      at = start + Math.max(length, 0)
      headers[name] = length < 0 ? null : bytes.toString('utf8', start, at)
    }
    return headers
  }

  /** All headers in the order in which they were sent, repeated ones included. */
  get rawHeaders(): readonly RawHeader[] {
    const block = this.#block
    let at = this.#headersStart
    const end = at + block.headersLength(this.#row)
    const headers: RawHeader[] = []
    while (at < end) {
      const nameLength = block.bytes.readInt32LE(at)
      const length = block.bytes.readInt32LE(at + 4)
      const name = block.bytes.toString('utf8', at + 8, at + 8 + nameLength)
      at += 8 + nameLength
      headers.push([name, length < 0 ? null : block.bytes.subarray(at, at + length)])
      if (length > 0) at += length
    }
    return headers
  }

  get #headersStart(): number {
    return this.#block.valueStart(this.#row) + Math.max(this.#block.valueLength(this.#row), 0)
  }

  /** Header `x-correlation-id`. */
  get correlationId(): string | undefined {
    return this.#header(HEADERS.correlationId)
  }

  /** Header `x-conversation-id`. */
  get conversationId(): string | undefined {
    return this.#header(HEADERS.conversationId)
  }

  /** Header `x-causation-id`. */
  get causationId(): string | undefined {
    return this.#header(HEADERS.causationId)
  }

  /** Header `x-message-id`. */
  get messageId(): string | undefined {
    return this.#header(HEADERS.messageId)
  }

  /** Header `x-event-type`. */
  get eventType(): string | undefined {
    return this.#header(HEADERS.eventType)
  }

  /** Header `x-source`. */
  get source(): string | undefined {
    return this.#header(HEADERS.source)
  }

  /** The last header of a name that is ASCII; the others are not decoded. */
  #header(name: string): string | undefined {
    const { bytes } = this.#block
    let at = this.#headersStart
    const end = at + this.#block.headersLength(this.#row)
    let value: string | undefined
    while (at < end) {
      const nameLength = bytes.readInt32LE(at)
      const length = bytes.readInt32LE(at + 4)
      const start = at + 8 + nameLength
      at = start + Math.max(length, 0)
      if (nameLength !== name.length || bytes.toString('latin1', start - nameLength, start) !== name) continue
      value = length < 0 ? undefined : bytes.toString('utf8', start, at)
    }
    return value
  }

  /** @internal */
  static decode(context: RecordContext, codec: ResolvedCodec): unknown {
    const block = context.#block
    const row = context.#row
    const length = block.valueLength(row)
    if (length < 0) return null
    const start = block.valueStart(row)
    return codec.decode(block.bytes, start, start + length, context)
  }

  /** @internal The last header of a name that is ASCII, for decoders that need this one alone. */
  static header(context: RecordContext, name: string): string | undefined {
    return context.#header(name)
  }

  /** @internal Gives a context that may be kept for long memory of its own, so that it does not keep its batch's. */
  static isolate(context: RecordContext): void {
    context.#block = context.#block.pick([context.#row])
    context.#row = 0
  }

  /** @internal Where records are finished by hand. */
  static acknowledgement(context: RecordContext): Acknowledgement | undefined {
    return context.#acknowledgement
  }

  /** @internal Where it is counted, if anywhere. */
  static meter(context: RecordContext): HandlerMeter | undefined {
    return context.#place.meter
  }

  /** @internal Its attempt failed: what was or will be acknowledged counts for nothing. */
  static forgo(context: RecordContext): void {
    if (context.#acknowledgement !== undefined) context.#acknowledgement.isLate = true
  }

  /** @internal Tells a handler that runs that its work does not count any more. */
  static abort(context: RecordContext, reason: Error): void {
    context.#controller ??= new AbortController()
    context.#controller.abort(reason)
  }

  /** What `console.log` shows: as {@link toJSON}. */
  [inspect.custom](): object {
    return this.toJSON()
  }

  /** For logs: the place, and nothing of the record's content. */
  toJSON(): { topic: string; partition: number; offset: number; group: string; attempt: number } {
    const { topic, partition, offset, group, attempt } = this
    return { topic, partition, offset, group, attempt }
  }
}

/** What a batch handler is told beside the values. */
export interface BatchContext {
  /** The context of each value, at the same index. */
  readonly records: readonly RecordContext[]
  readonly group: string
  readonly signal: AbortSignal
  /**
   * {@link RecordContext.ack} of all records.
   *
   * @returns False when it came too late for any of them.
   */
  ack(): boolean
}

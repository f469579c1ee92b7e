import { toBuffer } from './bytes.ts'
import { describeValue } from './describe.ts'
import { ArgumentError } from './errors.ts'
import { isWellFormed, quote } from './escape.ts'
import { HEADERS } from './headers.ts'

/** Where an acknowledged record was written. */
export interface RecordMetadata {
  topic: string
  partition: number
  offset: number
  /** Milliseconds since the epoch. */
  timestamp: number
}

/** A key as callers may give it. Whole numbers, such as ids, become their decimal digits. */
export type KeyInput = string | Uint8Array | number | bigint | null | undefined

/** A key as it is sent: `null` and the empty key are different. */
export type RecordKey = string | Buffer | null

/** One header value; `null` and the empty value are different. */
export type HeaderValue = string | Uint8Array | null

/**
 * Headers as callers may give them: by name, where an array repeats its header and undefined leaves it out, or as a list
 * of names and values, such as a record's `rawHeaders`, which keeps their order.
 */
export type HeadersInput =
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
  | ReadonlyArray<readonly [name: string, value: HeaderValue]>

/** Headers as they are sent, in order. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string | Buffer | null]>

/** What a {@link MessageBuilder} holds. */
export interface MessageFields<T = unknown> {
  readonly value: T
  readonly key: RecordKey
  readonly headers: HeaderList
  readonly partition?: number
  readonly timestamp?: number
  /** The key where neither the builder nor the call gives one. */
  readonly usualKey?: string
}

/** Finds the fields of a builder, or of an event, that another copy of the package made. */
export const FIELDS = Symbol.for('narad.message')

const MAX_PARTITION = 2_147_483_647

/**
 * A value with what Kafka sends beside it. Immutable: every method returns a new builder, so one may be kept as a
 * template. Made by {@link message}.
 */
export class MessageBuilder<T = unknown> {
  /** @internal */
  declare readonly [FIELDS]: MessageFields<T>

  private constructor(fields: MessageFields<T>) {
    Object.defineProperty(this, FIELDS, { value: Object.freeze(fields), enumerable: true })
  }

  /** @internal What {@link message} does. */
  static of<T>(value: T): MessageBuilder<T> {
    return new MessageBuilder(
      (messageFields(value) as MessageFields<T> | undefined) ?? { value, key: null, headers: [] },
    )
  }

  /**
   * The key: records of one key go to one partition and are handled in order. The partition is the one that Java's
   * producer chooses (murmur2). Whole numbers become their decimal digits; `null` is no key.
   *
   * @throws {@link ArgumentError} for anything else.
   */
  key(key: KeyInput): MessageBuilder<T> {
    const { usualKey: _, ...fields } = this[FIELDS]
    return new MessageBuilder({ ...fields, key: checkKey(key, 'key') })
  }

  /**
   * One header, replacing any of the same name; an array repeats it.
   *
   * @throws {@link ArgumentError} for a value that is neither string, bytes nor null: convert numbers with `String()`.
   */
  header(name: string, value: HeaderValue | readonly HeaderValue[]): MessageBuilder<T> {
    return this.headers({ [name]: value })
  }

  /** Several headers, each replacing any of the same name. */
  headers(headers: HeadersInput): MessageBuilder<T> {
    const added = checkHeaders(headers, 'headers')
    const names = new Set(added.map(([name]) => name))
    const kept = this[FIELDS].headers.filter(([name]) => !names.has(name))
    return this.#with({ headers: [...kept, ...added] })
  }

  /** The partition, from 0, whatever the key says. */
  partition(partition: number): MessageBuilder<T> {
    return this.#with({ partition: checkPartition(partition, 'partition') })
  }

  /** The time of the record, in milliseconds since the epoch or as a Date. Default: when it is sent. */
  timestamp(timestamp: number | Date): MessageBuilder<T> {
    return this.#with({ timestamp: checkTimestamp(timestamp, 'timestamp') })
  }

  /** Sets the header `x-correlation-id`. */
  correlationId(id: string): MessageBuilder<T> {
    return this.header(HEADERS.correlationId, checkText(id, 'correlationId'))
  }

  /** Sets the header `x-conversation-id`. */
  conversationId(id: string): MessageBuilder<T> {
    return this.header(HEADERS.conversationId, checkText(id, 'conversationId'))
  }

  /** Sets the header `x-causation-id`. */
  causationId(id: string): MessageBuilder<T> {
    return this.header(HEADERS.causationId, checkText(id, 'causationId'))
  }

  /** Sets the header `x-message-id`. */
  messageId(id: string): MessageBuilder<T> {
    return this.header(HEADERS.messageId, checkText(id, 'messageId'))
  }

  /** Sets the header `x-event-type`. */
  eventType(type: string): MessageBuilder<T> {
    return this.header(HEADERS.eventType, checkText(type, 'eventType'))
  }

  /** Sets the header `x-source`. */
  source(service: string): MessageBuilder<T> {
    return this.header(HEADERS.source, checkText(service, 'source'))
  }

  #with(change: Partial<MessageFields<T>>): MessageBuilder<T> {
    return new MessageBuilder({ ...this[FIELDS], ...change })
  }
}

/**
 * Starts a record with more than a value: `message(order).key(order.id).header('trace', id)`. The value is encoded
 * when it is sent; `null` is a tombstone. Of an event, key and headers are there already.
 */
export function message<T>(value: T): MessageBuilder<T> {
  return MessageBuilder.of(value)
}

/** The fields of a builder or an event (of any copy of the package), or undefined where the value is neither. */
export function messageFields(value: unknown): MessageFields | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { [FIELDS]?: MessageFields })[FIELDS]
}

/** @param where What the key is called in an error, such as `key of record 3`. */
export function checkKey(key: unknown, where: string): RecordKey {
  if (key === null || key === undefined) return null
  if (typeof key === 'string') return checkText(key, where)
  if (key instanceof Uint8Array) return toBuffer(key)
  if (typeof key === 'bigint' || Number.isSafeInteger(key)) return String(key)
  throw new ArgumentError(
    `The ${where} must be a string, a Buffer, a whole number or null, but is ${describeValue(key)}.`,
  )
}

/** @param where What the headers are called in an error, such as `headers of record 3`. */
export function checkHeaders(headers: unknown, where: string): HeaderList {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') {
    throw new ArgumentError(`The ${where} must be an object of names and values, but are ${describeValue(headers)}.`)
  }
  if (Array.isArray(headers)) return headers.map((pair: unknown) => checkPair(pair, where))
  const list: Array<HeaderList[number]> = []
  for (const name of Object.keys(headers)) {
    const value: unknown = (headers as Record<string, unknown>)[name]
    if (value === undefined) continue
    checkHeaderName(name, where)
    if (!Array.isArray(value)) list.push([name, checkHeaderValue(value, name, where)])
    else for (const one of value) list.push([name, checkHeaderValue(one, name, where)])
  }
  return list
}

function checkPair(pair: unknown, where: string): HeaderList[number] {
  const [name, value, ...others] = Array.isArray(pair) ? (pair as unknown[]) : []
  if (typeof name !== 'string' || others.length > 0) {
    throw new ArgumentError(`The ${where} must be pairs of a name and a value, but one is ${describeValue(pair)}.`)
  }
  checkHeaderName(name, where)
  return [name, checkHeaderValue(value, name, where)]
}

function checkHeaderName(name: string, where: string): void {
  if (name !== '' && !name.includes('\0') && isWellFormed(name)) return
  throw new ArgumentError(`The ${where} have the name ${quote(name)}, which is empty or not valid text.`)
}

/** @param where What the partition is called in an error, such as `partition of record 3`. */
export function checkPartition(partition: unknown, where: string): number {
  if (Number.isInteger(partition) && Number(partition) >= 0 && Number(partition) <= MAX_PARTITION) {
    return Number(partition)
  }
  throw new ArgumentError(`The ${where} must be a whole number from 0, but is ${describeValue(partition)}.`)
}

/**
 * A timestamp in milliseconds. Decimal text is taken too, as users of KafkaJS write it. 0 is refused, because
 * librdkafka takes it for "now".
 *
 * @param where What the timestamp is called in an error, such as `timestamp of record 3`.
 */
export function checkTimestamp(timestamp: unknown, where: string): number {
  const decimal = typeof timestamp === 'string' && /^\d{1,16}$/.test(timestamp)
  const ms = decimal || timestamp instanceof Date ? Number(timestamp) : timestamp
  if (Number.isSafeInteger(ms) && Number(ms) > 0) return Number(ms)
  throw new ArgumentError(
    `The ${where} must be a Date or a positive whole number of milliseconds, but is ${describeValue(timestamp)}.`,
  )
}

function checkHeaderValue(value: unknown, name: string, where: string): string | Buffer | null {
  if (value === null) return null
  if (typeof value === 'string' && isWellFormed(value)) return value
  if (value instanceof Uint8Array) return toBuffer(value)
  const header = `header ${quote(name)} in the ${where}`
  if (typeof value === 'string') return checkText(value, header)
  throw new ArgumentError(`The ${header} must be a string, a Buffer or null, but is ${describeValue(value)}.`)
}

/** @param where What the text is called in an error, such as `correlationId`. */
export function checkText(text: unknown, where: string): string {
  if (typeof text === 'string' && isWellFormed(text)) return text
  const problem = typeof text === 'string' ? 'holds a lone surrogate, which UTF-8 cannot carry' : undefined
  throw new ArgumentError(`The ${where} ${problem ?? `must be a string, but is ${describeValue(text)}`}.`)
}

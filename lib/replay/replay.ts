import type { Reader, Reading } from '../consumer/reader.ts'
import { RecordContext } from '../consumer/record.ts'
import { DecodeError } from '../errors.ts'
import { HEADERS } from '../headers.ts'
import type { NativeRange, NativeSeekTarget } from '../native.ts'
import type { RecordInput } from '../producer/columns.ts'
import { Pace } from './pace.ts'
import type { ReplayProgress, ReplayReport, ResolvedReplay } from './replay-options.ts'

/** What a replay needs of the service. */
export interface ReplayHost {
  read(reading: Reading, handler: (records: readonly RecordContext[]) => unknown): Promise<Reader>
  send(topic: string, records: readonly RecordInput[]): Promise<unknown>
}

const PROGRESS_MS = 1_000
const END: NativeSeekTarget = { kind: 'end', value: 0 }

/** Reads a part of a topic again, up to an end that is fixed at the start, and hands it on record by record. */
export class Replay {
  readonly #options: ResolvedReplay
  readonly #host: ReplayHost
  readonly #pace: Pace
  readonly #progress: ReplayProgress = { read: 0, replayed: 0, filtered: 0, undecodable: 0, total: 0, positions: {} }
  /** Resolves when nothing more is to be handed on: aborted, failed, or disconnected. */
  readonly #stopped: Promise<void>
  #stop!: () => void
  #isStopped = false
  /** What is done with the records that were read last. */
  #working: Promise<void> | undefined
  /** Records were left out because of the signal. */
  #isCut = false
  #toldAt = 0

  constructor(options: ResolvedReplay, host: ReplayHost) {
    this.#options = options
    this.#stopped = new Promise((resolve) => {
      this.#stop = () => {
        this.#isStopped = true
        resolve()
      }
    })
    options.signal?.addEventListener('abort', this.#stop, { once: true })
    this.#host = host
    this.#pace = new Pace(options.rate)
  }

  get #isAborted(): boolean {
    return this.#options.signal?.aborted === true
  }

  /** @throws What the handler or a send throws, and what reading does. */
  async run(): Promise<ReplayReport> {
    this.#toldAt = performance.now()
    let isComplete = true
    try {
      for (const reading of await this.#readings()) {
        isComplete = !this.#isAborted && (await this.#read(reading))
        if (!isComplete) break
      }
    } finally {
      this.#options.signal?.removeEventListener('abort', this.#stop)
      // also of one that fails: its positions say where to go on
      this.#tell()
    }
    return { ...this.#snapshot(), isComplete }
  }

  /**
   * One for the whole topic, or one for each partition where their offsets differ. An offset to end at is looked at
   * beforehand: a reader would wait for records that are not written yet.
   */
  async #readings(): Promise<Reading[]> {
    const { topic, from, to } = this.#options
    if (!isMap(from) && !isMap(to) && to.kind !== 'offset') return [{ topic, from, to }]
    const named = [from, to].flatMap((one) => (isMap(one) ? [[...one.keys()]] : []))
    const partitions = named[0]?.filter((partition) => named.every((others) => others.includes(partition)))
    const ends = await this.#host.read({ topic, partitions, from: END, to: END }, () => {})
    await ends.ended
    return ends.ranges.map(({ partition, start: end }) => ({
      topic,
      partitions: [partition],
      from: targetOf(from, partition),
      to: earlier(targetOf(to, partition), end),
    }))
  }

  /** False when it was aborted. */
  async #read(reading: Reading): Promise<boolean> {
    const reader = await this.#host.read(reading, (records) => {
      this.#working = this.#work(records)
      return this.#working
    })
    this.#begin(reader.ranges)
    void this.#stopped.then(() => reader.close(0))
    reader.ended.catch(this.#stop)
    try {
      await reader.ended
      return !this.#isCut
    } catch (error) {
      if (!this.#isAborted) throw error
      // the records at hand; what they fail with is told
      await this.#working
      return false
    }
  }

  #begin(ranges: readonly NativeRange[]): void {
    const { positions } = this.#progress
    for (const { partition, start, end } of ranges) {
      this.#progress.total += Math.max(0, (end ?? start) - start)
      positions[partition] ??= start
    }
  }

  /** In order, and no more at once than the pace lets pass. */
  async #work(records: readonly RecordContext[]): Promise<void> {
    const step = typeof this.#options.into === 'string' ? Math.min(this.#pace.burst, records.length) : 1
    for (let at = 0; at < records.length; at += step) {
      if (this.#isStopped) {
        this.#isCut = true
        return
      }
      const part = records.slice(at, at + step)
      const replayed = await this.#handOn(part)
      this.#progress.replayed += replayed
      for (const { partition, offset } of part) this.#progress.positions[partition] = offset + 1
      if (performance.now() - this.#toldAt >= PROGRESS_MS) this.#tell()
      const wait = this.#pace.passed(replayed)
      if (wait !== undefined) await Promise.race([wait, this.#stopped])
    }
  }

  /** Gives how many of them were replayed. */
  async #handOn(records: readonly RecordContext[]): Promise<number> {
    const { into } = this.#options
    const copies: RecordInput[] = []
    let handled = 0
    for (const context of records) {
      this.#progress.read += 1
      const chosen = await this.#choose(context)
      if (chosen === undefined) continue
      if (typeof into === 'string') copies.push(copyOf(context))
      else {
        await into(chosen.value, context)
        handled += 1
      }
    }
    if (copies.length > 0) await this.#host.send(into as string, copies)
    return handled + copies.length
  }

  /** The value of a record that is to be replayed; not decoded where nobody looks at it. */
  async #choose(context: RecordContext): Promise<{ value: unknown } | undefined> {
    const { filter, into, codec } = this.#options
    if (filter === undefined && typeof into === 'string') return { value: undefined }
    let value: unknown
    try {
      value = RecordContext.decode(context, codec)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#progress.undecodable += 1
      return undefined
    }
    if (filter === undefined || (await filter(value, context))) return { value }
    this.#progress.filtered += 1
    return undefined
  }

  #snapshot(): ReplayProgress {
    return { ...this.#progress, positions: { ...this.#progress.positions } }
  }

  #tell(): void {
    this.#toldAt = performance.now()
    this.#options.onProgress?.(this.#snapshot())
  }
}

function targetOf(position: NativeSeekTarget | ReadonlyMap<number, number>, partition: number): NativeSeekTarget {
  if (!isMap(position)) return position
  return { kind: 'offset', value: position.get(partition) ?? 0 }
}

function isMap(position: NativeSeekTarget | ReadonlyMap<number, number>): position is ReadonlyMap<number, number> {
  return position instanceof Map
}

/** The end of the log, where the target is an offset beyond it. */
function earlier(target: NativeSeekTarget, end: number): NativeSeekTarget {
  return target.kind === 'offset' && target.value > end ? { kind: 'offset', value: end } : target
}

/** A record with all that it had, and where it comes from. */
function copyOf(context: RecordContext): RecordInput {
  const { topic, partition, offset, timestamp, rawKey, rawValue, rawHeaders } = context
  const own = rawHeaders.filter(([name]) => name !== HEADERS.replayedFrom)
  return {
    key: rawKey,
    value: rawValue,
    headers: [...own, [HEADERS.replayedFrom, `${topic}/${partition}/${offset}`]],
    // 0 and -1 say that there is none
    ...(timestamp > 0 ? { timestamp } : {}),
  }
}

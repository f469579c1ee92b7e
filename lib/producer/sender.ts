import { Fifo } from '../fifo.ts'
import { hold, release } from '../keep-alive.ts'
import type { NativeError, NativeProducer, NativeProducerEvent } from '../native.ts'
import { type Columns, Packer } from './packer.ts'

/** Records in one native call: while it is under way, the next one is packed. */
const CALL_RECORDS = 2_000
/** Bytes after which a native call is closed. */
const CALL_BYTES = 1024 * 1024
/** Native calls in flight; what is sent meanwhile gathers for the next. Few and large ones make few and large requests. */
const CALLS_IN_FLIGHT = 2

/** Longest wait for results that the native side has given already. */
const LAST_RESULTS_MS = 1_000

const ABANDONED: NativeError = {
  code: 'NARAD_CLOSED',
  message: 'the service was disconnected before the record was sent',
  retriable: false,
  fatal: false,
  maybeInLog: false,
}

/** What became of the records of one send, in input order. */
export interface Settled {
  readonly partitions: Int32Array | number[]
  readonly offsets: Float64Array | number[]
  readonly timestamps: Float64Array | number[]
  /** By index. */
  readonly failures: ReadonlyMap<number, NativeError> | undefined
}

/** Shared by all sends that have no result yet: there may be millions of them. */
const NOTHING: number[] = []

class Send {
  readonly topicIndex: number
  readonly columns: Columns
  readonly settle: (settled: Settled) => void
  packed = 0
  unsettled: number
  partitions: Int32Array | number[] = NOTHING
  offsets: Float64Array | number[] = NOTHING
  timestamps: Float64Array | number[] = NOTHING
  failures: Map<number, NativeError> | undefined

  constructor(topicIndex: number, columns: Columns, settle: (settled: Settled) => void) {
    this.topicIndex = topicIndex
    this.columns = columns
    this.settle = settle
    this.unsettled = columns.values.length
  }
}

/** A run of records of one send in one call. */
interface Run {
  readonly send: Send
  /** Index in the send. */
  readonly first: number
  readonly count: number
}

/**
 * Gathers the sends of one tick, packs them into native calls, of which a few are in flight at a time, and hands each
 * send its results. First come, first served.
 */
export class Sender {
  readonly #native: NativeProducer
  readonly #owner: object
  readonly #packer = new Packer()
  readonly #calls = new Map<number, Run[]>()
  /** Sends that are not packed to their end. */
  readonly #queue = new Fifo<Send>()
  #nextCall = 0
  #isScheduled = false
  #pending = 0
  #onProgress: (() => void) | undefined
  /** By topic. */
  readonly #undelivered = new Map<number, number>()

  /** @param owner Through whom results come: kept while there are pending ones. */
  constructor(native: NativeProducer, owner: object) {
    this.#native = native
    this.#owner = owner
  }

  /** Records without a result. */
  get pending(): number {
    return this.#pending
  }

  /** Records that wait to be handed to the native side. */
  get queued(): number {
    let inFlight = 0
    for (const runs of this.#calls.values()) for (const { count } of runs) inFlight += count
    return this.#pending - inFlight
  }

  /** Queues records of one topic. The promise never rejects: failures are part of what it gives. */
  send(topicIndex: number, columns: Columns): Promise<Settled> {
    return new Promise((settle) => {
      if (this.#pending === 0) hold(this.#owner)
      this.#pending += columns.values.length
      this.#queue.push(new Send(topicIndex, columns, settle))
      if (this.#isScheduled || this.#calls.size >= CALLS_IN_FLIGHT) return
      this.#isScheduled = true
      // after all that runs in this tick, so that its sends go together
      process.nextTick(this.#flush)
    })
  }

  readonly #flush = (): void => {
    this.#isScheduled = false
    while (this.#queue.length > 0 && this.#calls.size < CALLS_IN_FLIGHT) this.#call()
  }

  /** Packs and makes one native call. */
  #call(): void {
    const packer = this.#packer
    const runs: Run[] = []
    packer.clear()
    while (packer.records < CALL_RECORDS && packer.size < CALL_BYTES) {
      const send = this.#queue.peek()
      if (send === undefined) break
      const { columns, topicIndex } = send
      const first = send.packed
      const total = columns.values.length
      let index = first
      while (index < total && packer.records < CALL_RECORDS && packer.size < CALL_BYTES) {
        packer.add(topicIndex, columns, index)
        index += 1
      }
      send.packed = index
      runs.push({ send, first, count: index - first })
      if (index === total) this.#queue.shift()
    }
    this.#nextCall = (this.#nextCall + 1) >>> 0
    const call = this.#nextCall
    this.#calls.set(call, runs)
    // the arena first: writing it completes the rows
    const arena = packer.arena
    const error = this.#native.produce(call, arena, packer.rows, packer.timestamps)
    if (error !== null) this.#failAll(call, runs, error)
  }

  /** The records could not even be unpacked, which is a bug; no result will come for them. */
  #failAll(call: number, runs: Run[], error: NativeError): void {
    this.#calls.delete(call)
    for (const { send, first, count } of runs) {
      for (let index = first; index < first + count; index += 1) this.#fail(send, index, error)
      this.#advance(send, count)
    }
  }

  /**
   * Waits until everything that was sent is with the native side, which then can be flushed, and gives what is left of
   * the time. When time runs out before, what was not handed over fails.
   */
  async drained(timeoutMs: number): Promise<number> {
    const deadline = performance.now() + timeoutMs
    while (this.#queue.length > 0) {
      const left = deadline - performance.now()
      if (left <= 0 || !(await this.#progress(left))) {
        this.#abandon()
        return 0
      }
    }
    return Math.max(0, Math.floor(deadline - performance.now()))
  }

  /** By topic, the records that failed because the service was disconnected, once the native side is closed. */
  async undelivered(): Promise<ReadonlyMap<number, number>> {
    // the last results may come after the close was answered
    while (this.#pending > 0 && (await this.#progress(LAST_RESULTS_MS)));
    return this.#undelivered
  }

  /** Resolves to true at the next settled call, to false when the time is over. */
  #progress(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      this.#onProgress = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  #abandon(): void {
    for (const send of this.#queue.clear()) {
      const total = send.columns.values.length
      for (let index = send.packed; index < total; index += 1) this.#fail(send, index, ABANDONED)
      this.#advance(send, total - send.packed)
    }
  }

  /** Takes the results of a call. */
  settle(event: NativeProducerEvent): void {
    const call = event.call as number
    const runs = this.#calls.get(call)
    const results = event.results
    if (runs === undefined || results === undefined) return
    this.#calls.delete(call)
    const records = results.length / 20
    const numbers = new Float64Array(results.buffer, results.byteOffset, records * 2)
    const partitions = new Int32Array(results.buffer, results.byteOffset + records * 16, records)
    let base = 0
    let failure = 0
    const failures = event.failures?.sort((a, b) => a.index - b.index) ?? []
    for (const { send, first, count } of runs) {
      const end = base + count
      for (; failure < failures.length && (failures[failure]?.index ?? 0) < end; failure += 1) {
        const failed = failures[failure]
        if (failed !== undefined) this.#fail(send, first + failed.index - base, failed.error)
      }
      if (count > 8 && count === send.columns.values.length) {
        send.partitions = partitions.subarray(base, end)
        send.offsets = numbers.subarray(base, end)
        send.timestamps = numbers.subarray(records + base, records + end)
      } else {
        if (send.offsets === NOTHING) {
          send.partitions = []
          send.offsets = []
          send.timestamps = []
        }
        for (let index = 0; index < count; index += 1) {
          send.partitions[first + index] = partitions[base + index] as number
          send.offsets[first + index] = numbers[base + index] as number
          send.timestamps[first + index] = numbers[records + base + index] as number
        }
      }
      base = end
      this.#advance(send, count)
    }
    if (this.#queue.length > 0 && !this.#isScheduled) {
      this.#isScheduled = true
      process.nextTick(this.#flush)
    }
    this.#onProgress?.()
  }

  #fail(send: Send, index: number, error: NativeError): void {
    send.failures ??= new Map()
    send.failures.set(index, error)
    if (error.code !== ABANDONED.code) return
    const { topicIndex } = send
    this.#undelivered.set(topicIndex, (this.#undelivered.get(topicIndex) ?? 0) + 1)
  }

  #advance(send: Send, count: number): void {
    send.unsettled -= count
    this.#pending -= count
    if (this.#pending === 0) release(this.#owner)
    if (send.unsettled === 0) send.settle(send)
  }
}

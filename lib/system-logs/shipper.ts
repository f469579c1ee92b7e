import { KafkaError, SendError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import type { RecordMetadata } from '../message.ts'

/** Sends entries; undefined while there is nothing to send them with. Never prints, never logs. */
export type SendEntries = (entries: readonly string[]) => Promise<RecordMetadata[]> | undefined

export interface ShipperOptions {
  readonly send: SendEntries
  /** Entries that wait, at most. */
  readonly maxEntries: number
  /** What tells the readers of a gap: an entry that says how many were dropped. */
  readonly gap: (dropped: number) => string
}

/** Characters that wait, at most. */
const MAX_CHARACTERS = 16 * 1024 * 1024
/** Entries in one call. */
const CALL_ENTRIES = 1_000
/** The pause after a send that failed, and while nothing is connected. */
const PAUSE_MS = 1_000

/**
 * Sends entries in the background, one call at a time. What does not fit is dropped, the oldest first: after an outage,
 * what happens now is worth more. Nothing here throws, and nothing is logged, or a failure to log would log.
 */
export class Shipper {
  readonly #options: ShipperOptions
  readonly #waiting = new Fifo<string>()
  readonly #flushing: Array<() => void> = []
  /** Calls that are not settled. */
  #calls = 0
  #characters = 0
  #isDue = false
  #dropped = 0
  /** Those that the readers were told of. */
  #told = 0

  constructor(options: ShipperOptions) {
    this.#options = options
  }

  /** Entries that were not written, or not for certain, since the beginning. */
  get dropped(): number {
    return this.#dropped
  }

  add(entry: string): void {
    this.#waiting.push(entry)
    this.#characters += entry.length
    while (this.#waiting.length > this.#options.maxEntries || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#waiting.shift()?.length ?? 0
      this.#dropped += 1
    }
    if (this.#isDue || this.#calls > 0) return
    this.#isDue = true
    // what is logged in this turn goes together
    setImmediate(this.#go)
  }

  readonly #go = (): void => {
    this.#isDue = false
    if (this.#waiting.length > 0 && this.#calls === 0) this.#send(CALL_ENTRIES)
  }

  /** Hands everything over at once, before what sends is closed. */
  handOver(): void {
    if (this.#waiting.length > 0) this.#send(Number.POSITIVE_INFINITY)
  }

  /** Resolves once all that was added is written or dropped; at the latest after the time. */
  async flush(timeoutMs: number): Promise<void> {
    this.handOver()
    if (this.#isIdle) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#flushing.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#calls === 0
  }

  #send(most: number): void {
    const missing = this.#dropped - this.#told
    const notes = missing > 0 ? [this.#options.gap(missing)] : []
    const entries: string[] = []
    for (const entry of this.#waiting) {
      if (entries.length >= most) break
      entries.push(entry)
    }
    const sending = this.#call([...notes, ...entries])
    if (sending === undefined) {
      this.#again()
      return
    }
    for (const { length } of entries) {
      this.#waiting.shift()
      this.#characters -= length
    }
    this.#told += missing
    this.#calls += 1
    sending.then(
      () => this.#settled(true),
      (error: unknown) => {
        const isLost = lostOf(error)
        if (notes.length > 0 && isLost(0)) this.#told -= missing
        this.#dropped += entries.filter((_, index) => isLost(index + notes.length)).length
        this.#settled(false)
      },
    )
  }

  #settled(isWell: boolean): void {
    this.#calls -= 1
    if (this.#isIdle) for (const resolve of this.#flushing.splice(0)) resolve()
    else if (isWell) this.#go()
    else this.#again()
  }

  /** Undefined while nothing is connected, or not any more. */
  #call(entries: readonly string[]): Promise<unknown> | undefined {
    try {
      return this.#options.send(entries)
    } catch {
      return undefined
    }
  }

  #again(): void {
    if (this.#isDue || this.#waiting.length === 0) return
    this.#isDue = true
    setTimeout(this.#go, PAUSE_MS).unref()
  }
}

/** Which records of a call are not in the topic, as far as is known. */
function lostOf(error: unknown): (index: number) => boolean {
  const results = error instanceof SendError ? error.results : undefined
  return (index) => results === undefined || results[index] instanceof KafkaError
}

import { type Clock, systemClock } from '../clock.ts'

/** How much may go at once after a wait: a tenth of a second's. */
const BURST = 0.1

/** Lets a number of records a second pass, evenly. */
export class Pace {
  readonly #perMs: number
  readonly #clock: Clock
  /** Most records that go together. */
  readonly burst: number
  /** When the next may go. */
  #freeAt: number

  /** @param rate Records a second; `Infinity` for no limit. */
  constructor(rate: number, clock: Clock = systemClock) {
    this.#perMs = rate / 1_000
    this.#clock = clock
    this.burst = Number.isFinite(rate) ? Math.max(1, Math.floor(rate * BURST)) : Number.POSITIVE_INFINITY
    this.#freeAt = clock.now()
  }

  /** Counts records that go now; gives what to wait for before the next, if there is anything. */
  passed(records: number): Promise<void> | undefined {
    const now = this.#clock.now()
    // time in which nothing came is not made up for
    this.#freeAt = Math.max(this.#freeAt, now) + records / this.#perMs
    const waitMs = this.#freeAt - now
    if (waitMs < 1) return undefined
    return new Promise((resolve) => this.#clock.after(waitMs, resolve))
  }
}

import type { FailureClass } from '../delivery/failure.ts'
import type { NextStep } from '../delivery/retry-policy.ts'
import { BOUNDS_MS } from './bounds.ts'

/** The first cells of a meter, in order; after them, the buckets of a histogram. */
export const CELLS = [
  'attempts',
  'transient',
  'permanent',
  'business',
  'aborted',
  'retried',
  'deadLettered',
  'deadLetterFailures',
  'skipped',
  'stopped',
  'milliseconds',
] as const

type Cell = (typeof CELLS)[number]

const INDEX = Object.fromEntries(CELLS.map((name, index) => [name, index])) as Record<Cell, number>
const { attempts: ATTEMPTS, milliseconds: MILLISECONDS } = INDEX

/**
 * What JavaScript alone knows of the records of one topic and group: how often and for how long handlers ran, and what
 * became of those that failed. It counts what the native side has not been told yet.
 */
export class HandlerMeter {
  readonly #cells = new Float64Array(CELLS.length + BOUNDS_MS.length + 1)
  /** Attempts that have ended, and whose time the timer will tell. */
  untimed = 0

  /** Attempts at single records ended after such a time. */
  add(ms: number, attempts: number): void {
    this.attempted(attempts)
    this.timed(ms, attempts)
  }

  addUntimed(ms: number): void {
    const attempts = this.untimed
    this.untimed = 0
    this.add(ms, attempts)
  }

  /** Records were handed to a handler. */
  attempted(records = 1): void {
    this.#count(ATTEMPTS, records)
  }

  /** Handlers settled after such a time. */
  timed(ms: number, handlers = 1): void {
    let bucket = 0
    while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] as number)) bucket += 1
    this.#count(CELLS.length + bucket, handlers)
    this.#count(MILLISECONDS, ms * handlers)
  }

  /** An attempt failed, and this becomes of its record. */
  failed(failureClass: FailureClass, { kind }: NextStep): void {
    this.#count(INDEX[failureClass], 1)
    if (kind === 'retry') this.#count(INDEX.retried, 1)
    else if (kind === 'skip') this.#count(INDEX.skipped, 1)
    else if (kind === 'stop') this.#count(INDEX.stopped, 1)
  }

  /** An attempt failed at a record that is not ours any more. */
  aborted(): void {
    this.#count(INDEX.aborted, 1)
  }

  /** A record that was given up went to a retry topic, where it waits so long, or became a dead letter. */
  parked(afterMs: number | undefined): void {
    this.#count(afterMs === undefined ? INDEX.deadLettered : INDEX.retried, 1)
  }

  /** That could not be written. */
  parkFailed(): void {
    this.#count(INDEX.deadLetterFailures, 1)
  }

  /** Gives what was counted since the last time. */
  take(): Float64Array {
    const counted = this.#cells.slice()
    this.#cells.fill(0)
    return counted
  }

  #count(cell: number, by: number): void {
    this.#cells[cell] = (this.#cells[cell] as number) + by
  }
}

import { Fifo } from '../fifo.ts'
import type { Batch } from './batch.ts'
import type { Reports } from './reports.ts'
import type { History } from './runner.ts'

/** A record that waits. */
export interface Waiting {
  readonly batch: Batch
  readonly index: number
  /** Of its failed attempts, where there were any. */
  readonly history?: History | undefined
}

const IDLE = 0
const BUSY = 1
/** Busy, and later records of the lane wait. */
const QUEUED = 2

/**
 * Which lanes are taken, and what waits for them. A lane is held while the record that has it waits for a retry, or its
 * handler does not settle: what waits behind it then must not count as work in progress, or one key would stall all.
 */
export class Lanes {
  readonly #reports: Reports
  /** By lane; their numbers are small and dense. */
  #states = new Uint8Array(1024)
  readonly #waiting = new Map<number, Fifo<Waiting>>()
  readonly #held = new Set<number>()

  constructor(reports: Reports) {
    this.#reports = reports
  }

  /** Takes the lane of a record, or puts the record aside until its turn comes; true when it has the lane. */
  enter(lane: number, batch: Batch, index: number): boolean {
    if (lane < 0) return true
    if (lane >= this.#states.length) this.#grow(lane)
    if (this.#states[lane] === IDLE) {
      this.#states[lane] = BUSY
      return true
    }
    let waiting = this.#waiting.get(lane)
    if (waiting === undefined) {
      waiting = new Fifo()
      this.#waiting.set(lane, waiting)
    }
    waiting.push({ batch, index })
    this.#states[lane] = QUEUED
    if (this.#held.size > 0 && this.#held.has(lane)) this.#reports.hold(batch, index)
    return false
  }

  /** Keeps what waits for the lane from counting as work in progress, until its head has ended. */
  hold(lane: number): void {
    if (lane < 0) return
    this.#held.add(lane)
    for (const { batch, index } of this.#waiting.get(lane) ?? []) this.#reports.hold(batch, index)
  }

  /** The lane's head has ended: what has the lane next, undefined where nothing waits. */
  next(lane: number): Waiting | undefined {
    if (lane < 0) return undefined
    if (this.#held.size > 0) this.#held.delete(lane)
    if (this.#states[lane] === QUEUED) {
      const next = this.#waiting.get(lane)?.shift()
      if (next !== undefined) return next
      this.#waiting.delete(lane)
    }
    this.#states[lane] = IDLE
    return undefined
  }

  /** Keeps of all that waits what fits. */
  sift(fits: (waiting: Waiting) => boolean): void {
    for (const waiting of this.#waiting.values()) waiting.filter(fits)
  }

  #grow(lane: number): void {
    const larger = new Uint8Array(Math.max(lane + 1, this.#states.length * 2))
    larger.set(this.#states)
    this.#states = larger
  }
}

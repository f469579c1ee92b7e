import type { Clock } from '../clock.ts'
import type { Known } from './blocking.ts'
import type { Lanes, Waiting } from './lanes.ts'
import type { RecordContext } from './record.ts'
import type { Reports } from './reports.ts'
import { type History, type UnfinishedRecord, unwritten } from './runner.ts'

/** A record that waits for its next attempt, whose dead letter is being written, or whose slot is paused. */
export interface Held extends Waiting {
  /** The record whose dead letter is being written. */
  writing: RecordContext | undefined
  readonly doing: 'retry' | 'dead-letter' | 'outage' | 'paused'
  /** When it goes on, by the clock that was given; undefined: not at a time. */
  dueMs: number | undefined
  cancel: () => void
}

/** Records that have their lane, and wait for something other than a worker. */
export class HeldRecords {
  readonly #reports: Reports
  readonly #lanes: Lanes
  readonly #held = new Set<Held>()

  constructor(reports: Reports, lanes: Lanes) {
    this.#reports = reports
    this.#lanes = lanes
  }

  hold(record: Waiting, doing: Held['doing']): Held {
    const { batch, index, history } = record
    const held: Held = { batch, index, history, doing, writing: undefined, dueMs: undefined, cancel: () => {} }
    this.#held.add(held)
    this.report(record)
    return held
  }

  /** Takes the record out after a time, unless it is given back before. */
  holdFor(record: Waiting, ms: number, clock: Clock, then: (held: Held) => void): void {
    const held = this.hold(record, 'retry')
    held.dueMs = clock.now() + ms
    held.cancel = clock.after(ms, () => {
      this.#held.delete(held)
      then(held)
    })
  }

  /** A record, and what waits for its lane, is not to count as work in progress. */
  report({ batch, index }: Waiting): void {
    this.#reports.hold(batch, index)
    this.#lanes.hold(batch.lane(index))
  }

  /** False when it was given back already. */
  release(held: Held): boolean {
    return this.#held.delete(held)
  }

  /** Takes out what was put aside while its slot was paused. */
  resume(slots: ReadonlySet<number>): Held[] {
    return this.#take((held) => held.doing === 'paused' && slots.has(held.batch.slot(held.index)))
  }

  /** Takes out what may not run any more; a dead letter that is being written comes to its end. */
  giveBack(mayRun: (slot: number) => boolean): Held[] {
    const taken = this.#take((held) => held.writing === undefined && !mayRun(held.batch.slot(held.index)))
    for (const held of taken) held.cancel()
    return taken
  }

  /** The records whose dead letters are being written. */
  unwritten(): UnfinishedRecord[] {
    return [...this.#held].flatMap(({ writing, history }) => {
      return writing === undefined ? [] : unwritten(writing, history as History)
    })
  }

  known(): Iterable<Known> {
    return this.#held
  }

  #take(fits: (held: Held) => boolean): Held[] {
    const taken = [...this.#held].filter(fits)
    for (const held of taken) this.#held.delete(held)
    return taken
  }
}

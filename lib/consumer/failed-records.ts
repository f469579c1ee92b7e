import type { Clock } from '../clock.ts'
import type { Failure } from '../delivery/failure.ts'
import { untilItEnds } from '../delivery/outage.ts'
import { backOffMs, type NextStep, nextStep } from '../delivery/retry-policy.ts'
import { type Batch, DONE, FAILED, type Fate, NOT_RUN } from './batch.ts'
import type { Held, HeldRecords } from './held.ts'
import type { Waiting } from './lanes.ts'
import { keyOf, type Outage } from './outage.ts'
import { RecordContext } from './record.ts'
import type { History, Parked, RunnerOptions } from './runner.ts'
import type { Worker } from './workers.ts'

/** Those who run records, for what becomes of those that failed. */
export interface Line {
  /** False when the slot's partition is gone, or nothing runs any more. */
  mayRun(slot: number): boolean
  /** A last fate; the lane is free for its next record. */
  settle(batch: Batch, index: number, fate: Fate): true
  /** Runs a record again after a time; it keeps its lane meanwhile. */
  holdFor(record: Waiting, ms: number): void
  /** A lane's head has ended while no worker was at it. */
  goOn(lane: number): void
  /** Runs no record of the slot any more. */
  close(slot: number): void
  /** Gives back, without running it, all that waits and may not run. */
  giveBack(): void
  /** Lets as many work as may. */
  fill(): void
}

/** Decides what becomes of records that fail, and sees to it while they hold their lanes. */
export class FailedRecords {
  readonly #options: RunnerOptions
  readonly #clock: Clock
  readonly #held: HeldRecords
  readonly #outage: Outage
  readonly #line: Line

  constructor(options: RunnerOptions, clock: Clock, held: HeldRecords, outage: Outage, line: Line) {
    this.#options = options
    this.#clock = clock
    this.#held = held
    this.#outage = outage
    this.#line = line
  }

  /** An attempt failed; true when the lane is free for its next record. */
  failed({ batch, index, history, context }: Worker, failure: Failure): boolean {
    RecordContext.forgo(context)
    const { delivery, random } = this.#options
    // its next owner gets the record again: it failed because it was told to stop, or it does not matter here
    if (!this.#line.mayRun(batch.slot(index))) {
      RecordContext.meter(context)?.aborted()
      return this.#line.settle(batch, index, NOT_RUN)
    }
    const failed = this.#outage.failed(failure, keyOf(context), context.attempt, history)
    const record = { batch, index, history: failed.history }
    const { attempts, excused = 0 } = record.history
    const step = failed.mustWait ? untilItEnds(failure) : nextStep(delivery, failure, attempts - excused, random)
    if (failed.isSuspected && step.kind === delivery.givenUp) return this.#defer(record, failure, context, step)
    return this.#conclude(record, failure, context, step)
  }

  /** A record is given up, unless this turns out to be an outage. */
  #defer(record: Waiting, failure: Failure, context: RecordContext, step: NextStep): false {
    RecordContext.isolate(context)
    const held = this.#held.hold(record, 'outage')
    const lane = record.batch.lane(record.index)
    held.cancel = this.#outage.defer((isOutage) => {
      if (!this.#held.release(held)) return
      if (this.#conclude(record, failure, context, isOutage ? untilItEnds(failure) : step)) this.#line.goOn(lane)
      this.#line.fill()
    })
    return false
  }

  /** What becomes of a record that failed; true when its lane is free for the next one. */
  #conclude(record: Waiting, failure: Failure, context: RecordContext, step: NextStep): boolean {
    const { batch, index } = record
    const slot = batch.slot(index)
    this.#options.listener.onFailure(failure, context, step)
    switch (step.kind) {
      case 'retry': {
        // who was told of it may have disconnected
        if (!this.#line.mayRun(slot)) return this.#line.settle(batch, index, NOT_RUN)
        this.#line.holdFor(record, step.afterMs)
        return false
      }
      case 'park':
        RecordContext.isolate(context)
        void this.#park(this.#held.hold(record, 'dead-letter'), failure, context, 1)
        return false
      case 'stop':
        this.#line.close(slot)
        this.#line.settle(batch, index, FAILED)
        this.#line.giveBack()
        return true
      default:
        return this.#line.settle(batch, index, DONE)
    }
  }

  async #park(held: Held, failure: Failure, context: RecordContext, attempt: number): Promise<void> {
    const { park, listener, delivery, random } = this.#options
    held.writing = context
    held.dueMs = undefined
    let parked: Parked
    try {
      parked = await park(failure, context, held.history as History)
    } catch (error) {
      held.writing = undefined
      const afterMs = backOffMs(delivery, attempt, random)
      listener.onParkFailed(error, context, afterMs)
      held.dueMs = this.#clock.now() + afterMs
      held.cancel = this.#clock.after(afterMs, () => void this.#park(held, failure, context, attempt + 1))
      if (!this.#line.mayRun(held.batch.slot(held.index))) this.#line.giveBack()
      return
    }
    listener.onParked(failure, context, parked)
    this.#held.release(held)
    const lane = held.batch.lane(held.index)
    this.#line.settle(held.batch, held.index, DONE)
    this.#line.goOn(lane)
    this.#line.fill()
  }
}

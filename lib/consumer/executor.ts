import { type Clock, systemClock } from '../clock.ts'
import { classify, type Failure } from '../delivery/failure.ts'
import { isAck, returnedFailure } from '../delivery/verdict.ts'
import type { HandlerTimeoutError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import type { HandlerMeter } from '../metrics/handler-meter.ts'
import { HandlerTimer } from '../metrics/handler-timer.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { type Batch, DONE, type Fate, NOT_RUN } from './batch.ts'
import { type BlockingRecord, blockingRecords, type Known } from './blocking.ts'
import { FailedRecords } from './failed-records.ts'
import { HeldRecords } from './held.ts'
import { Lanes, type Waiting } from './lanes.ts'
import { Outage } from './outage.ts'
import { type Place, RecordContext } from './record.ts'
import { Reports } from './reports.ts'
import { type Runner, type RunnerHealth, type RunnerOptions, runnerHealth, type UnfinishedRecord } from './runner.ts'
import { TimeSlice } from './time-slice.ts'
import { IDLE, isThenable, UNSEEN, Worker, Workers } from './workers.ts'

/** A handler that takes one record at a time. */
export type RecordHandler<T = unknown> = (message: T, context: RecordContext) => unknown

export interface ExecutorOptions extends RunnerOptions {
  readonly handler: RecordHandler
  /** Handlers that run side by side. */
  readonly concurrency: number
}

/**
 * Runs a handler over the records of a subscription: those of one lane in order, lanes side by side up to the
 * concurrency. A record that fails holds its lane, and no worker, until it is handled or given up.
 */
export class Executor implements Runner {
  readonly #options: ExecutorOptions
  readonly #reports: Reports
  readonly #lanes: Lanes
  readonly #acknowledgements: Acknowledgements
  readonly #clock: Clock
  readonly #timer: HandlerTimer | undefined
  readonly #slice: TimeSlice
  readonly #workers: Workers
  readonly #outage: Outage
  readonly #batches = new Fifo<Batch>()
  /** Records whose turn has come, of lanes that are theirs. */
  readonly #ready = new Fifo<Waiting>()
  readonly #held: HeldRecords
  readonly #failures: FailedRecords
  readonly #dropped = new Set<number>()
  readonly #paused = new Set<number>()
  #isDue = false
  #isFilling = false
  #isSweeping = false
  #isStopped = false

  constructor(options: ExecutorOptions) {
    this.#options = options
    this.#reports = new Reports(options.completions)
    this.#lanes = new Lanes(this.#reports)
    this.#held = new HeldRecords(this.#reports, this.#lanes)
    this.#acknowledgements = new Acknowledgements(this.#reports)
    this.#clock = options.clock ?? systemClock
    this.#timer = options.isTimed ? new HandlerTimer() : undefined
    this.#slice = new TimeSlice(this.#timer)
    this.#workers = new Workers(options.delivery.timeoutMs)
    this.#outage = new Outage({
      policy: options.delivery.outage,
      clock: this.#clock,
      random: options.random,
      onChange: options.listener.onOutage,
      onDue: () => this.#fill(),
    })
    this.#failures = new FailedRecords(options, this.#clock, this.#held, this.#outage, {
      mayRun: (slot) => this.#mayRun(slot),
      settle: (batch, index, fate) => this.#settle(batch, index, fate),
      holdFor: (record, ms) => this.#holdFor(record, ms),
      goOn: (lane) => this.#goOn(lane),
      close: (slot) => this.#dropped.add(slot),
      giveBack: () => this.#giveBack(),
      fill: () => this.#fill(),
    })
  }

  accept(batch: Batch): void {
    this.#batches.push(batch)
    this.#reports.open.add(batch)
    if (this.#isStopped) {
      this.#giveBack()
      return
    }
    if (!this.#isSweeping) this.#sweepLater()
    // not at once: the native side hands over the next batch before the event loop gets a turn
    this.#fillSoon()
  }

  #fillSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isDue = false
    this.#slice.begin()
    this.#fill()
  }

  pause(slots: Iterable<number>): void {
    for (const slot of slots) this.#paused.add(slot)
  }

  resume(slots: ReadonlySet<number>): void {
    for (const slot of slots) this.#paused.delete(slot)
    for (const held of this.#held.resume(slots)) this.#ready.push(held)
    this.#fillSoon()
  }

  drop(slots: ReadonlySet<number>, reason?: Error): void {
    for (const slot of slots) {
      this.#dropped.add(slot)
      this.#paused.delete(slot)
    }
    if (reason !== undefined) this.#workers.abort(reason, slots)
    this.#giveBack()
  }

  stop(): void {
    this.#isStopped = true
    this.#outage.stop()
    this.#giveBack()
  }

  abort(reason: Error): void {
    this.#workers.abort(reason)
    // else a handler that never settles would be swept, and kept, for ever
    this.#reports.open.clear()
  }

  running(): UnfinishedRecord[] {
    return [...this.#workers.running(this.#clock.now(), this.#timer), ...this.#held.unwritten()]
  }

  health(): RunnerHealth {
    let held = 0
    for (const batch of this.#reports.open) held += batch.held
    const { current: outage } = this.#outage
    const handlers = this.#workers.running(this.#clock.now(), this.#timer)
    return runnerHealth(handlers, this.#options.delivery.timeoutMs, held, outage)
  }

  blocking(): BlockingRecord[] {
    const nowMs = this.#clock.now()
    const holder = { ...this.#options, paused: this.#paused, isOut: this.#outage.isOn, nowMs }
    return blockingRecords(this.#reports.open, holder, this.#known(nowMs))
  }

  *#known(nowMs: number): Iterable<Known> {
    yield* this.#workers.known(nowMs, this.#timer)
    yield* this.#held.known()
    yield* this.#acknowledgements.known()
    yield* this.#ready
  }

  /** Lets as many work as may. */
  #fill(): void {
    // who works without ever waiting ends in here: a call in a call for each of them would use up the stack
    if (this.#isFilling) return
    this.#isFilling = true
    const { active } = this.#workers
    const outage = this.#outage
    while (active.size < this.#options.concurrency && (!outage.isOn || outage.isProbeDue)) {
      const worker = new Worker()
      if (!(outage.isOn ? this.#takeProbe(worker) : this.#take(worker))) break
      active.add(worker)
      void this.#run(worker)
    }
    this.#isFilling = false
  }

  /**
   * Works until a batch has been taken to its end. Who worked on and on would grow old, and keep blocks that only a full
   * collection of garbage frees.
   */
  async #run(worker: Worker): Promise<void> {
    const { handler, codec, delivery, isManual } = this.#options
    const timer = this.#timer
    let hasWork = true
    while (hasWork) {
      const { batch, index } = worker
      const lane = batch.lane(index)
      const context = worker.open(this.#options)
      worker.context = context
      worker.seenMs = UNSEEN
      if (timer !== undefined) worker.began = timer.begin()
      let failure: Failure | undefined
      try {
        const result = handler(RecordContext.decode(context, codec), context)
        const value = isThenable(result) ? await result : result
        if (value !== undefined) failure = returnedFailure(value)
        if (isManual && isAck(value)) context.ack()
      } catch (error) {
        failure = classify(error, delivery.classify)
      }
      worker.seenMs = IDLE
      if (timer !== undefined) timer.end(worker.meter as HandlerMeter, worker.began)
      if (worker.timeout !== undefined) {
        this.#endLate(worker, worker.timeout)
        return
      }
      const isLaneFree = failure === undefined ? this.#handled(worker) : this.#failures.failed(worker, failure)
      if (this.#outage.hasFailures) {
        if (worker.isProbe) this.#probed(worker, failure)
        else if (failure === undefined) this.#outage.succeeded()
      }
      const turn = this.#slice.spent()
      if (turn !== undefined) await turn
      if (this.#outage.isOn) {
        if (isLaneFree) this.#goOn(lane)
        break
      }
      hasWork = (isLaneFree && this.#takeNextOf(worker, lane)) || (batch.cursor < batch.records && this.#take(worker))
    }
    this.#workers.active.delete(worker)
    worker.rest()
    this.#fill()
  }

  /** A handler has ended well; the lane is free for its next record. */
  #handled({ batch, index, context }: Worker): true {
    if (!this.#options.isManual) return this.#settle(batch, index, DONE)
    this.#acknowledgements.ended(context, this.#mayRun(batch.slot(index)))
    return true
  }

  /** A last fate; the lane is free for its next record. */
  #settle(batch: Batch, index: number, fate: Fate): true {
    this.#reports.settle(batch, index, fate)
    return true
  }

  // ---- which record comes next

  #takeNextOf(worker: Worker, lane: number): boolean {
    const next = this.#nextOf(lane)
    return next !== undefined && worker.assign(next)
  }

  /** The next record of a lane whose head has ended, which may run now; those that may not are given back. */
  #nextOf(lane: number): Waiting | undefined {
    for (let next = this.#lanes.next(lane); next !== undefined; next = this.#lanes.next(lane)) {
      const slot = next.batch.slot(next.index)
      if (!this.#mayRun(slot)) this.#settle(next.batch, next.index, NOT_RUN)
      else if (this.#isPaused(slot)) return this.#putAside(next)
      else return next
    }
    return undefined
  }

  /** The next record that may run. */
  #take(worker: Worker): boolean {
    return this.#takeReady(worker) || this.#takeFresh(worker)
  }

  #takeReady(worker: Worker): boolean {
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      const slot = next.batch.slot(next.index)
      if (!this.#mayRun(slot)) this.#handBack(next)
      else if (this.#isPaused(slot)) this.#putAside(next)
      else if (this.#isTimeFor(next)) return worker.assign(next)
    }
    return false
  }

  /** The next record that was not begun; those whose lanes are taken are put aside on the way. */
  #takeFresh(worker: Worker): boolean {
    for (let batch = this.#batches.peek(); batch !== undefined; batch = this.#batches.peek()) {
      const index = batch.cursor
      if (index === batch.records) {
        this.#batches.shift()
        continue
      }
      batch.cursor += 1
      const row = batch.row(index)
      const slot = batch.block.slot(row)
      if (!this.#mayRun(slot)) {
        if (!batch.hasEnded(index)) this.#settle(batch, index, NOT_RUN)
      } else if (this.#lanes.enter(batch.block.lane(row), batch, index)) {
        if (this.#isPaused(slot)) {
          this.#putAside({ batch, index })
          continue
        }
        if (this.#options.retried !== undefined && !this.#isTimeFor({ batch, index })) continue
        worker.batch = batch
        worker.index = index
        worker.history = undefined
        return true
      }
    }
    return false
  }

  #mayRun(slot: number): boolean {
    if (this.#isStopped) return false
    return this.#dropped.size === 0 || !this.#dropped.has(slot)
  }

  #isPaused(slot: number): boolean {
    return this.#paused.size > 0 && this.#paused.has(slot)
  }

  /** Whether a record may run now; one of a retry topic that is not due is held until it is. */
  #isTimeFor(next: Waiting): boolean {
    const { places, retried } = this.#options
    if (retried === undefined) return true
    const { batch, index } = next
    const row = batch.row(index)
    const waitMs = retried.waitMs(batch.block, row, places.get(batch.block.slot(row)) as Place)
    if (waitMs === undefined) this.#settle(batch, index, DONE)
    else if (waitMs > 0) this.#holdFor(next, waitMs)
    return waitMs === 0
  }

  #holdFor(next: Waiting, ms: number): void {
    this.#held.holdFor(next, ms, this.#clock, (held) => {
      this.#ready.push(held)
      this.#fill()
    })
  }

  /** A record whose turn has come keeps its lane, and so its place, until its slot is resumed. */
  #putAside(next: Waiting): undefined {
    this.#held.hold(next, 'paused')
  }

  /** Gives back, without running it, a record that has its lane. */
  #handBack({ batch, index }: Waiting): void {
    const lane = batch.lane(index)
    this.#settle(batch, index, NOT_RUN)
    this.#goOn(lane)
  }

  /** A lane's head has ended while no worker was at it. */
  #goOn(lane: number): void {
    const next = this.#nextOf(lane)
    if (next !== undefined) this.#ready.push(next)
  }

  /** Gives back, without running it, all that waits and may not run. */
  #giveBack(): void {
    for (const held of this.#held.giveBack((slot) => this.#mayRun(slot))) this.#handBack(held)
    for (const next of this.#ready.clear()) {
      if (this.#mayRun(next.batch.slot(next.index))) this.#ready.push(next)
      else this.#handBack(next)
    }
    this.#acknowledgements.giveBack((slot) => this.#mayRun(slot))
    this.#lanes.sift(({ batch, index }) => {
      if (this.#mayRun(batch.slot(index))) return true
      this.#settle(batch, index, NOT_RUN)
      return false
    })
    this.#batches.filter((batch) => {
      for (let index = batch.cursor; index < batch.records; index += 1) {
        if (!this.#mayRun(batch.slot(index)) && !batch.hasEnded(index)) this.#settle(batch, index, NOT_RUN)
      }
      return this.#reports.open.has(batch)
    })
  }

  // ---- outages

  /** What shows whether the outage lasts. */
  #takeProbe(worker: Worker): boolean {
    const ahead = this.#outage.nextProbe()
    if (ahead === 0) this.#failedFirst()
    worker.isProbe = ahead === 0 ? this.#take(worker) : this.#takeAhead(worker, ahead) || this.#takeReady(worker)
    // then it waits for the next record that comes
    if (!worker.isProbe) this.#outage.isProbeDue = true
    return worker.isProbe
  }

  /** Among those that are ready are heads of lanes that were not begun: of what failed with all others these tell nothing. */
  #failedFirst(): void {
    const all = this.#ready.clear()
    for (const one of all) if (one.history !== undefined) this.#ready.push(one)
    for (const one of all) if (one.history === undefined) this.#ready.push(one)
  }

  /** The last of some records that were not begun; the others wait, as if they had failed. */
  #takeAhead(worker: Worker, records: number): boolean {
    if (!this.#takeFresh(worker)) return false
    for (let taken = 1; taken < records; taken += 1) {
      const { batch, index } = worker
      if (!this.#takeFresh(worker)) break
      this.#held.report({ batch, index })
      this.#ready.push({ batch, index })
    }
    return true
  }

  #probed(worker: Worker, failure: Failure | undefined): void {
    worker.isProbe = false
    this.#outage.probed(failure, worker.history !== undefined)
    if (!this.#outage.isOn) this.#fillSoon()
  }

  // ---- deadlines

  #sweepLater(): void {
    this.#isSweeping = true
    this.#clock.after(this.#workers.pauseMs, this.#sweep)
  }

  /** Looks for handlers past their deadline and for memory that is kept for few records, while there is work. */
  readonly #sweep = (): void => {
    this.#isSweeping = false
    if (this.#reports.open.size === 0) return
    this.#sweepLater()
    for (const worker of this.#workers.timeOut(this.#clock.now())) this.#holdLate(worker)
    for (const batch of this.#reports.open) {
      if (batch.cursor < batch.records) continue
      this.#reports.flush(batch)
      batch.compact()
    }
    this.#fill()
  }

  /** The handler's worker is free for other records; the lane stays with it until it settles. */
  #holdLate(worker: Worker): void {
    this.#held.report(worker)
    if (worker.isProbe) this.#probed(worker, { class: 'transient', error: worker.timeout as HandlerTimeoutError })
  }

  /** A handler past its deadline has settled at last; whatever it says, its attempt has failed. */
  #endLate(worker: Worker, timeout: HandlerTimeoutError): void {
    this.#workers.endLate(worker)
    const lane = worker.batch.lane(worker.index)
    if (this.#failures.failed(worker, { class: 'transient', error: timeout })) this.#goOn(lane)
    this.#fill()
  }
}

import { systemClock } from '../clock.ts'
import type { Failure } from '../delivery/failure.ts'
import { isOutageLike, untilItEnds } from '../delivery/outage.ts'
import { backOffMs, type NextStep, nextStep } from '../delivery/retry-policy.ts'
import { Fifo } from '../fifo.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { BackOff } from './back-off.ts'
import { type Batch, DONE, FAILED, type Fate, NOT_RUN } from './batch.ts'
import { type Attempt, type BatchExecutorOptions, callBatchHandler } from './batch-attempt.ts'
import { BatchQueue } from './batch-queue.ts'
import { type BlockingRecord, blockingRecords, type Known } from './blocking.ts'
import { byBatch, firsts, type Item, split } from './items.ts'
import { keyOf, Outage } from './outage.ts'
import { type Place, RecordContext } from './record.ts'
import { Reports } from './reports.ts'
import {
  type History,
  type Runner,
  type RunnerHealth,
  runnerHealth,
  type UnfinishedRecord,
  unfinished,
  unwritten,
} from './runner.ts'
import { TimeSlice } from './time-slice.ts'

/** A record that is given up, but not yet. */
interface GivenUp {
  readonly item: Item
  readonly finish: () => Promise<unknown>
  cancel: () => void
}

/**
 * Runs a batch handler: one call at a time, so that order is kept whatever the keys. The native side made each batch as
 * large as the handler wants it. A batch that fails is handled again record by record, and what comes later waits.
 */
export class BatchExecutor implements Runner {
  readonly #options: BatchExecutorOptions
  readonly #reports: Reports
  readonly #acknowledgements: Acknowledgements
  readonly #dropped = new Set<number>()
  readonly #queue = new BatchQueue()
  /** Records of the batch that is handled, to be handled again, each alone. */
  readonly #again = new Fifo<Item>()
  /** Records that wait for the end of an outage, in order. */
  #out: Item[] = []
  /** Of them, what is tried at the moment, until it is known what becomes of it. */
  #probing: readonly Item[] = []
  /** Which of them is the next probe. */
  #turn = 0
  /** Records to give up unless an outage begins, and those of which that is decided. */
  readonly #deferred = new Set<GivenUp>()
  readonly #givenUp = new Fifo<GivenUp>()
  readonly #outage: Outage
  readonly #slice = new TimeSlice()
  #isRunning = false
  #isStopped = false
  /** What the handler has at the moment. */
  #running: readonly Item[] = []
  /** The same as contexts: a function that held them would keep their memory until a full collection of garbage. */
  #contexts: readonly RecordContext[] = []
  /** Since when the handler has them. */
  #sinceMs = 0
  /** The record whose dead letter is being written. */
  #writing: { readonly item: Item; readonly context: RecordContext; readonly history: History } | undefined
  #controller: AbortController | undefined
  readonly #backOff: BackOff

  constructor(options: BatchExecutorOptions) {
    this.#options = options
    this.#reports = new Reports(options.completions)
    this.#acknowledgements = new Acknowledgements(this.#reports)
    this.#backOff = new BackOff(options.clock, (items) => ![...items].some(({ slot }) => this.#mayRun(slot)))
    this.#outage = new Outage({
      policy: options.delivery.outage,
      clock: options.clock ?? systemClock,
      random: options.random,
      onChange: options.listener.onOutage,
      onDue: () => this.#runSoon(),
    })
  }

  accept(batch: Batch): void {
    this.#queue.push(batch)
    this.#reports.open.add(batch)
    if (this.#isStopped) this.#giveBack()
    // not at once: the native side hands over the next batch before the event loop gets a turn
    this.#runSoon()
  }

  #runSoon(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    setImmediate(() => void this.#run())
  }

  pause(slots: Iterable<number>): void {
    this.#queue.pause(slots)
  }

  resume(slots: ReadonlySet<number>): void {
    this.#queue.resume(slots)
    this.#runSoon()
  }

  drop(slots: ReadonlySet<number>, reason?: Error): void {
    for (const slot of slots) this.#dropped.add(slot)
    this.#queue.forget(slots)
    if (reason !== undefined && this.#running.some(({ slot }) => slots.has(slot))) this.#controller?.abort(reason)
    this.#giveBack()
  }

  stop(): void {
    this.#isStopped = true
    this.#outage.stop()
    this.#giveBack()
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason)
  }

  running(): UnfinishedRecord[] {
    if (this.#writing !== undefined) return [unwritten(this.#writing.context, this.#writing.history)]
    const { clock = systemClock } = this.#options
    const runningMs = clock.now() - this.#sinceMs
    return this.#contexts.map((context) => unfinished(context, 'handler', runningMs))
  }

  health(): RunnerHealth {
    const waiting = this.#again.length + this.#out.length + this.#deferred.size + this.#givenUp.length
    const held = this.#queue.aside + waiting + this.#acknowledgements.missing
    const { current: outage } = this.#outage
    return runnerHealth(this.running(), this.#options.delivery.timeoutMs, held, outage)
  }

  blocking(): BlockingRecord[] {
    const nowMs = (this.#options.clock ?? systemClock).now()
    const holder = { ...this.#options, paused: this.#queue.paused, isOut: this.#outage.isOn, nowMs }
    return blockingRecords(this.#reports.open, holder, this.#known(nowMs - this.#sinceMs))
  }

  *#known(runningMs: number): Iterable<Known> {
    for (const { batch, index, history } of this.#running) yield { batch, index, history, doing: 'handler', runningMs }
    if (this.#writing !== undefined) yield { ...this.#writing.item, doing: 'dead-letter' }
    yield* this.#backOff.known()
    yield* this.#acknowledgements.known()
    for (const { item } of [...this.#deferred, ...this.#givenUp]) yield { ...item, doing: 'outage' }
    for (const items of [this.#again, this.#out, this.#queue.items()]) yield* items
  }

  async #run(): Promise<void> {
    this.#slice.begin()
    for (;;) {
      for (let one = this.#givenUp.shift(); one !== undefined; one = this.#givenUp.shift()) await one.finish()
      const isProbe = this.#outage.isOn
      const items = isProbe ? this.#nextProbe() : this.#queue.next()
      if (items === undefined) break
      await (isProbe ? this.#probe(items) : this.#handle(items))
      if (this.#options.isManual) this.#compact(items)
    }
    this.#isRunning = false
  }

  /** Records without an ack must not keep the memory of all others. */
  #compact(items: readonly Item[]): void {
    for (const batch of new Set(items.map((item) => item.batch))) {
      if (batch.isOver) continue
      this.#reports.flush(batch)
      batch.compact()
    }
  }

  async #handle(items: readonly Item[]): Promise<void> {
    const live = this.#startable(items)
    if (live.length === 0) return
    const attempt = await this.#attempt(live)
    let waitMs = 0
    for (const [at, item] of live.entries()) {
      const failure = attempt.failures[at]
      const context = attempt.contexts[at] as RecordContext
      // without a promise for each record that was handled
      if (failure === undefined) {
        this.#handled(item, context)
        continue
      }
      const afterMs = await this.#conclude(item, context, failure, attempt.isWhole && live.length > 1)
      if (afterMs === undefined) continue
      waitMs = Math.max(waitMs, afterMs)
      this.#again.push(item)
    }
    if (!this.#outage.isOn) await this.#backOff.wait(waitMs, this.#again)
    while (!this.#outage.isOn) {
      const item = this.#again.shift()
      if (item === undefined) return
      await this.#handleAlone(item)
    }
    this.#sitOut(this.#again.clear())
  }

  async #handleAlone(item: Item): Promise<void> {
    while (this.#startable([item]).length > 0) {
      const { contexts, failures } = await this.#attempt([item])
      const afterMs = await this.#conclude(item, contexts[0] as RecordContext, failures[0], false)
      if (afterMs === undefined) return
      if (this.#outage.isOn) return this.#sitOut([item])
      await this.#backOff.wait(afterMs, [item])
    }
  }

  // ---- outages

  /** Until the outage ends, nothing is begun with these records but probes. */
  #sitOut(items: readonly Item[]): void {
    for (const item of items) {
      if (!this.#isLive(item)) continue
      this.#reports.hold(item.batch, item.index)
      this.#out.push(item)
    }
  }

  /** What shows whether the outage lasts: a record that failed, or a batch that was not begun. */
  #nextProbe(): readonly Item[] | undefined {
    if (!this.#outage.isProbeDue) return undefined
    const isFresh = this.#outage.nextProbe() > 0
    const items = (isFresh ? this.#nextFresh() : undefined) ?? this.#nextOut() ?? this.#nextFresh()
    // then it waits for what comes next
    if (items === undefined) this.#outage.isProbeDue = true
    return items
  }

  /** What comes next, without records of keys that wait. */
  #nextFresh(): readonly Item[] | undefined {
    const waiting = new Set(this.#out.map((item) => this.#keyOf(item)))
    for (let items = this.#queue.next(); items !== undefined; items = this.#queue.next()) {
      const [behind, fresh] = split(this.#startable(items), (item) => waiting.has(this.#keyOf(item)))
      this.#sitOut(behind)
      if (fresh.length > 0) return fresh
    }
    return undefined
  }

  /** One of the records that wait, each time another, and of each key only the first. */
  #nextOut(): readonly Item[] | undefined {
    const startable = firsts(this.#out, (item) => this.#keyOf(item)).filter(({ slot }) => !this.#queue.paused.has(slot))
    this.#turn += 1
    const item = startable[this.#turn % startable.length]
    return item === undefined ? undefined : [item]
  }

  #keyOf(item: Item): string {
    item.key ??= keyOf(this.#contextOf(item))
    return item.key
  }

  async #probe(items: readonly Item[]): Promise<void> {
    this.#probing = items
    const hasFailedBefore = items.some(({ history }) => history !== undefined)
    const { contexts, failures, isWhole } = await this.#attempt(items)
    const ended = new Set<Item>()
    for (const [at, item] of items.entries()) {
      const context = contexts[at] as RecordContext
      const afterMs = await this.#conclude(item, context, failures[at], isWhole && items.length > 1)
      if (afterMs === undefined) ended.add(item)
    }
    this.#probing = []
    this.#out = this.#live(this.#out.filter((item) => !ended.has(item)))
    const waiting = new Set(this.#out)
    this.#sitOut(items.filter((item) => !ended.has(item) && !waiting.has(item)))
    const failure = failures.includes(undefined)
      ? undefined
      : (failures.find((one) => one !== undefined && isOutageLike(one)) ?? failures[0])
    this.#outage.probed(failure, hasFailedBefore)
    if (!this.#outage.isOn) this.#goOn()
  }

  /** What sat out comes before all else, in batches as it came. */
  #goOn(): void {
    this.#queue.putFirst(byBatch(this.#out))
    this.#out = []
  }

  /** A record is given up, unless this turns out to be an outage. */
  #defer(item: Item, finish: () => Promise<unknown>): undefined {
    this.#reports.hold(item.batch, item.index)
    const one: GivenUp = { item, finish, cancel: () => {} }
    this.#deferred.add(one)
    one.cancel = this.#outage.defer((isOutage) => {
      if (!this.#deferred.delete(one)) return
      if (isOutage) this.#out.push(item)
      else {
        this.#givenUp.push(one)
        this.#runSoon()
      }
    })
  }

  /** Gives back the records that may not run any more; the others are left. */
  #live(items: readonly Item[]): Item[] {
    return items.filter((item) => this.#isLive(item))
  }

  #isLive(item: Item): boolean {
    if (this.#mayRun(item.slot)) return true
    this.#settle(item, NOT_RUN)
    return false
  }

  #mayRun(slot: number): boolean {
    return !this.#isStopped && !this.#dropped.has(slot)
  }

  /** Puts aside the records of paused slots; those that may be handled now are left. */
  #startable(items: readonly Item[]): readonly Item[] {
    const [aside, startable] = this.#queue.putAside(this.#live(items))
    for (const { batch, index } of aside) this.#reports.hold(batch, index)
    return startable
  }

  async #attempt(items: readonly Item[]): Promise<Attempt> {
    const contexts = items.map((item) => {
      this.#options.places.get(item.slot)?.meter?.attempted()
      return this.#contextOf(item)
    })
    const controller = new AbortController()
    this.#controller = controller
    this.#running = items
    this.#contexts = contexts
    this.#sinceMs = (this.#options.clock ?? systemClock).now()
    const attempt = await callBatchHandler(this.#options, contexts, controller)
    this.#controller = undefined
    this.#running = []
    this.#contexts = []
    if (this.#outage.hasFailures && attempt.failures.includes(undefined)) this.#outage.succeeded()
    const turn = this.#slice.spent(items.length)
    if (turn !== undefined) await turn
    return attempt
  }

  #contextOf({ batch, index, slot, history }: Item): RecordContext {
    const { places, isManual } = this.#options
    const attempt = (history?.attempts ?? 0) + 1
    const acknowledgement = isManual ? new Acknowledgement(batch, index) : undefined
    return new RecordContext(batch.block, batch.row(index), places.get(slot) as Place, attempt, acknowledgement)
  }

  /**
   * What becomes of a record after an attempt: undefined when it has ended, or else after how long it is to be handled
   * again, alone. Of a batch that failed as a whole, no record is known to be the cause: each is tried alone first,
   * however often it may be retried.
   */
  async #conclude(
    item: Item,
    context: RecordContext,
    failure: Failure | undefined,
    isShared: boolean,
  ): Promise<number | undefined> {
    const { delivery, random } = this.#options
    if (failure === undefined) return this.#handled(item, context)
    RecordContext.forgo(context)
    if (!this.#isLive(item)) {
      RecordContext.meter(context)?.aborted()
      return undefined
    }
    const key = isShared ? undefined : this.#keyOf(item)
    const failed = this.#outage.failed(failure, key, context.attempt, item.history)
    item.history = failed.history
    const { attempts, excused = 0 } = item.history
    const due = failed.mustWait ? untilItEnds(failure) : nextStep(delivery, failure, attempts - excused, random)
    const step = isShared && due.kind !== 'retry' ? ({ kind: 'retry', afterMs: 0 } as const) : due
    // of those that are handled one after the other, the next one tells
    const isUnclear = failed.isSuspected || (failed.isFirst && this.#hasMore)
    // what stops its partition is not lost by it, and those behind it are not to be handled until it is clear
    if (!isUnclear || step.kind !== delivery.givenUp || step.kind === 'stop')
      return this.#finish(item, context, failure, step)
    RecordContext.isolate(context)
    return this.#defer(item, () => this.#finish(item, context, failure, step))
  }

  get #hasMore(): boolean {
    return this.#again.length > 0 || this.#queue.hasMore
  }

  async #finish(item: Item, context: RecordContext, failure: Failure, step: NextStep): Promise<number | undefined> {
    if (!this.#isLive(item)) return undefined
    this.#options.listener.onFailure(failure, context, step)
    switch (step.kind) {
      case 'retry':
        return step.afterMs
      case 'park':
        return this.#park(item, context, failure)
      case 'stop':
        this.#dropped.add(item.slot)
        this.#settle(item, FAILED)
        this.#giveBack()
        return undefined
      default:
        return this.#settle(item, DONE)
    }
  }

  async #park(item: Item, context: RecordContext, failure: Failure): Promise<undefined> {
    const { park, listener, delivery, random } = this.#options
    for (let attempt = 1; this.#isLive(item); attempt += 1) {
      const history = item.history as History
      this.#writing = { item, context, history }
      try {
        const parked = await park(failure, context, history)
        this.#writing = undefined
        listener.onParked(failure, context, parked)
        return this.#settle(item, DONE)
      } catch (error) {
        const afterMs = backOffMs(delivery, attempt, random)
        listener.onParkFailed(error, context, afterMs)
        this.#writing = undefined
        await this.#backOff.wait(afterMs, [item], 'dead-letter')
      }
    }
  }

  /** The handler has ended well with the record. */
  #handled(item: Item, context: RecordContext): undefined {
    if (!this.#options.isManual) return this.#settle(item, DONE)
    this.#acknowledgements.ended(context, this.#mayRun(item.slot))
  }

  #settle({ batch, index }: Item, fate: Fate): undefined {
    this.#reports.settle(batch, index, fate)
  }

  /** Gives back, without handling it, all that waits and may not run. */
  #giveBack(): void {
    this.#again.filter((item) => this.#isLive(item))
    this.#out = this.#out.filter((item) => this.#probing.includes(item) || this.#isLive(item))
    this.#givenUp.filter(({ item }) => this.#isLive(item))
    for (const one of this.#deferred) {
      if (this.#isLive(one.item)) continue
      one.cancel()
      this.#deferred.delete(one)
    }
    this.#backOff.wake()
    this.#acknowledgements.giveBack((slot) => this.#mayRun(slot))
    const live = (items: readonly Item[]) => this.#live(items)
    this.#queue.sift(live, (batch) => this.#isLeft(batch))
  }

  /** Gives back the records of a batch that may not run any more; false when none is left. */
  #isLeft(batch: Batch): boolean {
    let isLeft = false
    for (let index = 0; index < batch.records; index += 1) {
      if (batch.hasEnded(index)) continue
      if (this.#mayRun(batch.slot(index))) isLeft = true
      else this.#reports.settle(batch, index, NOT_RUN)
    }
    return isLeft
  }
}

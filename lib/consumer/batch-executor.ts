import { systemClock } from '../clock.ts'
import { classify, type Failure } from '../delivery/failure.ts'
import { backOffMs, nextStep } from '../delivery/retry-policy.ts'
import { isAck, returnedFailures } from '../delivery/verdict.ts'
import { HandlerTimeoutError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { type Batch, DONE, FAILED, type Fate, NOT_RUN } from './batch.ts'
import { type BatchContext, type Place, RecordContext } from './record.ts'
import { Reports } from './reports.ts'
import {
  failedAgain,
  type History,
  type Runner,
  type RunnerOptions,
  type UnfinishedRecord,
  unfinished,
  unwritten,
} from './runner.ts'
import { TimeSlice } from './time-slice.ts'

/** A handler that takes many records at a time. */
export type BatchHandler<T = unknown> = (messages: T[], context: BatchContext) => unknown

export interface BatchExecutorOptions extends RunnerOptions {
  readonly group: string
  readonly handler: BatchHandler
}

/** A record of a batch that is being handled. */
interface Item {
  readonly batch: Batch
  readonly index: number
  readonly slot: number
  history: History | undefined
}

/** An attempt to handle some records. */
interface Attempt {
  readonly contexts: readonly RecordContext[]
  /** It failed as a whole, and which record is to blame is not known. */
  readonly isWhole: boolean
  /** By record; undefined where it was handled. */
  readonly failures: ReadonlyArray<Failure | undefined>
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
  readonly #paused = new Set<number>()
  /** They are paused until the next call, so that nothing that was put aside is overtaken. */
  readonly #resumed = new Set<number>()
  readonly #batches = new Fifo<Batch>()
  /** Records of the batch that is handled, to be handled again, each alone. */
  readonly #again = new Fifo<Item>()
  /** What was put aside and may go on: it comes before the batches. */
  readonly #continued = new Fifo<readonly Item[]>()
  /** Records of paused slots, as they came. */
  readonly #aside = new Fifo<readonly Item[]>()
  readonly #slice = new TimeSlice()
  #isRunning = false
  #isStopped = false
  /** What the handler has at the moment. */
  #running: readonly Item[] = []
  /** Says what does not end at the moment. */
  #unfinished: (() => UnfinishedRecord[]) | undefined
  #controller: AbortController | undefined
  /** Ends a wait for the next attempt early. */
  #wake: (() => void) | undefined

  constructor(options: BatchExecutorOptions) {
    this.#options = options
    this.#reports = new Reports(options.completions)
    this.#acknowledgements = new Acknowledgements(this.#reports, () => {})
  }

  accept(batch: Batch): void {
    this.#batches.push(batch)
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
    for (const slot of slots) {
      this.#paused.add(slot)
      this.#resumed.delete(slot)
    }
  }

  resume(slots: ReadonlySet<number>): void {
    for (const slot of slots) if (this.#paused.has(slot)) this.#resumed.add(slot)
    this.#runSoon()
  }

  drop(slots: ReadonlySet<number>, reason?: Error): void {
    for (const slot of slots) {
      this.#dropped.add(slot)
      this.#paused.delete(slot)
      this.#resumed.delete(slot)
    }
    if (reason !== undefined && this.#running.some(({ slot }) => slots.has(slot))) this.#controller?.abort(reason)
    this.#giveBack()
  }

  stop(): void {
    this.#isStopped = true
    this.#giveBack()
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason)
  }

  running(): UnfinishedRecord[] {
    return this.#unfinished?.() ?? []
  }

  async #run(): Promise<void> {
    this.#slice.begin()
    for (let items = this.#next(); items !== undefined; items = this.#next()) {
      await this.#handle(items)
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

  /** What comes next, of slots that are paused as well. */
  #next(): readonly Item[] | undefined {
    if (this.#resumed.size > 0) this.#continue()
    const continued = this.#continued.shift()
    if (continued !== undefined) return continued
    const batch = this.#batches.shift()
    return batch === undefined ? undefined : itemsOf(batch)
  }

  /** What was put aside of slots that go on comes before what was put aside earlier and is not handled yet. */
  #continue(): void {
    for (const slot of this.#resumed) this.#paused.delete(slot)
    this.#resumed.clear()
    const later = this.#continued.clear()
    for (const items of this.#aside.clear()) {
      const [paused, others] = split(items, ({ slot }) => this.#paused.has(slot))
      if (paused.length > 0) this.#aside.push(paused)
      if (others.length > 0) this.#continued.push(others)
    }
    for (const items of later) this.#continued.push(items)
  }

  async #handle(items: readonly Item[]): Promise<void> {
    const live = this.#startable(items)
    if (live.length === 0) return
    const attempt = await this.#attempt(live)
    let waitMs = 0
    for (const [at, item] of live.entries()) {
      const failure = attempt.failures[at]
      const context = attempt.contexts[at] as RecordContext
      const afterMs = await this.#conclude(item, context, failure, attempt.isWhole && live.length > 1)
      if (afterMs === undefined) continue
      waitMs = Math.max(waitMs, afterMs)
      this.#again.push(item)
    }
    await this.#wait(waitMs, this.#again)
    for (let item = this.#again.shift(); item !== undefined; item = this.#again.shift()) await this.#handleAlone(item)
  }

  async #handleAlone(item: Item): Promise<void> {
    while (this.#startable([item]).length > 0) {
      const { contexts, failures } = await this.#attempt([item])
      const afterMs = await this.#conclude(item, contexts[0] as RecordContext, failures[0], false)
      if (afterMs === undefined) return
      await this.#wait(afterMs, [item])
    }
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
    const [paused, startable] = split(this.#live(items), ({ slot }) => this.#paused.has(slot))
    if (paused.length === 0) return startable
    for (const { batch, index } of paused) this.#reports.hold(batch, index)
    this.#aside.push(paused)
    return startable
  }

  async #attempt(items: readonly Item[]): Promise<Attempt> {
    const { group, handler, places, codec, delivery, isManual, clock = systemClock } = this.#options
    const contexts = items.map(({ batch, index, slot, history }) => {
      const place = places.get(slot) as Place
      place.meter?.attempted()
      const attempt = (history?.attempts ?? 0) + 1
      const acknowledgement = isManual ? new Acknowledgement(batch, index) : undefined
      return new RecordContext(batch.block, batch.row(index), place, attempt, acknowledgement)
    })
    const messages: unknown[] = []
    const decoded: RecordContext[] = []
    const failures = new Array<Failure | undefined>(items.length)
    const fill: number[] = []
    for (const [at, context] of contexts.entries()) {
      try {
        messages.push(RecordContext.decode(context, codec))
        decoded.push(context)
        fill.push(at)
      } catch (error) {
        failures[at] = classify(error, delivery.classify)
      }
    }
    if (messages.length === 0) return { contexts, failures, isWhole: false }
    const controller = new AbortController()
    this.#controller = controller
    this.#running = items
    const sinceMs = clock.now()
    const beganMs = performance.now()
    this.#unfinished = () => decoded.map((context) => unfinished(context, 'handler', clock.now() - sinceMs))
    let timeout: HandlerTimeoutError | undefined
    const cancel = Number.isFinite(delivery.timeoutMs)
      ? clock.after(delivery.timeoutMs, () => {
          timeout = lateError(decoded, delivery.timeoutMs)
          controller.abort(timeout)
        })
      : undefined
    let whole: Failure | undefined
    try {
      const ackAll = () => decoded.map((context) => context.ack()).every(Boolean)
      const returned = await handler(messages, { records: decoded, group, signal: controller.signal, ack: ackAll })
      if (isManual)
        for (const [at, context] of decoded.entries()) {
          if (isAck(Array.isArray(returned) ? returned[at] : returned)) context.ack()
        }
      const verdicts = returned === undefined ? undefined : returnedFailures(returned, messages.length)
      if (verdicts !== undefined) for (const [at, place] of fill.entries()) failures[place] = verdicts[at]
    } catch (error) {
      whole = classify(error, delivery.classify)
    }
    RecordContext.meter(decoded[0] as RecordContext)?.timed(performance.now() - beganMs)
    cancel?.()
    this.#controller = undefined
    this.#running = []
    this.#unfinished = undefined
    if (timeout !== undefined) whole = { class: 'transient', error: timeout }
    if (whole !== undefined) for (const place of fill) failures[place] = whole
    const turn = this.#slice.spent(messages.length)
    if (turn !== undefined) await turn
    return { contexts, failures, isWhole: whole !== undefined }
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
    const { delivery, listener, random } = this.#options
    if (failure === undefined) return this.#handled(item, context)
    RecordContext.forgo(context)
    if (!this.#isLive(item)) {
      RecordContext.meter(context)?.aborted()
      return undefined
    }
    const { attempt } = context
    item.history = failedAgain(attempt, item.history)
    const due = nextStep(delivery, failure, attempt, random)
    const step = isShared && due.kind !== 'retry' ? ({ kind: 'retry', afterMs: 0 } as const) : due
    listener.onFailure(failure, context, step)
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
      try {
        this.#unfinished = () => [unwritten(context, item.history as History)]
        const parked = await park(failure, context, item.history as History)
        this.#unfinished = undefined
        listener.onParked(failure, context, parked)
        return this.#settle(item, DONE)
      } catch (error) {
        const afterMs = backOffMs(delivery, attempt, random)
        listener.onParkFailed(error, context, afterMs)
        this.#unfinished = undefined
        await this.#wait(afterMs, [item])
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

  /** Waits before the next attempt at some records; no longer than one of them may run. */
  async #wait(ms: number, items: Iterable<Item>): Promise<void> {
    const isVain = () => ![...items].some(({ slot }) => this.#mayRun(slot))
    if (ms === 0 || isVain()) return
    const { clock = systemClock } = this.#options
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve)
      this.#wake = () => {
        if (!isVain()) return
        cancel()
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** Gives back, without handling it, all that waits and may not run. */
  #giveBack(): void {
    this.#again.filter((item) => this.#isLive(item))
    this.#wake?.()
    this.#acknowledgements.giveBack((slot) => this.#mayRun(slot))
    for (const waiting of [this.#aside, this.#continued]) {
      for (const items of waiting.clear()) {
        const live = this.#live(items)
        if (live.length > 0) waiting.push(live)
      }
    }
    this.#batches.filter((batch) => {
      let isLeft = false
      for (let index = 0; index < batch.records; index += 1) {
        if (batch.hasEnded(index)) continue
        if (this.#mayRun(batch.slot(index))) isLeft = true
        else this.#reports.settle(batch, index, NOT_RUN)
      }
      return isLeft
    })
  }
}

function itemsOf(batch: Batch): Item[] {
  const items: Item[] = []
  for (let index = 0; index < batch.records; index += 1) {
    if (!batch.hasEnded(index)) items.push({ batch, index, slot: batch.slot(index), history: undefined })
  }
  return items
}

function split<T>(all: readonly T[], fits: (one: T) => boolean): [those: T[], others: T[]] {
  const parts: [T[], T[]] = [[], []]
  for (const one of all) parts[fits(one) ? 0 : 1].push(one)
  return parts
}

function lateError(records: readonly RecordContext[], timeoutMs: number): HandlerTimeoutError {
  const { topic, partition, offset, group } = records[0] as RecordContext
  return new HandlerTimeoutError(
    `The handler of ${records.length} records from ${topic} [${partition}] offset ${offset} on did not settle within ` +
      `${timeoutMs} ms.`,
    { topic, partition, offset, group },
  )
}

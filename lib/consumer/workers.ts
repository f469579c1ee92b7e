import { HandlerTimeoutError } from '../errors.ts'
import type { HandlerMeter } from '../metrics/handler-meter.ts'
import type { HandlerTimer } from '../metrics/handler-timer.ts'
import { Acknowledgement } from './acknowledgement.ts'
import type { Batch } from './batch.ts'
import type { Known } from './blocking.ts'
import type { Waiting } from './lanes.ts'
import { type Place, RecordContext } from './record.ts'
import { type History, type RunnerOptions, type UnfinishedRecord, unfinished } from './runner.ts'

/** A handler that no look has seen yet. */
export const UNSEEN = -1
/** No handler runs. */
export const IDLE = Number.POSITIVE_INFINITY

/** Deadlines are looked at this often in their time, at least each second. */
const LOOKS = 20
const LONGEST_PAUSE_MS = 1_000
const SHORTEST_PAUSE_MS = 10

/** Runs one record at a time. */
export class Worker {
  batch!: Batch
  index = 0
  history: History | undefined
  context!: RecordContext
  /** When its handler was first seen to run. */
  seenMs = IDLE
  /** Where its record is counted, if anywhere, and when its handler began, as the timer has it. */
  meter: HandlerMeter | undefined
  began = 0
  /** Its handler passed the deadline: it works for nobody any more, but its lane waits for it. */
  timeout: HandlerTimeoutError | undefined
  /** What becomes of its record tells whether an outage lasts. */
  isProbe = false

  /** Gives it a record to run. */
  assign({ batch, index, history }: Waiting): true {
    this.batch = batch
    this.index = index
    this.history = history
    return true
  }

  /**
   * The context for the next attempt at its record. Apart from what runs it: nothing there may keep the block of a handler
   * that does not settle.
   */
  open({ places, isManual, retried }: RunnerOptions): RecordContext {
    const { batch, index } = this
    const { block } = batch
    const row = batch.row(index)
    const place = places.get(block.slot(row)) as Place
    this.meter = place.meter
    const acknowledgement = isManual ? new Acknowledgement(batch, index) : undefined
    if (retried !== undefined) {
      const origin = retried.origin(block, row, place)
      this.history ??= origin.history
      return new RecordContext(origin.block, 0, origin.place, (this.history?.attempts ?? 0) + 1, acknowledgement)
    }
    const attempt = this.history === undefined ? 1 : this.history.attempts + 1
    return new RecordContext(block, row, place, attempt, acknowledgement)
  }

  /** For how long its handler has run, in milliseconds. */
  runningMs(nowMs: number, timer: HandlerTimer | undefined): number {
    return timer?.since(this.began) ?? (this.seenMs === UNSEEN ? 0 : nowMs - this.seenMs)
  }

  /** Work is over. One that has become old would keep what it points to until the next full collection of garbage. */
  rest(): void {
    Object.assign(this, { batch: undefined, context: undefined, history: undefined })
  }
}

/** Those that run handlers, and which of them are past their deadline. */
export class Workers {
  readonly #timeoutMs: number
  readonly active = new Set<Worker>()
  readonly #late = new Set<Worker>()

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** How often to look for handlers past their deadline, in milliseconds. */
  get pauseMs(): number {
    return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, this.#timeoutMs / LOOKS))
  }

  /**
   * Tells the handlers that are past their deadline so, and gives their workers: these are not active any more.
   *
   * @param nowMs Of a clock that never goes back.
   */
  timeOut(nowMs: number): Worker[] {
    const late: Worker[] = []
    const latestMs = nowMs - this.#timeoutMs
    for (const worker of this.active) {
      if (worker.seenMs === UNSEEN) worker.seenMs = nowMs
      else if (worker.seenMs <= latestMs) late.push(worker)
    }
    for (const worker of late) this.#timeOut(worker)
    return late
  }

  #timeOut(worker: Worker): void {
    const { context } = worker
    const { topic, partition, offset, group } = context
    worker.timeout = new HandlerTimeoutError(
      `The handler of ${topic} [${partition}] offset ${offset} did not settle within ${this.#timeoutMs} ms.`,
      { topic, partition, offset, group },
    )
    this.active.delete(worker)
    this.#late.add(worker)
    RecordContext.isolate(context)
    RecordContext.forgo(context)
    RecordContext.abort(context, worker.timeout)
  }

  /** The records whose handler runs. */
  running(nowMs: number, timer: HandlerTimer | undefined): UnfinishedRecord[] {
    return this.#busy.map((worker) => unfinished(worker.context, 'handler', worker.runningMs(nowMs, timer)))
  }

  /** The same, as the runner has them. */
  known(nowMs: number, timer: HandlerTimer | undefined): Known[] {
    return this.#busy.map((worker) => {
      const { batch, index, history } = worker
      return { batch, index, history, doing: 'handler', runningMs: worker.runningMs(nowMs, timer) }
    })
  }

  get #busy(): Worker[] {
    return [...this.active, ...this.#late].filter(({ seenMs }) => seenMs !== IDLE)
  }

  /** A handler past its deadline has settled at last. */
  endLate(worker: Worker): void {
    this.#late.delete(worker)
  }

  /** Tells handlers that run, of some slots or all, that nobody waits for them. */
  abort(reason: Error, slots?: ReadonlySet<number>): void {
    for (const { batch, index, context } of [...this.active, ...this.#late]) {
      if (slots === undefined || slots.has(batch.slot(index))) RecordContext.abort(context, reason)
    }
  }
}

/** Whether what a handler returned is to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

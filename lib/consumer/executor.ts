import type { ResolvedCodec } from '../codec.ts'
import { type Batch, DONE, FAILED, NOT_RUN } from './batch.ts'
import { type Place, RecordContext } from './record.ts'

/** A handler that takes one record at a time. */
export type RecordHandler<T = unknown> = (message: T, context: RecordContext) => unknown

/** The native side as an executor sees it. */
export interface Completions {
  completeAll(batch: number): void
  complete(batch: number, outcomes: Uint32Array): void
}

export interface ExecutorOptions {
  readonly handler: RecordHandler
  readonly codec: ResolvedCodec
  /** Handlers that run side by side. */
  readonly concurrency: number
  /** The assigned partitions by slot. */
  readonly places: ReadonlyMap<number, Place>
  readonly completions: Completions
  /** A handler failed, or a value could not be decoded. Must not throw. */
  readonly onFailure: (error: unknown, context: RecordContext) => void
}

/** What runs the handlers of one subscription. */
export interface Runner {
  accept(batch: Batch): void
  /** Records of these slots are not ours any more: those that wait are given back, those that run are told. */
  drop(slots: ReadonlySet<number>, reason: Error): void
  /** Starts nothing any more and gives back what waits. */
  stop(): void
  /** Tells handlers that still run that nobody waits for them. */
  abort(reason: Error): void
}

/** What a worker is at. */
interface Work {
  batch: Batch
  index: number
  context: RecordContext
}

interface Waiting {
  readonly batch: Batch
  readonly index: number
}

const IDLE = 0
const BUSY = 1
/** Busy, and later records of the lane wait. */
const QUEUED = 2

/**
 * Runs a handler over the records of a subscription: those of one lane in order, lanes side by side up to the
 * concurrency. What has finished is told to the native side a batch at a time, and at the end of a turn of the event
 * loop for batches in which something still runs.
 */
export class Executor implements Runner {
  readonly #options: ExecutorOptions
  readonly #reports: Reports
  /** By worker; undefined for one that rests. */
  readonly #work: Array<Work | undefined> = []
  #working = 0
  #batches: Batch[] = []
  /** State of each lane; their numbers are small and dense. */
  #lanes = new Uint8Array(1024)
  readonly #waiting = new Map<number, Waiting[]>()
  readonly #dropped = new Set<number>()
  #isStopped = false

  constructor(options: ExecutorOptions) {
    this.#options = options
    this.#reports = new Reports(options.completions)
  }

  accept(batch: Batch): void {
    this.#batches.push(batch)
    if (this.#isStopped) {
      this.#giveBack()
      return
    }
    const { concurrency } = this.#options
    for (let worker = 0; worker < concurrency && this.#working < concurrency; worker += 1) {
      if (this.#work[worker] !== undefined) continue
      const next = this.#take()
      if (next === undefined) return
      void this.#run(worker, next)
    }
  }

  drop(slots: ReadonlySet<number>, reason: Error): void {
    for (const slot of slots) this.#dropped.add(slot)
    for (const work of this.#work) {
      if (work !== undefined && slots.has(work.batch.slot(work.index))) RecordContext.abort(work.context, reason)
    }
    this.#giveBack()
  }

  stop(): void {
    this.#isStopped = true
    this.#giveBack()
  }

  abort(reason: Error): void {
    for (const work of this.#work) if (work !== undefined) RecordContext.abort(work.context, reason)
  }

  /** Works until nothing is left that may run. The sync part of the first record runs before this returns. */
  async #run(worker: number, first: Waiting): Promise<void> {
    const { handler, codec, places, onFailure } = this.#options
    this.#working += 1
    let next: Waiting | undefined = first
    while (next !== undefined) {
      const { batch, index } = next
      const slot = batch.slot(index)
      const context = new RecordContext(batch, index, places.get(slot) as Place)
      this.#work[worker] = { batch, index, context }
      let fate: typeof DONE | typeof FAILED = DONE
      try {
        const result = handler(decode(codec, batch, index, context), context)
        if (isThenable(result)) await result
      } catch (error) {
        fate = FAILED
        this.#fail(slot, error, context, onFailure)
      }
      this.#reports.settle(batch, index, fate)
      next = this.#takeAfter(batch.lane(index))
    }
    this.#work[worker] = undefined
    this.#working -= 1
  }

  #fail(slot: number, error: unknown, context: RecordContext, onFailure: ExecutorOptions['onFailure']): void {
    // a failure after the partition went away concerns nobody here: its next owner gets the record again
    if (!this.#dropped.has(slot)) onFailure(error, context)
    this.#dropped.add(slot)
  }

  /** The next record of a lane that has finished one, or else any that may run. */
  #takeAfter(lane: number): Waiting | undefined {
    if (lane < 0) return this.#take()
    if (this.#lanes[lane] === QUEUED) {
      const waiting = this.#waiting.get(lane) as Waiting[]
      while (waiting.length > 0) {
        const next = waiting.shift() as Waiting
        if (this.#mayRun(next.batch, next.index)) return next
        this.#reports.settle(next.batch, next.index, NOT_RUN)
      }
      this.#waiting.delete(lane)
    }
    this.#lanes[lane] = IDLE
    return this.#take()
  }

  /** The next record whose lane is idle; those of busy lanes are put aside on the way. */
  #take(): Waiting | undefined {
    for (;;) {
      const batch = this.#batches[0]
      if (batch === undefined) return undefined
      const index = batch.cursor
      if (index === batch.records) {
        this.#batches.shift()
        continue
      }
      batch.cursor += 1
      if (!this.#mayRun(batch, index)) {
        this.#reports.settle(batch, index, NOT_RUN)
        continue
      }
      const lane = batch.lane(index)
      if (lane < 0) return { batch, index }
      if (lane >= this.#lanes.length) this.#growLanes(lane)
      if (this.#lanes[lane] === IDLE) {
        this.#lanes[lane] = BUSY
        return { batch, index }
      }
      this.#wait(lane, batch, index)
    }
  }

  #mayRun(batch: Batch, index: number): boolean {
    if (this.#isStopped) return false
    return this.#dropped.size === 0 || !this.#dropped.has(batch.slot(index))
  }

  #wait(lane: number, batch: Batch, index: number): void {
    const waiting = this.#waiting.get(lane)
    if (waiting === undefined) this.#waiting.set(lane, [{ batch, index }])
    else waiting.push({ batch, index })
    this.#lanes[lane] = QUEUED
  }

  #growLanes(lane: number): void {
    const larger = new Uint8Array(Math.max(lane + 1, this.#lanes.length * 2))
    larger.set(this.#lanes)
    this.#lanes = larger
  }

  /** Gives back, without running it, all that waits and may not run. */
  #giveBack(): void {
    for (const [lane, waiting] of this.#waiting) {
      const kept = waiting.filter(({ batch, index }) => {
        if (this.#mayRun(batch, index)) return true
        this.#reports.settle(batch, index, NOT_RUN)
        return false
      })
      this.#waiting.set(lane, kept)
    }
    for (const batch of this.#batches) {
      // a batch of which some records may still run is sorted out as they are taken
      while (batch.cursor < batch.records && !this.#mayRun(batch, batch.cursor)) {
        this.#reports.settle(batch, batch.cursor, NOT_RUN)
        batch.cursor += 1
      }
    }
  }
}

/** Tells the native side what became of records. */
export class Reports {
  readonly #completions: Completions
  /** Batches of which something is settled and not all is. */
  readonly #partial = new Set<Batch>()
  #isDue = false

  constructor(completions: Completions) {
    this.#completions = completions
  }

  settle(batch: Batch, index: number, fate: typeof DONE | typeof FAILED | typeof NOT_RUN): void {
    if (batch.settle(index, fate)) {
      this.#partial.delete(batch)
      if (batch.isPlain) this.#completions.completeAll(batch.id)
      else this.#report(batch)
      return
    }
    if (this.#isDue && this.#partial.has(batch)) return
    this.#partial.add(batch)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#reportPartial)
  }

  readonly #reportPartial = (): void => {
    this.#isDue = false
    for (const batch of this.#partial) this.#report(batch)
    this.#partial.clear()
  }

  #report(batch: Batch): void {
    const outcomes = batch.unreported()
    if (outcomes !== undefined) this.#completions.complete(batch.id, outcomes)
  }
}

function decode(codec: ResolvedCodec, batch: Batch, index: number, context: RecordContext): unknown {
  const length = batch.valueLength(index)
  if (length < 0) return null
  const start = batch.valueStart(index)
  return codec.decode(batch.bytes, start, start + length, context)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

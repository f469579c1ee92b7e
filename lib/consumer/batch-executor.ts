import type { ResolvedCodec } from '../codec.ts'
import { type Batch, DONE, FAILED, NOT_RUN } from './batch.ts'
import { type Completions, Reports, type Runner } from './executor.ts'
import { type BatchContext, type Place, RecordContext } from './record.ts'

/** A handler that takes many records at a time. */
export type BatchHandler<T = unknown> = (messages: T[], context: BatchContext) => unknown

export interface BatchExecutorOptions {
  readonly group: string
  readonly handler: BatchHandler
  readonly codec: ResolvedCodec
  readonly places: ReadonlyMap<number, Place>
  readonly completions: Completions
  /** The handler failed for the records of `context`, or the value of the first of them could not be decoded. */
  readonly onFailure: (error: unknown, context: BatchContext) => void
}

/**
 * Runs a batch handler: one call at a time, so that order is kept whatever the keys. The native side made each batch
 * as large as the handler wants it.
 */
export class BatchExecutor implements Runner {
  readonly #options: BatchExecutorOptions
  readonly #reports: Reports
  readonly #dropped = new Set<number>()
  #batches: Batch[] = []
  #isRunning = false
  #isStopped = false
  #slots: ReadonlySet<number> = new Set()
  #controller: AbortController | undefined

  constructor(options: BatchExecutorOptions) {
    this.#options = options
    this.#reports = new Reports(options.completions)
  }

  accept(batch: Batch): void {
    this.#batches.push(batch)
    if (!this.#isRunning) void this.#run()
  }

  drop(slots: ReadonlySet<number>, reason: Error): void {
    for (const slot of slots) this.#dropped.add(slot)
    for (const slot of this.#slots) if (slots.has(slot)) this.#controller?.abort(reason)
    this.#giveBack()
  }

  stop(): void {
    this.#isStopped = true
    this.#giveBack()
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      await this.#handle(batch)
    }
    this.#isRunning = false
  }

  async #handle(batch: Batch): Promise<void> {
    const { group, handler, places, onFailure } = this.#options
    const indexes: number[] = []
    const records: RecordContext[] = []
    for (let index = 0; index < batch.records; index += 1) {
      const slot = batch.slot(index)
      if (this.#isStopped || this.#dropped.has(slot)) {
        this.#reports.settle(batch, index, NOT_RUN)
        continue
      }
      indexes.push(index)
      records.push(new RecordContext(batch, index, places.get(slot) as Place))
    }
    if (records.length === 0) return
    this.#slots = new Set(indexes.map((index) => batch.slot(index)))
    const controller = new AbortController()
    this.#controller = controller
    const context: BatchContext = { records, group, signal: controller.signal }
    let fate: typeof DONE | typeof FAILED = DONE
    try {
      const messages = records.map((record, at) => this.#decode(batch, indexes[at] as number, record))
      await handler(messages, context)
    } catch (error) {
      fate = FAILED
      onFailure(error, context)
      for (const slot of this.#slots) this.#dropped.add(slot)
    }
    this.#controller = undefined
    this.#slots = new Set()
    for (const index of indexes) this.#reports.settle(batch, index, fate)
  }

  #decode(batch: Batch, index: number, context: RecordContext): unknown {
    const length = batch.valueLength(index)
    if (length < 0) return null
    const start = batch.valueStart(index)
    return this.#options.codec.decode(batch.bytes, start, start + length, context)
  }

  /** Batches of which nothing may run any more need not wait for the one that runs. */
  #giveBack(): void {
    this.#batches = this.#batches.filter((batch) => {
      for (let index = 0; index < batch.records; index += 1) {
        if (!this.#isStopped && !this.#dropped.has(batch.slot(index))) return true
      }
      for (let index = 0; index < batch.records; index += 1) this.#reports.settle(batch, index, NOT_RUN)
      return false
    })
  }
}

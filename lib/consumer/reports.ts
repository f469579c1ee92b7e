import type { Batch, Fate } from './batch.ts'

/** The native side as a runner sees it. */
export interface Completions {
  completeAll(batch: number): void
  complete(batch: number, outcomes: Uint32Array): void
}

/**
 * Tells the native side what became of records: a batch at a time, and at the end of a turn of the event loop for
 * batches of which something is left.
 */
export class Reports {
  readonly #completions: Completions
  /** Batches of which something is to be told and not all is settled. */
  readonly #partial = new Set<Batch>()
  /** Batches of which something is left. */
  readonly open = new Set<Batch>()
  #isDue = false

  constructor(completions: Completions) {
    this.#completions = completions
  }

  /** A record's last fate. */
  settle(batch: Batch, index: number, fate: Fate): void {
    if (!batch.settle(index, fate)) {
      this.#note(batch)
      return
    }
    this.#partial.delete(batch)
    this.open.delete(batch)
    if (batch.isPlain) this.#completions.completeAll(batch.id)
    else this.#report(batch)
  }

  /** A record waits for something other than a worker. */
  hold(batch: Batch, index: number): void {
    if (batch.hold(index)) this.#note(batch)
  }

  /** Tells at once what is known of a batch. */
  flush(batch: Batch): void {
    if (this.#partial.delete(batch)) this.#report(batch)
  }

  #note(batch: Batch): void {
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

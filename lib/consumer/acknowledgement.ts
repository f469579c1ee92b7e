import type { Batch } from './batch.ts'

/** What the handler of one attempt says of its record, where it commits by hand. */
export class Acknowledgement {
  readonly batch: Batch
  readonly index: number
  isGiven = false
  /** Finishes the record, once its handler has ended. */
  finish: (() => void) | undefined
  /** The attempt failed, or its record was given back. */
  isLate = false

  constructor(batch: Batch, index: number) {
    this.batch = batch
    this.index = index
  }

  /** False when it comes too late to count. */
  give(): boolean {
    if (this.isLate) return false
    if (this.isGiven) return true
    this.isGiven = true
    this.finish?.()
    return true
  }
}

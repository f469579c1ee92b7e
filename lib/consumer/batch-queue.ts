import { Fifo } from '../fifo.ts'
import type { Batch } from './batch.ts'
import { type Item, itemsOf, split } from './items.ts'

/** What a batch handler is to get, in order, and the records of paused slots, which are put aside when their turn comes. */
export class BatchQueue {
  readonly #batches = new Fifo<Batch>()
  /** What was put aside and may go on: it comes before the batches. */
  readonly #continued = new Fifo<readonly Item[]>()
  /** Records of paused slots, as they came. */
  readonly #aside = new Fifo<readonly Item[]>()
  readonly #paused = new Set<number>()
  /** They are paused until the next call, so that nothing that was put aside is overtaken. */
  readonly #resumed = new Set<number>()

  push(batch: Batch): void {
    this.#batches.push(batch)
  }

  pause(slots: Iterable<number>): void {
    for (const slot of slots) {
      this.#paused.add(slot)
      this.#resumed.delete(slot)
    }
  }

  resume(slots: Iterable<number>): void {
    for (const slot of slots) if (this.#paused.has(slot)) this.#resumed.add(slot)
  }

  /** These slots are gone. */
  forget(slots: Iterable<number>): void {
    for (const slot of slots) {
      this.#paused.delete(slot)
      this.#resumed.delete(slot)
    }
  }

  get paused(): ReadonlySet<number> {
    return this.#paused
  }

  /** Something is to come that is not put aside. */
  get hasMore(): boolean {
    return this.#continued.length > 0 || this.#batches.length > 0
  }

  /** How many records are put aside. */
  get aside(): number {
    return [...this.#aside].reduce((sum, items) => sum + items.length, 0)
  }

  /** The records that are known one by one. */
  *items(): Iterable<Item> {
    for (const items of [...this.#continued, ...this.#aside]) yield* items
  }

  /** What comes next, of slots that are paused as well. */
  next(): readonly Item[] | undefined {
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

  /** Puts aside those of paused slots, and gives them and those that may be handled now. */
  putAside(items: readonly Item[]): [aside: Item[], startable: Item[]] {
    const parts = split(items, ({ slot }) => this.#paused.has(slot))
    if (parts[0].length > 0) this.#aside.push(parts[0])
    return parts
  }

  /** These come before all else. */
  putFirst(groups: Iterable<readonly Item[]>): void {
    const later = this.#continued.clear()
    for (const items of [...groups, ...later]) this.#continued.push(items)
  }

  /**
   * Keeps what may still be handled.
   *
   * @param live Those of some records.
   * @param isLeft Whether anything of a batch is.
   */
  sift(live: (items: readonly Item[]) => Item[], isLeft: (batch: Batch) => boolean): void {
    for (const waiting of [this.#aside, this.#continued]) {
      for (const items of waiting.clear()) {
        const left = live(items)
        if (left.length > 0) waiting.push(left)
      }
    }
    this.#batches.filter(isLeft)
  }
}

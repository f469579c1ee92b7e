import { type Clock, systemClock } from '../clock.ts'
import type { BlockingRecord, Known } from './blocking.ts'
import type { Item } from './items.ts'

/** The wait of some records of a batch handler before they are tried again. */
export class BackOff {
  readonly #clock: Clock
  readonly #isVain: (items: Iterable<Item>) => boolean
  #items: Iterable<Item> = []
  #doing: BlockingRecord['doing'] = 'retry'
  #dueMs = 0
  #end: (() => void) | undefined

  /** @param isVain Whether none of the records may run any more. */
  constructor(clock: Clock = systemClock, isVain: (items: Iterable<Item>) => boolean) {
    this.#clock = clock
    this.#isVain = isVain
  }

  /** Waits so long, and no longer than one of the records may run. */
  async wait(ms: number, items: Iterable<Item>, doing: BlockingRecord['doing'] = 'retry'): Promise<void> {
    if (ms === 0 || this.#isVain(items)) return
    this.#items = items
    this.#doing = doing
    this.#dueMs = this.#clock.now() + ms
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve)
      this.#end = () => {
        cancel()
        resolve()
      }
    })
    this.#items = []
    this.#end = undefined
  }

  /** Ends the wait where it is in vain. */
  wake(): void {
    if (this.#end !== undefined && this.#isVain(this.#items)) this.#end()
  }

  /** The records that wait. */
  *known(): Iterable<Known> {
    for (const { batch, index, history } of this.#items) {
      yield { batch, index, history, doing: this.#doing, dueMs: this.#dueMs }
    }
  }
}

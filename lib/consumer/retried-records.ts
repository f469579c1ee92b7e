import { MAX_DELAY_MS } from '../delay.ts'
import { readRetry } from '../delivery/retry-record.ts'
import type { Block } from './block.ts'
import { type Place, RecordContext } from './record.ts'
import type { History, Retried } from './runner.ts'

/** Reads from the headers of the records of retry topics when they are due, and what they were before. */
export class RetriedRecords implements Retried {
  readonly #now: () => number

  /** @param now The time of day, in milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  waitMs(block: Block, row: number, place: Place): number | undefined {
    const state = stateOf(block, row, place)
    // written by hand: there is nothing to wait for
    if (state === undefined) return 0
    // topic `a.b` of group `c` has the retry topics of topic `a` of group `b.c`
    if (state.group !== place.group) return undefined
    return Math.min(Math.max(0, state.dueMs - this.#now()), MAX_DELAY_MS)
  }

  origin(block: Block, row: number, place: Place): { block: Block; place: Place; history?: History } {
    const state = stateOf(block, row, place)
    if (state === undefined) return { block: block.pick([row]), place }
    const { topic, partition, offset, timestamp, ...history } = state
    return { block: block.moved(row, offset, timestamp), place: { ...place, topic, partition }, history }
  }
}

function stateOf(block: Block, row: number, place: Place) {
  return readRetry(new RecordContext(block, row, place).rawHeaders)
}

import type { Batch } from './batch.ts'
import type { History } from './runner.ts'

/** A record of a batch for a batch handler. */
export interface Item {
  readonly batch: Batch
  readonly index: number
  readonly slot: number
  history: History | undefined
  /** Once it was asked for. */
  key?: string
}

/** What is left of a batch. */
export function itemsOf(batch: Batch): Item[] {
  const items: Item[] = []
  for (let index = 0; index < batch.records; index += 1) {
    if (!batch.hasEnded(index)) items.push({ batch, index, slot: batch.slot(index), history: undefined })
  }
  return items
}

export function split<T>(all: readonly T[], fits: (one: T) => boolean): [those: T[], others: T[]] {
  const parts: [T[], T[]] = [[], []]
  for (const one of all) parts[fits(one) ? 0 : 1].push(one)
  return parts
}

/** In groups of those that came together. */
export function byBatch(items: readonly Item[]): Item[][] {
  const groups: Item[][] = []
  for (const item of items) {
    const group = groups.at(-1)
    if (group?.[0]?.batch === item.batch) group.push(item)
    else groups.push([item])
  }
  return groups
}

/** The first of each key. */
export function firsts(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const found = new Map<string, Item>()
  for (const item of items) {
    const key = keyOf(item)
    if (!found.has(key)) found.set(key, item)
  }
  return [...found.values()]
}

import assert from 'node:assert/strict'
import type { Completions } from '../../lib/consumer/reports.ts'

export type Fate = 'done' | 'failed' | 'not run'
const FATES: readonly Fate[] = ['done', 'failed', 'not run']

/** The native side of a runner: notes what it is told of each record, and fails when it is told twice. */
export class FakeCompletions implements Completions {
  /** By batch and index, as `batch/index`. */
  readonly fates = new Map<string, Fate>()
  /** Records that wait, by batch and index. */
  readonly held = new Set<string>()
  /** Calls that said all of a batch at once. */
  wholeBatches = 0
  readonly #sizes = new Map<number, number>()

  /** Notes how many records a batch has. */
  expect(batch: number, records: number): void {
    this.#sizes.set(batch, records)
  }

  completeAll(batch: number): void {
    this.wholeBatches += 1
    for (let index = 0; index < (this.#sizes.get(batch) ?? 0); index += 1) this.#note(batch, index, 'done')
  }

  complete(batch: number, outcomes: Uint32Array): void {
    for (const outcome of outcomes) {
      const fate = FATES[outcome & 3]
      if (fate === undefined) this.#hold(batch, outcome >> 2)
      else this.#note(batch, outcome >> 2, fate)
    }
  }

  #hold(batch: number, index: number): void {
    const record = `${batch}/${index}`
    assert.equal(this.held.has(record) || this.fates.has(record), false, `${record} is held twice, or after its end`)
    this.held.add(record)
  }

  #note(batch: number, index: number, fate: Fate): void {
    const record = `${batch}/${index}`
    assert.equal(this.fates.has(record), false, `${record} is reported twice`)
    assert.ok(index < (this.#sizes.get(batch) ?? 0), `${record} is not there`)
    this.fates.set(record, fate)
  }

  /** How many records have each fate. */
  get counts(): Record<Fate, number> {
    const counts = { done: 0, failed: 0, 'not run': 0 }
    for (const fate of this.fates.values()) counts[fate] += 1
    return counts
  }
}

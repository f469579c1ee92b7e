import type { NativeBatch } from '../native.ts'
import { Block } from './block.ts'

/** A record's fate, as the native side takes it. */
export const DONE = 0
export const FAILED = 1
export const NOT_RUN = 2
/** It waits, for a retry or behind a record of its lane that does; its last fate comes later. */
export const HELD = 3

/** A fate that a record ends with. */
export type Fate = typeof DONE | typeof FAILED | typeof NOT_RUN

const PENDING = 4
/** Held, and the native side knows. */
const KNOWN_HELD = 5
/** Added to a last fate once it was reported. */
const REPORTED = 8

/**
 * A batch of records as they crossed, and what became of each. Records are known by their index in the batch; their
 * content is in `block`, at `row(index)`, which both change when the batch is compacted.
 */
export class Batch {
  readonly id: number
  readonly records: number
  block: Block
  /** The first record that was not taken yet. */
  cursor = 0
  /** By row. */
  #fates: Uint8Array
  /** The rows of what is left, by index, once compacted. */
  #rows: Map<number, number> | undefined
  #left: number
  #isPlain = true

  constructor({ id, records, block }: NativeBatch) {
    this.id = id
    this.records = records
    this.block = new Block(records, block)
    this.#fates = new Uint8Array(records).fill(PENDING)
    this.#left = records
  }

  /** Where the block has a record that has no last fate yet. */
  row(index: number): number {
    return this.#rows === undefined ? index : (this.#rows.get(index) as number)
  }

  slot(index: number): number {
    return this.block.slot(this.row(index))
  }

  lane(index: number): number {
    return this.block.lane(this.row(index))
  }

  /** Notes a record's last fate; true when it was the last record of the batch. */
  settle(index: number, fate: Fate): boolean {
    this.#fates[this.row(index)] = fate
    if (fate !== DONE) this.#isPlain = false
    this.#left -= 1
    return this.#left === 0
  }

  /** Notes that a record waits; false when that is known. */
  hold(index: number): boolean {
    const row = this.row(index)
    if (this.#fates[row] !== PENDING) return false
    this.#fates[row] = HELD
    return true
  }

  /** Whether a record has its last fate. */
  hasEnded(index: number): boolean {
    const fate = this.#fates[this.row(index)]
    return fate === undefined || fate < HELD || fate >= REPORTED
  }

  /** Whether all records have their last fate. */
  get isOver(): boolean {
    return this.#left === 0
  }

  /** How many records are held and have no last fate yet. */
  get held(): number {
    const fates = this.#fates
    let held = 0
    // every probe asks: with a function for each record it takes five times as long
    for (let row = 0; row < fates.length; row += 1) if (fates[row] === HELD || fates[row] === KNOWN_HELD) held += 1
    return held
  }

  /** Everything was handled and nothing reported yet: one number says it all. */
  get isPlain(): boolean {
    return this.#isPlain
  }

  /** The fates that were not reported yet, packed for the native side; undefined when there are none. */
  unreported(): Uint32Array | undefined {
    const packed: number[] = []
    if (this.#rows === undefined) {
      for (let index = 0; index < this.records; index += 1) this.#report(index, index, packed)
    } else {
      for (const [index, row] of this.#rows) this.#report(index, row, packed)
    }
    if (packed.length === 0) return undefined
    this.#isPlain = false
    return Uint32Array.from(packed)
  }

  #report(index: number, row: number, packed: number[]): void {
    const fate = this.#fates[row] as number
    if (fate >= PENDING) return
    packed.push(index * 4 + fate)
    this.#fates[row] = fate === HELD ? KNOWN_HELD : fate + REPORTED
  }

  /**
   * Keeps the memory of no more than the records that are left, where that is a small part: one record that waits must
   * not hold a thousand others. To be called when everything was reported.
   */
  compact(): void {
    if (this.#left > this.#fates.length / 4) return
    const indexes = (this.#rows === undefined ? [...this.#fates.keys()] : [...this.#rows.keys()]).filter(
      (index) => (this.#fates[this.row(index)] as number) < REPORTED,
    )
    const rows = indexes.map((index) => this.row(index))
    this.block = this.block.pick(rows)
    this.#fates = Uint8Array.from(rows, (row) => this.#fates[row] as number)
    this.#rows = new Map(indexes.map((index, row) => [index, row]))
  }
}

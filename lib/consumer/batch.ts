import type { NativeBatch } from '../native.ts'

/** Numbers of a record's row; src/core/consumer/batch.rs writes them. */
const ROW = 6
const FIXED_BYTES = 16 + ROW * 4

/** A record's fate, as the native side takes it. */
export const DONE = 0
export const FAILED = 1
export const NOT_RUN = 2
const PENDING = 3
/** Added to a fate once it was reported. */
const REPORTED = 4

/**
 * Records as they crossed, in one block of memory that the native side does not touch any more. Fields are read when
 * they are asked for. The block lives as long as any context of its records.
 */
export class Batch {
  readonly id: number
  readonly records: number
  readonly bytes: Buffer
  /** The first record that was not taken yet. */
  cursor = 0
  readonly #offsets: Float64Array
  readonly #rows: Int32Array
  readonly #fates: Uint8Array
  #left: number
  #isPlain = true

  constructor({ id, records, block }: NativeBatch) {
    this.id = id
    this.records = records
    const { buffer, byteOffset } = block
    this.#offsets = new Float64Array(buffer, byteOffset, records * 2)
    this.#rows = new Int32Array(buffer, byteOffset + records * 16, records * ROW)
    this.bytes = block.subarray(records * FIXED_BYTES)
    this.#fates = new Uint8Array(records).fill(PENDING)
    this.#left = records
  }

  offset(index: number): number {
    return this.#offsets[index] as number
  }

  /** Milliseconds since the epoch, -1 where the record has none. */
  timestamp(index: number): number {
    return this.#offsets[this.records + index] as number
  }

  /** Stands for the partition while it is assigned. */
  slot(index: number): number {
    return this.#rows[index * ROW] as number
  }

  /** Records of one lane run one after the other; -1 is none. */
  lane(index: number): number {
    return this.#rows[index * ROW + 1] as number
  }

  /** Where the record's bytes start: key, value, headers. */
  start(index: number): number {
    return this.#rows[index * ROW + 2] as number
  }

  /** -1 for null. */
  keyLength(index: number): number {
    return this.#rows[index * ROW + 3] as number
  }

  /** -1 for a tombstone. */
  valueLength(index: number): number {
    return this.#rows[index * ROW + 4] as number
  }

  headersLength(index: number): number {
    return this.#rows[index * ROW + 5] as number
  }

  valueStart(index: number): number {
    return this.start(index) + Math.max(this.keyLength(index), 0)
  }

  /** Notes a record's fate; true when it was the last of the batch. */
  settle(index: number, fate: typeof DONE | typeof FAILED | typeof NOT_RUN): boolean {
    this.#fates[index] = fate
    if (fate !== DONE) this.#isPlain = false
    this.#left -= 1
    return this.#left === 0
  }

  /** Everything was handled and nothing reported yet: one number says it all. */
  get isPlain(): boolean {
    return this.#isPlain
  }

  /** The fates that were not reported yet, packed for the native side; undefined when there are none. */
  unreported(): Uint32Array | undefined {
    const packed: number[] = []
    for (let index = 0; index < this.records; index += 1) {
      const fate = this.#fates[index] as number
      if (fate >= PENDING) continue
      packed.push(index * 4 + fate)
      this.#fates[index] = fate + REPORTED
    }
    if (packed.length === 0) return undefined
    this.#isPlain = false
    return Uint32Array.from(packed)
  }
}

/** Numbers of a record's row; src/core/consumer/batch.rs writes them. */
const ROW = 6
const FIXED_BYTES = 16 + ROW * 4

/**
 * The records of a batch in one block of memory, by row. Nothing changes it, so it serves as long as any context of its
 * records lives. Fields are read when they are asked for.
 */
export class Block {
  readonly bytes: Buffer
  readonly #records: number
  readonly #offsets: Float64Array
  readonly #rows: Int32Array

  /** @param memory As the native side packed it; it does not touch it any more. */
  constructor(records: number, memory: Buffer) {
    const { buffer, byteOffset } = memory
    this.#records = records
    this.#offsets = new Float64Array(buffer, byteOffset, records * 2)
    this.#rows = new Int32Array(buffer, byteOffset + records * 16, records * ROW)
    this.bytes = memory.subarray(records * FIXED_BYTES)
  }

  offset(row: number): number {
    return this.#offsets[row] as number
  }

  /** Milliseconds since the epoch, -1 where the record has none. */
  timestamp(row: number): number {
    return this.#offsets[this.#records + row] as number
  }

  /** Stands for the partition while it is assigned. */
  slot(row: number): number {
    return this.#rows[row * ROW] as number
  }

  /** Records of one lane run one after the other; -1 is none. */
  lane(row: number): number {
    return this.#rows[row * ROW + 1] as number
  }

  /** Where the record's bytes start: key, value, headers. */
  start(row: number): number {
    return this.#rows[row * ROW + 2] as number
  }

  /** -1 for null. */
  keyLength(row: number): number {
    return this.#rows[row * ROW + 3] as number
  }

  /** -1 for a tombstone. */
  valueLength(row: number): number {
    return this.#rows[row * ROW + 4] as number
  }

  headersLength(row: number): number {
    return this.#rows[row * ROW + 5] as number
  }

  valueStart(row: number): number {
    return this.start(row) + Math.max(this.keyLength(row), 0)
  }

  /** A block of some of the rows alone, in memory of its own. */
  pick(rows: readonly number[]): Block {
    const count = rows.length
    const sizes = rows.map((row) => this.#end(row) - this.start(row))
    const memory = new Uint8Array(count * FIXED_BYTES + sizes.reduce((sum, size) => sum + size, 0))
    const offsets = new Float64Array(memory.buffer, 0, count * 2)
    const numbers = new Int32Array(memory.buffer, count * 16, count * ROW)
    let at = 0
    rows.forEach((row, index) => {
      offsets[index] = this.offset(row)
      offsets[count + index] = this.timestamp(row)
      numbers.set(this.#rows.subarray(row * ROW, (row + 1) * ROW), index * ROW)
      numbers[index * ROW + 2] = at
      this.bytes.copy(memory, count * FIXED_BYTES + at, this.start(row), this.#end(row))
      at += sizes[index] as number
    })
    return new Block(count, Buffer.from(memory.buffer))
  }

  /** A block of one row, in memory of its own, as the record was at another place. */
  moved(row: number, offset: number, timestamp: number): Block {
    const block = this.pick([row])
    block.#offsets.set([offset, timestamp])
    return block
  }

  #end(row: number): number {
    return this.valueStart(row) + Math.max(this.valueLength(row), 0) + this.headersLength(row)
  }
}

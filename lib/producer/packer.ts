import type { HeaderList } from '../message.ts'

/** A key or value as it is sent; text as UTF-8. */
export type Bytes = string | Buffer | null

/** The records of one call to send, as columns; a column that no record uses is undefined. */
export interface Columns {
  readonly values: readonly Bytes[]
  readonly keys: readonly Bytes[] | undefined
  readonly headers: ReadonlyArray<HeaderList | undefined> | undefined
  readonly partitions: ReadonlyArray<number | undefined> | undefined
  readonly timestamps: ReadonlyArray<number | undefined> | undefined
}

/** Numbers of a record's row; src/core/producer/packed.rs reads them. */
const ROW = 5
const FIRST_ARENA_BYTES = 64 * 1024
/** Bytes of UTF-8 for a unit of a string. */
const LONGEST_CHARACTER = 3
/**
 * Characters after which gathered text is written: V8 flattens it first, and a flat string of more than 128 KiB would
 * be a large object, whose pages are fresh from the system each time.
 */
const TEXT_CHARACTERS = 64 * 1024

/**
 * Puts records into one arena and one array of numbers, for one crossing. It is used again and again: the native side
 * has copied everything when its call returns.
 *
 * Text is gathered and written in one go: a call for each key and value would cost more than all of the bytes.
 */
export class Packer {
  #arena = Buffer.allocUnsafeSlow(FIRST_ARENA_BYTES)
  #rows = new Int32Array(1024 * ROW)
  #timestamps = new Float64Array(0)
  #records = 0
  #bytes = 0
  #hasTimestamps = false
  /** Text that is not in the arena yet, and the cells that hold the lengths of its parts. */
  #text = ''
  #parts: string[] = []
  #cells: number[] = []

  get records(): number {
    return this.#records
  }

  /** Bytes so far, counting text by its characters. */
  get size(): number {
    return this.#bytes + this.#text.length
  }

  get arena(): Buffer {
    this.#writeText()
    return this.#arena.subarray(0, this.#bytes)
  }

  get rows(): Int32Array {
    return this.#rows.subarray(0, this.#records * ROW)
  }

  /** Timestamps of all records, 0 for those without one; undefined if none has one. */
  get timestamps(): Float64Array | undefined {
    return this.#hasTimestamps ? this.#timestamps.subarray(0, this.#records) : undefined
  }

  clear(): void {
    this.#records = 0
    this.#bytes = 0
    this.#hasTimestamps = false
    if (this.#arena.length > 16 * FIRST_ARENA_BYTES) this.#arena = Buffer.allocUnsafeSlow(FIRST_ARENA_BYTES)
  }

  /** Adds one record of `columns`. */
  add(topicIndex: number, columns: Columns, index: number): void {
    if (this.#text.length >= TEXT_CHARACTERS) this.#writeText()
    const cell = this.#records * ROW
    if (cell + ROW > this.#rows.length) this.#growRows()
    const rows = this.#rows
    rows[cell] = topicIndex
    rows[cell + 1] = columns.partitions?.[index] ?? -1
    rows[cell + 2] = this.#put(columns.keys === undefined ? null : (columns.keys[index] ?? null), cell + 2)
    rows[cell + 3] = this.#put(columns.values[index] ?? null, cell + 3)
    const headers = columns.headers?.[index]
    rows[cell + 4] = headers === undefined || headers.length === 0 ? 0 : this.#putHeaders(headers)
    const timestamp = columns.timestamps?.[index]
    if (timestamp !== undefined) this.#setTimestamp(timestamp)
    else if (this.#hasTimestamps) this.#setTimestamp(0)
    this.#records += 1
  }

  #put(bytes: Bytes, cell: number): number {
    if (bytes === null) return -1
    if (typeof bytes === 'string') {
      this.#text += bytes
      this.#parts.push(bytes)
      this.#cells.push(cell)
      return bytes.length
    }
    this.#writeText()
    return this.#write(bytes)
  }

  /** For each header: name length, value length (-1 is null), name, value. */
  #putHeaders(headers: HeaderList): number {
    this.#writeText()
    const start = this.#bytes
    for (const [name, value] of headers) this.#putHeader(name, value)
    return this.#bytes - start
  }

  /** Into the arena at once: a Buffer for each of the parts would cost several times the bytes. */
  #putHeader(name: string, value: Bytes): void {
    const valueRoom = typeof value === 'string' ? value.length * LONGEST_CHARACTER : (value?.length ?? 0)
    this.#reserve(8 + name.length * LONGEST_CHARACTER + valueRoom)
    const arena = this.#arena
    const start = this.#bytes
    const valueStart = start + 8 + arena.write(name, start + 8, 'utf8')
    let end = valueStart
    if (typeof value === 'string') end += arena.write(value, valueStart, 'utf8')
    else if (value !== null) end += value.copy(arena, valueStart)
    arena.writeInt32LE(valueStart - start - 8, start)
    arena.writeInt32LE(value === null ? -1 : end - valueStart, start + 4)
    this.#bytes = end
  }

  #write(bytes: Buffer): number {
    this.#reserve(bytes.length)
    bytes.copy(this.#arena, this.#bytes)
    this.#bytes += bytes.length
    return bytes.length
  }

  #writeText(): void {
    const text = this.#text
    if (this.#parts.length === 0) return
    // Room for one character more: text that is cut short then cannot look as if it were ASCII that fits.
    this.#reserve(text.length + 4)
    let written = this.#arena.write(text, this.#bytes, 'utf8')
    if (written !== text.length) {
      // Not ASCII alone: the lengths are not those of the strings.
      this.#reserve(Buffer.byteLength(text))
      written = this.#arena.write(text, this.#bytes, 'utf8')
      for (let part = 0; part < this.#parts.length; part += 1) {
        this.#rows[this.#cells[part] as number] = Buffer.byteLength(this.#parts[part] as string)
      }
    }
    this.#bytes += written
    this.#text = ''
    this.#parts = []
    this.#cells = []
  }

  #reserve(bytes: number): void {
    const needed = this.#bytes + bytes
    if (needed <= this.#arena.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#arena.length * 2))
    this.#arena.copy(larger, 0, 0, this.#bytes)
    this.#arena = larger
  }

  #growRows(): void {
    const larger = new Int32Array(this.#rows.length * 2)
    larger.set(this.#rows)
    this.#rows = larger
  }

  #setTimestamp(timestamp: number): void {
    if (this.#timestamps.length <= this.#records) {
      const larger = new Float64Array(Math.max(1024, this.#timestamps.length * 2, this.#records + 1))
      larger.set(this.#timestamps)
      this.#timestamps = larger
    }
    if (!this.#hasTimestamps) {
      this.#timestamps.fill(0)
      this.#hasTimestamps = true
    }
    this.#timestamps[this.#records] = timestamp
  }
}

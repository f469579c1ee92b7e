import { Batch } from '../../lib/consumer/batch.ts'

export interface BatchRecord {
  slot?: number
  /** -1: it waits for no other. */
  lane?: number
  offset?: number
  timestamp?: number
  key?: string | Buffer | null
  value?: string | Buffer | null
  headers?: ReadonlyArray<readonly [name: string, value: string | Buffer | null]>
}

/** A batch as src/core/consumer/batch.rs packs it. */
export function batchOf(id: number, records: readonly BatchRecord[], subscription = 1): Batch {
  const count = records.length
  const numbers = new Float64Array(count * 2)
  const rows = new Int32Array(count * 6)
  const parts: Buffer[] = []
  let at = 0
  const put = (bytes: string | Buffer | null): number => {
    if (bytes === null) return -1
    const buffer = Buffer.from(bytes)
    parts.push(buffer)
    at += buffer.length
    return buffer.length
  }
  records.forEach((record, index) => {
    const { slot = 0, lane = -1, offset = index, timestamp = -1, key = null, value = null, headers = [] } = record
    numbers[index] = offset
    numbers[count + index] = timestamp
    const start = at
    const [keyLength, valueLength] = [put(key), put(value)]
    const headersStart = at
    for (const [name, headerValue] of headers) {
      const lengths = Buffer.alloc(8)
      lengths.writeInt32LE(Buffer.byteLength(name), 0)
      lengths.writeInt32LE(headerValue === null ? -1 : Buffer.byteLength(headerValue), 4)
      put(lengths)
      put(name)
      put(headerValue)
    }
    rows.set([slot, lane, start, keyLength, valueLength, at - headersStart], index * 6)
  })
  const bytes = Buffer.concat([Buffer.from(numbers.buffer), Buffer.from(rows.buffer), ...parts])
  // a buffer of its own: the batch reads numbers at its beginning
  const block = Buffer.from(new Uint8Array(bytes).buffer)
  return new Batch({ subscription, id, records: count, block })
}

import { Block } from '../consumer/block.ts'
import type { HeaderList } from '../message.ts'
import type { Bytes } from '../producer/packer.ts'

/** A record that did not come from a broker. */
export interface LocalRecord {
  readonly key: Bytes
  readonly value: Bytes
  readonly headers: HeaderList
  readonly offset: number
  readonly timestamp: number
}

/** The block of one record, as src/core/consumer/batch.rs packs it. */
export function blockOf({ key, value, headers, offset, timestamp }: LocalRecord): Block {
  const parts: Buffer[] = []
  const put = (bytes: Bytes): number => {
    if (bytes === null) return -1
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    parts.push(buffer)
    return buffer.length
  }
  const [keyLength, valueLength] = [put(key), put(value)]
  const before = Buffer.concat(parts).length
  for (const [name, text] of headers) {
    const lengths = Buffer.alloc(8)
    parts.push(lengths)
    lengths.writeInt32LE(put(name), 0)
    lengths.writeInt32LE(put(text), 4)
  }
  const bytes = Buffer.concat(parts)
  const fixed = Buffer.concat([
    Buffer.from(Float64Array.of(offset, timestamp).buffer),
    Buffer.from(Int32Array.of(0, -1, 0, keyLength, valueLength, bytes.length - before).buffer),
  ])
  // memory of its own: the block reads numbers at its beginning
  const memory = new Uint8Array(fixed.length + bytes.length)
  memory.set(fixed)
  memory.set(bytes, fixed.length)
  return new Block(1, Buffer.from(memory.buffer))
}

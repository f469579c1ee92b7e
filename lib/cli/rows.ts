import type { RecordInput } from '../index.ts'
import { UsageError } from './exit.ts'

/** A record as one line of JSON. Bytes are text, or `{ base64 }` where they are no UTF-8. */
interface Row {
  topic?: string
  key?: unknown
  value?: unknown
  /** Pairs, as repeated headers need, or an object. */
  headers?: unknown
  /** Milliseconds since the epoch. */
  timestamp?: number
}

/**
 * A record from a line: a `value` that is neither text nor bytes is sent as JSON.
 *
 * @throws {@link UsageError} that names the line.
 */
export function fromRow(text: string, line: number): { topic: string | undefined; record: RecordInput } {
  let row: unknown
  try {
    row = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`line ${line} is no JSON: ${(error as Error).message}`)
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new UsageError(`line ${line} must be an object with value, and perhaps topic, key, headers, timestamp`)
  }
  const { topic, key, value, headers, timestamp } = row as Row
  if (value === undefined) throw new UsageError(`line ${line} has no value; null is a tombstone`)
  return {
    topic,
    record: {
      key: bytesIn(key ?? null),
      value: bytesIn(value),
      headers: headersIn(headers),
      ...(typeof timestamp === 'number' && timestamp > 0 && { timestamp }),
    },
  }
}

function bytesIn(value: unknown): string | Buffer | null {
  if (value === null || typeof value === 'string') return value
  const { base64, ...others } = Object(value) as { base64?: unknown }
  if (typeof base64 === 'string' && Object.keys(others).length === 0) return Buffer.from(base64, 'base64')
  return JSON.stringify(value)
}

function headersIn(headers: unknown): Record<string, Array<string | Buffer | null>> {
  const all: Record<string, Array<string | Buffer | null>> = Object.create(null)
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {})
  for (const pair of pairs) {
    const [name, value] = pair as [string, unknown]
    all[name] = [...(all[name] ?? []), bytesIn(value)]
  }
  return all
}

import { isUtf8 } from 'node:buffer'
import type { HeadersInput, RecordContext, RecordInput } from '../index.ts'
import { UsageError } from './exit.ts'
import { jsonLine } from './output.ts'

/** A record as one line of JSON. Bytes are text, or `{ base64 }` where they are no UTF-8. */
interface Row {
  topic?: string
  partition?: number
  offset?: number
  key?: unknown
  value?: unknown
  /** Pairs, as repeated headers need, or an object. */
  headers?: unknown
  /** Milliseconds since the epoch. */
  timestamp?: number
}

/** A record as a line, of which {@link fromRow} makes the same bytes again. */
export function toRow({ topic, partition, offset, timestamp, rawKey, rawValue, rawHeaders }: RecordContext): string {
  const headers = rawHeaders.map(([name, value]) => [name, shown(value)])
  const row = { topic, partition, offset, timestamp, key: shown(rawKey), value: shown(rawValue), headers }
  // also what some tools take for ends of lines
  return `${jsonLine(row satisfies Row)}\n`
}

function shown(bytes: Buffer | null): string | { base64: string } | null {
  if (bytes === null) return null
  return isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') }
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
    throw new UsageError(
      `line ${line} must be an object with value, and perhaps topic, partition, key, headers, timestamp`,
    )
  }
  const { topic, partition, key, value, headers, timestamp } = row as Row
  if (value === undefined) throw new UsageError(`line ${line} has no value; null is a tombstone`)
  return {
    topic,
    record: {
      key: bytesIn(key ?? null),
      value: bytesIn(value),
      headers: headersIn(headers, line),
      ...(partition !== undefined && { partition }),
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

function headersIn(headers: unknown, line: number): HeadersInput {
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {})
  return pairs.map((pair): [string, string | Buffer | null] => {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string') {
      throw new UsageError(`line ${line} must have headers as an object, or as pairs of a name and a value`)
    }
    return [pair[0], bytesIn(pair[1] ?? null)]
  })
}

import { isUtf8 } from 'node:buffer'
import { escapeForLog, isWellFormed, quote } from '../escape.ts'
import type { HeadersInput, RecordContext, RecordInput } from '../index.ts'
import { UsageError } from './exit.ts'
import { jsonLine } from './output.ts'

const AS_BASE64 = 'bytes that are no text are given as {"base64":"…"}'
const FIELDS = ['topic', 'partition', 'offset', 'key', 'value', 'headers', 'timestamp'] as const

/**
 * A record as one line of JSON. Bytes are text, or `{ base64 }` where they are no UTF-8. Headers are pairs, as repeated ones
 * need, or an object; the timestamp is in milliseconds since the epoch.
 */
type Row = Partial<Record<(typeof FIELDS)[number], unknown>>

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
 * A record from a line: a `value` that is neither text nor bytes is sent as JSON. The `offset` is where it was, and not used.
 *
 * @throws {@link UsageError} that names the line.
 */
export function fromRow(bytes: Buffer, line: number): { topic: string | undefined; record: RecordInput } {
  const { value, ...row } = rowIn(bytes, line)
  if (value === undefined) throw new UsageError(`line ${line} has no value; null is a tombstone`)
  const topic = optional(row.topic, isText, line, 'topic must be text')
  const partition = optional(row.partition, isPartition, line, 'partition must be a whole number from 0')
  const timestamp = optional(
    row.timestamp,
    isTimestamp,
    line,
    'timestamp must be whole milliseconds since the epoch, such as 1769853600000',
  )
  return {
    topic,
    record: {
      key: keyIn(row.key, line),
      value: value === null ? null : (bytesIn(value, line, 'value') ?? JSON.stringify(value)),
      headers: headersIn(row.headers, line),
      ...(partition !== undefined && { partition }),
      // what has no time has 0 or -1
      ...(timestamp !== undefined && timestamp > 0 && { timestamp }),
    },
  }
}

function rowIn(bytes: Buffer, line: number): Row {
  if (!isUtf8(bytes)) throw new UsageError(`line ${line} is not UTF-8: ${AS_BASE64}`)
  let row: unknown
  try {
    row = JSON.parse(bytes.toString())
  } catch (error) {
    throw new UsageError(`line ${line} is no JSON: ${(error as Error).message}`)
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new UsageError(
      `line ${line} must be an object with value, and perhaps topic, partition, key, headers, timestamp`,
    )
  }
  const unknown = Object.keys(row).find((name) => !(FIELDS as readonly string[]).includes(name))
  if (unknown === undefined) return row
  throw new UsageError(
    `line ${line} has the field ${quote(unknown, 60)}, which is not known. There are: ${FIELDS.join(', ')}`,
  )
}

/** @param rule What the field must be. */
function optional<T>(value: unknown, fits: (value: unknown) => value is T, line: number, rule: string): T | undefined {
  if (value === undefined || value === null) return undefined
  if (fits(value)) return value
  throw new UsageError(`line ${line}: ${rule}, not ${escapeForLog(JSON.stringify(value), 60)}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isPartition(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31
}

function isTimestamp(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= -1
}

/** Whole numbers, such as ids, are taken as `message().key()` takes them. */
function keyIn(key: unknown, line: number): string | Buffer | null {
  if (key === undefined || key === null) return null
  if (Number.isSafeInteger(key)) return String(key)
  const bytes = bytesIn(key, line, 'key')
  if (bytes !== undefined) return bytes
  throw new UsageError(`line ${line}: key must be text, a whole number, null or {"base64":"…"}; give JSON as text`)
}

/** Text, or the bytes of `{ base64 }`; undefined for anything else. */
function bytesIn(value: unknown, line: number, what: string): string | Buffer | undefined {
  if (typeof value === 'string') {
    if (isWellFormed(value)) return value
    throw new UsageError(`line ${line}: ${what} has half a character (a lone surrogate): ${AS_BASE64}`)
  }
  const { base64, ...others } = Object(value) as { base64?: unknown }
  if (typeof base64 !== 'string' || Object.keys(others).length > 0) return undefined
  const bytes = Buffer.from(base64, 'base64')
  // what is no base64 is left out there
  const read = base64
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={0,2}$/, '')
  if (bytes.toString('base64url') === read) return bytes
  throw new UsageError(
    `line ${line}: ${what} has a base64 that is none, or is cut short; encode the bytes again, or give text as it is`,
  )
}

function headersIn(headers: unknown, line: number): HeadersInput {
  if (typeof headers !== 'object' && headers !== undefined) throw headersError(line)
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {})
  return pairs.map((pair): [string, string | Buffer | null] => {
    const [name, value, ...others] = Array.isArray(pair) ? (pair as unknown[]) : []
    if (!isText(name) || value === undefined || others.length > 0) throw headersError(line)
    if (value === null) return [name, null]
    const header = `header ${quote(name, 60)}`
    const bytes = bytesIn(value, line, header)
    if (bytes !== undefined) return [name, bytes]
    throw new UsageError(
      `line ${line}: ${header} must be text, null or {"base64":"…"}; what is repeated goes into pairs`,
    )
  })
}

function headersError(line: number): UsageError {
  return new UsageError(`line ${line}: headers must be an object such as {"a":"b"}, or pairs such as [["a","b"]]`)
}

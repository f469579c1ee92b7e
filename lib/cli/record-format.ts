import type { RecordContext } from '../index.ts'
import { UsageError } from './exit.ts'

type Part = (record: RecordContext) => string | Buffer | null

const TOKENS: Readonly<Record<string, Part>> = {
  s: ({ rawValue }) => rawValue,
  S: ({ rawValue }) => sizeOf(rawValue),
  k: ({ rawKey }) => rawKey,
  K: ({ rawKey }) => sizeOf(rawKey),
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  T: ({ timestamp }) => String(timestamp),
  h: ({ rawHeaders }) => rawHeaders.map(([name, value]) => `${name}=${value ?? 'NULL'}`).join(','),
  '%': () => '%',
}
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' }

/**
 * kcat's format: `%s` value, `%k` key, `%S` and `%K` their sizes in bytes (-1 for none), `%t` topic, `%p` partition, `%o`
 * offset, `%T` time in milliseconds, `%h` headers; `\n`, `\r`, `\t` and `\x00`. Bytes go out as they are.
 *
 * @throws {@link UsageError} for another token.
 */
export function recordFormat(format: string): (record: RecordContext) => Buffer {
  const parts: Part[] = []
  for (const [piece] of format.matchAll(/%.?|\\x[0-9a-fA-F]{1,2}|\\.|[^%\\]+|\\/gs)) {
    const part = piece.startsWith('%') ? TOKENS[piece.slice(1)] : literal(piece)
    if (part === undefined) {
      throw new UsageError(`--format has "${piece}"; there are %s %S %k %K %t %p %o %T %h and %%`)
    }
    parts.push(part)
  }
  return (record) => Buffer.concat(parts.map((part) => bytesOf(part(record))))
}

function literal(piece: string): Part {
  const text = piece.startsWith('\\x') ? Buffer.from([Number.parseInt(piece.slice(2), 16)]) : unescaped(piece)
  return () => text
}

function unescaped(piece: string): string {
  return piece.startsWith('\\') ? (ESCAPES[piece.slice(1)] ?? piece) : piece
}

function bytesOf(text: string | Buffer | null): Buffer {
  return Buffer.isBuffer(text) ? text : Buffer.from(text ?? '')
}

function sizeOf(bytes: Buffer | null): string {
  return String(bytes?.length ?? -1)
}

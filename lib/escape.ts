import { isUtf8 } from 'node:buffer'
import { toBuffer } from './bytes.ts'

/** Control, format, line-separator characters and lone surrogates: whatever could forge, reorder or break a line of a log. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const DEFAULT_MAX_LENGTH = 256

/** Replaces unsafe characters by escapes that are valid in JSON too, so that it may be applied to JSON text. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (unsafe) => SHORT[unsafe] ?? escapeUnits(unsafe))
}

/** {@link escapeControls} for text of several lines, which stay apart. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}

/**
 * Makes a topic, key, header or any other foreign text safe to print: control characters (CR and LF, terminal
 * sequences), bidirectional overrides and lone surrogates become escapes, and long text is cut with its full
 * length named. Bytes that are not UTF-8 are shown as hexadecimal.
 */
export function escapeForLog(
  value: string | Uint8Array | null | undefined,
  maxLength: number = DEFAULT_MAX_LENGTH,
): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'string') return escapeBytes(value, maxLength)
  if (value.length <= maxLength) return escapeControls(value)
  return `${escapeControls(cut(value, maxLength))}… (${value.length} characters)`
}

/** {@link escapeForLog} between double quotes: how messages of errors show a value. */
export function quote(value: string | Uint8Array | null | undefined, maxLength?: number): string {
  if (value === null || value === undefined) return String(value)
  return `"${escapeForLog(value, maxLength)}"`
}

/** Whether the text has no lone surrogate, which UTF-8 cannot carry. */
export function isWellFormed(text: string): boolean {
  // ES2024, in V8 since Node 20: the compiler's `lib` is one year behind.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let index = 0; index < character.length; index += 1) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }
  return escaped
}

function escapeBytes(bytes: Uint8Array, maxLength: number): string {
  const buffer = toBuffer(bytes)
  const utf8 = isUtf8(buffer)
  // No character needs more than four bytes, so what this leaves out lies behind the cut.
  const text = utf8 ? buffer.toString('utf8', 0, maxLength * 4) : `0x${buffer.toString('hex', 0, maxLength)}`
  if (text.length <= maxLength) return escapeControls(text)
  return `${escapeControls(cut(text, maxLength))}… (${bytes.length} bytes)`
}

function cut(text: string, maxLength: number): string {
  const last = text.charCodeAt(maxLength - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? maxLength - 1 : maxLength)
}

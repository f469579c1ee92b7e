import { utf8 } from './bytes.ts'
import { redactText } from './redact.ts'

/** The most of an error's message or stack that is told to others, and of its name or code, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 4 * 1024
export const MAX_NAME_BYTES = 256
/** What is looked at of longer text: removing secrets from megabytes takes time, and only the start is shown. */
const MAX_REDACTED = 16 * MAX_TEXT_BYTES

/** A field of an error that may be anybody's: text or a number, or nothing. Does not throw. */
export function errorField(error: Error, field: 'name' | 'message' | 'stack' | 'code'): string | undefined {
  try {
    const value: unknown = (error as { readonly [name in typeof field]?: unknown })[field]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  } catch {
    return undefined
  }
}

/** The start of the text as UTF-8, without what looks like a secret. */
export function shownText(text: string, mostBytes: number): Buffer {
  return utf8(redactText(text.slice(0, MAX_REDACTED)), mostBytes)
}

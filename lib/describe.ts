import { quote } from './escape.ts'
import { redactText } from './redact.ts'

/** What kind of value it is, without its content, for messages of errors: `a string`, `an array`, `an object of type "Map"`. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name !== 'string' || name === '' || name === 'Object'
    ? 'an object'
    : `an object of type ${quote(name, 60)}`
}

/** {@link describeType} with the value itself where it is short to say. Not for secrets, nor for what people send. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return quote(redactText(value), 60)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `${value} (${describeType(value)})`
  }
  return describeType(value)
}

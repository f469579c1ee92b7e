import type { DecodeContext, EncodeContext } from '../codec.ts'
import { describeType } from '../describe.ts'
import { HEADERS } from '../headers.ts'
import type { HeadersInput } from '../message.ts'
import type { BaseEvent, EnvelopeFields } from './envelope.ts'

/** How events are written into records, and read out of them. What it throws is told with the place of the record. */
export interface Format {
  encode(event: BaseEvent, context: EncodeContext): string | Uint8Array
  decode(bytes: Buffer, context: DecodeContext): EnvelopeFields
  /** Beside those that every event has. */
  headers?(event: BaseEvent): HeadersInput
}

/** Names that mean something to objects: a field of a record that has one is left out. */
export const FORBIDDEN = ['__proto__', 'constructor', 'prototype']

/** An object out of a record. */
export type Fields = Readonly<Record<string, unknown>>

export function asObject(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new TypeError(`${what} is ${describeType(value)} and no object`)
}

/** A text; undefined where there is none. JSON has null for it too. */
export function textOf(value: unknown, name: string): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  if (value === undefined || value === null || value === '') return undefined
  throw new TypeError(`"${name}" is ${describeType(value)} and no text`)
}

/** A text that some write as a number, such as a version. */
export function textOrNumber(value: unknown, name: string): string | undefined {
  return typeof value === 'number' ? String(value) : textOf(value, name)
}

/** ISO 8601 text as it is; a number is milliseconds since the epoch. */
export function timeOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'number') return textOf(value, name)
  const date = new Date(value)
  if (!Number.isNaN(date.getTime())) return date.toISOString()
  throw new TypeError(`"${name}" is no time`)
}

export function numberOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || typeof value === 'number') return value ?? undefined
  throw new TypeError(`"${name}" is ${describeType(value)} and no number`)
}

export function objectOf(value: unknown, name: string): Fields | undefined {
  return value === undefined || value === null ? undefined : asObject(value, `"${name}"`)
}

/**
 * Finds the fields that a format does not know, in an object without prototype; undefined where it knows all. Records
 * of one sender have the same names, and to see that costs half of looking each up.
 */
export function unknownFieldsOf(known: ReadonlySet<string>): (given: Fields) => Fields | undefined {
  let allKnown: readonly string[] = []
  return (given) => {
    const names = Object.keys(given)
    if (isSame(names, allKnown)) return undefined
    let unknown: Record<string, unknown> | undefined
    for (const name of names) {
      if (known.has(name)) continue
      unknown ??= Object.create(null) as Record<string, unknown>
      unknown[name] = given[name]
    }
    if (unknown === undefined) allKnown = names
    return unknown
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false
  for (let index = 0; index < some.length; index += 1) if (some[index] !== others[index]) return false
  return true
}

type Headers = DecodeContext['headers']

/**
 * What stands in for the fields that a record does not have: its headers, its time, its place. The headers are handed
 * in, because a record decodes them all each time that it is asked.
 */
export const usual = {
  /** The same each time that the record is read, and as `dedupe` names it. */
  id: (headers: Headers, { topic, partition, offset }: DecodeContext): string =>
    headers[HEADERS.messageId] || `${topic}:${partition}:${offset}`,
  type(headers: Headers): string {
    const type = headers[HEADERS.eventType]
    if (type) return type
    throw new TypeError('it has no type, and so is no event')
  },
  version: '1.0',
  timestamp: ({ timestamp }: DecodeContext): string => new Date(Math.max(timestamp, 0)).toISOString(),
  source: (headers: Headers): string => headers[HEADERS.source] || 'unknown',
}

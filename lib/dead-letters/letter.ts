import type { RawHeader, RecordContext } from '../consumer/record.ts'
import { isOwnHeader } from '../delivery/dead-letter.ts'
import { HEADERS, DEAD_LETTER_HEADERS as NAMES } from '../headers.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'

/** A dead letter, as its headers tell it. Times are in milliseconds since the epoch. */
export interface DeadLetter {
  /** `topic/partition/offset/group` of its record: the same for each letter of a record in a group. */
  readonly id: string
  /** Where the letter is, and when it was written. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Where its record was; `timestamp` is -1 where the record had none. */
  readonly source: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly timestamp: number
  }
  /** The consumer group that could not handle it. */
  readonly group: string
  /** `permanent`, or `transient` where the retries were used up. */
  readonly class: string | undefined
  /** What the last error was. */
  readonly error: {
    readonly name: string
    readonly code: string | undefined
    readonly message: string
    readonly stack: string | undefined
  }
  readonly fingerprint: Fingerprint
  /** How often the record was handed to its handler. */
  readonly attempts: number
  /** How often it was replayed from a dead letter before. */
  readonly replays: number
  readonly firstFailure: number
  readonly lastFailure: number
  /** The record was too large for the topic of the letters: it has no value, and cannot be replayed from here. */
  readonly isTruncated: boolean
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The record's own headers. */
  readonly headers: readonly RawHeader[]
}

/** The letter that a record of a topic of dead letters is; undefined where it is none of narad's. */
export function readDeadLetter(record: RecordContext): DeadLetter | undefined {
  const { topic, partition, offset, timestamp, rawKey: key, rawValue: value, rawHeaders } = record
  const told = new Map(rawHeaders.map(([name, text]) => [name, text?.toString()]))
  const number = (name: string, otherwise = 0) => {
    const digits = told.get(name) ?? ''
    return /^\d{1,15}$/.test(digits) ? Number(digits) : otherwise
  }
  const [sourceTopic, group, id] = [told.get(NAMES.topic), told.get(NAMES.group), told.get(NAMES.id)]
  if (sourceTopic === undefined || group === undefined) return undefined
  const source = {
    topic: sourceTopic,
    partition: number(NAMES.partition),
    offset: number(NAMES.offset),
    timestamp: number(NAMES.sourceTimestamp, -1),
  }
  const headers = rawHeaders.filter(([name]) => !isOwnHeader(name))
  const error = {
    name: told.get(NAMES.name) ?? 'Error',
    code: told.get(NAMES.code),
    message: told.get(NAMES.message) ?? '',
    stack: told.get(NAMES.stack),
  }
  return {
    id: id ?? `${sourceTopic}/${source.partition}/${source.offset}/${group}`,
    ...{ topic, partition, offset, timestamp, source, group, key, value, headers, error },
    class: told.get(NAMES.class),
    fingerprint: fingerprintOf(error.name, error.stack, told.get(HEADERS.eventType) ?? typeIn(value)),
    attempts: number(NAMES.attempts, number(NAMES.deliveryCount)),
    replays: number(NAMES.replays),
    firstFailure: number(NAMES.firstFailure, timestamp),
    lastFailure: number(NAMES.lastFailure, timestamp),
    isTruncated: told.has(NAMES.truncated),
  }
}

/** The field `type` of a value that is a JSON object, as many events have it. */
function typeIn(value: Buffer | null): string | undefined {
  if (value === null || value[0] !== 0x7b) return undefined
  try {
    const { type } = JSON.parse(value.toString()) as { type?: unknown }
    return typeof type === 'string' ? type : undefined
  } catch {
    return undefined
  }
}

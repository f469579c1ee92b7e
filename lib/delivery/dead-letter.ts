import type { RecordContext } from '../consumer/record.ts'
import { errorField, MAX_NAME_BYTES, MAX_TEXT_BYTES, shownText } from '../error-text.ts'
import { DEAD_LETTER_HEADERS as NAMES } from '../headers.ts'
import type { HeaderList } from '../message.ts'
import type { Failure } from './failure.ts'
import { isRetryHeader } from './retry-record.ts'
import type { SideRecord } from './side-writer.ts'

/** What a dead letter takes from its record. */
export type LetterSource = Pick<
  RecordContext,
  'topic' | 'partition' | 'offset' | 'group' | 'timestamp' | 'rawKey' | 'rawValue' | 'rawHeaders'
>

/** What happened to a record until it was given up. */
export interface FailureHistory {
  /** The last one. */
  readonly failure: Failure
  /** How often the record was handed to its handler. */
  readonly attempts: number
  /** When the first attempt failed, in milliseconds since the epoch. */
  readonly firstFailureMs: number
  /** When the last attempt failed, in milliseconds since the epoch. */
  readonly lastFailureMs: number
}

/** The record's own bytes and headers, with headers that say where it was and why it is here. Does not throw. */
export function deadLetter(source: LetterSource, history: FailureHistory): SideRecord {
  const { rawKey: key, rawValue: value, rawHeaders } = source
  const kept = rawHeaders.filter(([name]) => !isOwnHeader(name))
  const replays = rawHeaders.findLast(([name]) => name === NAMES.replays)?.[1]?.toString('latin1') ?? ''
  return { key, value, headers: [...kept, ...placeOf(source), ...storyOf(source, history, replays)] }
}

/**
 * What is sent instead of a letter that is too large, the fullest first: without the value, and with nothing of the
 * record but its place.
 */
export function stubs({ key, value, headers }: SideRecord): SideRecord[] {
  const own = headers.filter(([name]) => !isOwnHeader(name))
  const size = own.reduce(
    (sum, [name, text]) => sum + Buffer.byteLength(name) + byteLength(text),
    byteLength(key) + byteLength(value),
  )
  const truncated = [NAMES.truncated, String(size)] as const
  return [
    { key, value: null, headers: [...headers, truncated] },
    { key: null, value: null, headers: [...headers.filter(([name]) => isOwnHeader(name)), truncated] },
  ]
}

function placeOf({ topic, partition, offset, group }: LetterSource): HeaderList {
  return [
    [NAMES.topic, topic],
    [NAMES.partition, String(partition)],
    [NAMES.offset, String(offset)],
    [NAMES.group, Buffer.from(group)],
    // the name of a topic has no slash, so that no two records share an id, whatever the group is called
    [NAMES.id, Buffer.from(`${topic}/${partition}/${offset}/${group}`)],
  ]
}

function storyOf(source: LetterSource, { failure, attempts, ...times }: FailureHistory, replays: string): HeaderList {
  const { error } = failure
  const code = errorField(error, 'code')
  const stack = errorField(error, 'stack')
  return [
    [NAMES.deliveryCount, String(attempts)],
    [NAMES.message, shownText(errorField(error, 'message') ?? '', MAX_TEXT_BYTES)],
    [NAMES.class, failure.class],
    [NAMES.name, shownText(errorField(error, 'name') ?? 'Error', MAX_NAME_BYTES)],
    ...(code === undefined ? [] : ([[NAMES.code, shownText(code, MAX_NAME_BYTES)]] as const)),
    ...(stack === undefined ? [] : ([[NAMES.stack, shownText(stack, MAX_TEXT_BYTES)]] as const)),
    [NAMES.firstFailure, String(times.firstFailureMs)],
    [NAMES.lastFailure, String(times.lastFailureMs)],
    [NAMES.attempts, String(attempts)],
    ...(source.timestamp < 0 ? [] : ([[NAMES.sourceTimestamp, String(source.timestamp)]] as const)),
    [NAMES.replays, /^\d{1,9}$/.test(replays) ? replays : '0'],
  ]
}

/** Whether a header is narad's own word about a failure, and not the record's. */
export function isOwnHeader(name: string): boolean {
  return name.startsWith('__dlq.errors.') || name.startsWith('x-narad-dlq-') || isRetryHeader(name)
}

function byteLength(bytes: string | Buffer | null): number {
  return bytes === null ? 0 : Buffer.byteLength(bytes)
}

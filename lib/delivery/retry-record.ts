import type { RawHeader } from '../consumer/record.ts'
import { RETRY_HEADERS as NAMES } from '../headers.ts'
import type { LetterSource } from './dead-letter.ts'
import type { SideRecord } from './side-writer.ts'

/** What a record in a retry topic says of itself in its headers. */
export interface RetryState {
  /** When it is to be handled again, in milliseconds since the epoch, by the clock of whoever wrote it. */
  readonly dueMs: number
  /** Its place among the retry topics of the subscription, from 1: so many of them it has been in, with this one. */
  readonly tier: number
  /** How often it was handed to its handler. */
  readonly attempts: number
  readonly firstFailureMs: number
  readonly lastFailureMs: number
  /** Where it comes from, however many retry topics it went through. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch, -1 where it has none. */
  readonly timestamp: number
  readonly group: string
}

type Progress = Pick<RetryState, 'dueMs' | 'tier' | 'attempts' | 'firstFailureMs' | 'lastFailureMs'>

/** The record's own bytes and headers, with headers that say where it comes from and when it is due. */
export function retryRecord(source: LetterSource, progress: Progress): SideRecord {
  const { rawKey: key, rawValue: value, rawHeaders, topic, partition, offset, timestamp, group } = source
  const { dueMs, tier, attempts, firstFailureMs, lastFailureMs } = progress
  const own = [
    [NAMES.due, String(dueMs)],
    [NAMES.tier, String(tier)],
    [NAMES.attempts, String(attempts)],
    [NAMES.firstFailure, String(firstFailureMs)],
    [NAMES.lastFailure, String(lastFailureMs)],
    [NAMES.topic, topic],
    [NAMES.partition, String(partition)],
    [NAMES.offset, String(offset)],
    [NAMES.group, Buffer.from(group)],
    ...(timestamp < 0 ? [] : [[NAMES.sourceTimestamp, String(timestamp)] as const]),
  ] as const
  return { key, value, headers: [...rawHeaders.filter(([name]) => !isRetryHeader(name)), ...own] }
}

/** The state of a record, undefined where its headers are not those of a record that narad wrote. */
export function readRetry(headers: readonly RawHeader[]): RetryState | undefined {
  const text = (name: string) => headers.findLast((header) => header[0] === name)?.[1]?.toString()
  const number = (name: string) => {
    const digits = text(name)
    return digits !== undefined && /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN
  }
  const [topic, group] = [text(NAMES.topic), text(NAMES.group)]
  const numbers = {
    dueMs: number(NAMES.due),
    tier: number(NAMES.tier),
    attempts: number(NAMES.attempts),
    firstFailureMs: number(NAMES.firstFailure),
    lastFailureMs: number(NAMES.lastFailure),
    partition: number(NAMES.partition),
    offset: number(NAMES.offset),
    timestamp: text(NAMES.sourceTimestamp) === undefined ? -1 : number(NAMES.sourceTimestamp),
  }
  if (topic === undefined || group === undefined || Object.values(numbers).some(Number.isNaN)) return undefined
  return { ...numbers, topic, group }
}

/** Whether a header is narad's own word about retries, and not the record's. */
export function isRetryHeader(name: string): boolean {
  return name.startsWith('x-narad-retry-')
}

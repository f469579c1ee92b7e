import type { RawHeader } from '../consumer/record.ts'
import { retryRecord } from '../delivery/retry-record.ts'
import { homeOf } from '../delivery/retry-topics.ts'
import { DEAD_LETTER_HEADERS } from '../headers.ts'
import type { RecordInput } from '../producer/columns.ts'
import type { DeadLetter } from './letter.ts'

/** Where a letter is to be replayed: in the retry topic of its group, its source topic, or a topic of this name. */
export type ReplayInto = 'retry' | 'source' | { readonly topic: string }

/** A cluster's topics, and how many partitions each has. */
export type TopicSizes = ReadonlyMap<string, number>

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The topic that a letter goes to; undefined where its group has no retry topic. */
export function targetOf({ source, group }: DeadLetter, into: ReplayInto, topics: TopicSizes): string | undefined {
  if (into === 'source') return source.topic
  if (into !== 'retry') return into.topic
  const retries = [...topics.keys()].filter((name) => homeOf(name, group) === source.topic)
  return retries.sort((one, other) => delayOf(one) - delayOf(other))[0]
}

/**
 * The record of a letter once more, for its target. In a retry topic it is due at once, and has its first place among the
 * subscription's retry topics: when it fails again, it goes through those that are left.
 */
export function replayRecord(
  letter: DeadLetter,
  target: string,
  topics: TopicSizes,
  { into, isRepeat, now }: { into: ReplayInto; isRepeat: boolean; now: number },
): RecordInput {
  const { source, group, key, value, attempts, firstFailure, lastFailure } = letter
  const header = (name: string, value: string): RawHeader => [name, Buffer.from(value)]
  const headers = [
    ...letter.headers,
    header(DEAD_LETTER_HEADERS.id, letter.id),
    header(DEAD_LETTER_HEADERS.replays, String(letter.replays + 1)),
    ...(isRepeat ? [header(DEAD_LETTER_HEADERS.repeat, 'true')] : []),
  ]
  if (into !== 'retry') {
    const isThere = source.partition < (topics.get(target) ?? 0)
    return { key, value, headers, ...(into === 'source' && isThere && { partition: source.partition }) }
  }
  const retried = retryRecord(
    { ...source, group, rawKey: key, rawValue: value, rawHeaders: headers },
    { dueMs: now, tier: 1, attempts, firstFailureMs: firstFailure, lastFailureMs: lastFailure },
  )
  return { key, value, headers: retried.headers, partition: source.partition % (topics.get(target) ?? 1) }
}

function delayOf(topic: string): number {
  const [, count, unit = ''] = /\.retry\.(\d+)(ms|s|m|h|d)$/.exec(topic) ?? []
  return Number(count) * (UNIT_MS[unit] ?? 1)
}

import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { checkOptions, integer, optional } from '../options.ts'
import { checkTopicName } from '../topics.ts'
import type { DeadLetter } from './letter.ts'
import { type LetterFilter, letterFilter } from './letter-filter.ts'
import type { ReplayInto } from './replay-target.ts'

/** Which letters of a topic are looked at. */
export interface LetterOptions {
  filter?: LetterFilter
  /** Those as well that were replayed or parked. Default: false. */
  settled?: boolean
}

/** How far a replay of letters, or their parking, has come. */
export interface DeskProgress {
  /** Records of the topic that were read, and how many there are at most. */
  read: number
  total: number
  /** Letters that were sent. */
  sent: number
}

/** Options of {@link DeadLetterDesk.park}. */
export interface ParkOptions {
  filter?: LetterFilter
  /** Told about each second, and at the end. */
  onProgress?: (progress: DeskProgress) => void
  /** Ends it after the letters at hand. */
  signal?: AbortSignal
}

/** Options of {@link DeadLetterDesk.plan} and {@link DeadLetterDesk.replay}. */
export interface ReplayLettersOptions extends ParkOptions {
  /**
   * Where the records go. `retry`: the retry topic with the shortest delay of the group that could not handle them, which
   * nobody else reads. `source`: where they come from, where all groups see them again. Default: `retry`.
   */
  into?: ReplayInto
  /** Letters of records that were replayed so often are left where they are. Default: 3. */
  maxReplays?: number
  /** Records a second, at most. Default: no limit. */
  rate?: number
}

/** The {@link ReplayLettersOptions}, checked. */
export interface ResolvedDesk {
  readonly fits: (letter: DeadLetter) => boolean
  readonly into: ReplayInto
  readonly maxReplays: number
  readonly rate: number
  readonly onProgress: ((progress: DeskProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const PARK_OPTIONS = ['filter', 'onProgress', 'signal']
const REPLAY_OPTIONS = [...PARK_OPTIONS, 'into', 'maxReplays', 'rate']
const MOST_REPLAYS = 1_000

/** @throws {@link ArgumentError} that names the option. */
export function resolveDesk(input: unknown, where: 'park' | 'replay'): ResolvedDesk {
  const given = checkOptions(input, where === 'park' ? PARK_OPTIONS : REPLAY_OPTIONS, where)
  const { filter, into, maxReplays, rate, onProgress, signal } = given
  const isRate = (value: unknown) => typeof value === 'number' && value > 0
  const isFunction = (value: unknown) => typeof value === 'function'
  return {
    fits: letterFilter(filter),
    into: checkInto(into),
    maxReplays: integer(maxReplays, 'maxReplays', 1, MOST_REPLAYS, 3),
    rate: (optional(rate, 'rate', 'a number of records a second above 0', isRate) ?? Infinity) as number,
    onProgress: optional(onProgress, 'onProgress', 'a function', isFunction) as ResolvedDesk['onProgress'],
    signal: optional(signal, 'signal', 'an AbortSignal', (value) => value instanceof AbortSignal) as
      | AbortSignal
      | undefined,
  }
}

/** @throws {@link ArgumentError} that names the option. */
export function resolveLetters(input: unknown): { fits: (letter: DeadLetter) => boolean; settled: boolean } {
  const { filter, settled = false } = checkOptions(input, ['filter', 'settled'], 'letters')
  optional(settled, 'settled', 'true or false', (value) => typeof value === 'boolean')
  return { fits: letterFilter(filter), settled: settled === true }
}

function checkInto(into: unknown): ReplayInto {
  if (into === undefined || into === 'retry') return 'retry'
  if (into === 'source') return into
  if (typeof into !== 'object' || into === null) {
    throw new ArgumentError(`Option "into" must be 'retry', 'source' or { topic }, but is ${describeValue(into)}.`)
  }
  const { topic } = checkOptions(into, ['topic'], '"into"')
  checkTopicName(topic)
  return { topic: topic as string }
}

import { checkOptions, integer } from '../options.ts'
import { checkTopicName } from '../topics.ts'

/** What every call of administration takes. */
export interface AdminCallOptions {
  /** The longest that the cluster may take for it once it is connected, in milliseconds, at most 3,500,000. Default: 30,000. */
  timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 30_000
/** librdkafka takes an hour, and is given a minute more than a call where it asks coordinators. */
const MOST_TIMEOUT_MS = 3_500_000

/** What is left of the time for a call, in milliseconds and at least 1. */
export type TimeLeft = () => number

/**
 * The options of a call, with what is left of its time.
 *
 * @throws {@link ArgumentError}, {@link ConfigError} for an unknown option.
 */
export function callOptions<T extends AdminCallOptions>(
  given: T | undefined,
  known: readonly string[],
  where: string,
): T & { leftMs: TimeLeft } {
  const options = checkOptions(given ?? {}, [...known, 'timeoutMs'], where)
  const timeoutMs = integer(options.timeoutMs, 'timeoutMs', 1, MOST_TIMEOUT_MS, DEFAULT_TIMEOUT_MS)
  let endsAt: number | undefined
  const leftMs = () => {
    // begins with the first question: connecting has a time limit of its own
    endsAt ??= performance.now() + timeoutMs
    return Math.max(1, Math.ceil(endsAt - performance.now()))
  }
  return { ...(options as T), leftMs }
}

/**
 * One name or several.
 *
 * @throws {@link TopicError}
 */
export function topicNames(topics: string | readonly string[]): string[] {
  const names = [topics].flat() as string[]
  names.forEach(checkTopicName)
  return [...new Set(names)]
}

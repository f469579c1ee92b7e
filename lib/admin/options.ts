import { checkOptions, integer } from '../options.ts'
import { checkTopicName } from '../topics.ts'

/** What every call of administration takes. */
export interface AdminCallOptions {
  /** The longest that the cluster may take for it, in milliseconds. Default: 30,000. */
  timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 30_000

/**
 * The options of a call, with its time limit filled in.
 *
 * @throws {@link ArgumentError}, {@link ConfigError} for an unknown option.
 */
export function callOptions<T extends AdminCallOptions>(
  given: T | undefined,
  known: readonly string[],
  where: string,
): T & { timeoutMs: number } {
  const options = checkOptions(given ?? {}, [...known, 'timeoutMs'], where)
  const timeoutMs = integer(options.timeoutMs, 'timeoutMs', 1, 2 ** 31 - 1, DEFAULT_TIMEOUT_MS)
  return { ...(options as T), timeoutMs }
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

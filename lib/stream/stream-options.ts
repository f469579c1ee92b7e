import {
  type BatchOptions,
  type ResolvedSubscription,
  resolveSubscription,
  type SubscribeOptions,
  type SubscriptionDefaults,
} from '../consumer/subscribe-options.ts'
import { DELIVERY_OPTIONS } from '../delivery/options.ts'
import { checkOptions, optional } from '../options.ts'

/**
 * Options of a stream: those of `subscribe`, without what has no meaning for a reader that takes one record after the
 * other and for as long as it likes.
 */
export interface StreamOptions<T = unknown>
  extends Omit<SubscribeOptions<T>, 'concurrency' | 'ordering' | 'commit' | 'timeoutMs'> {
  /** Ends the stream, as `break` does, but after the record at hand. The loop then ends without an error. */
  signal?: AbortSignal
}

/** Options of a stream of batches. */
export interface BatchStreamOptions<T = unknown> extends StreamOptions<T> {
  batch: BatchOptions | true
}

const OPTIONS = [
  'group',
  'fromBeginning',
  'codec',
  'batch',
  'use',
  ...DELIVERY_OPTIONS.filter((name) => name !== 'timeoutMs'),
]

/** @throws {@link ArgumentError} or {@link TopicError} that names the option. */
export function resolveStream(
  topics: unknown,
  input: unknown,
  defaults: SubscriptionDefaults,
): { spec: ResolvedSubscription; signal: AbortSignal | undefined } {
  const { signal, ...options } = checkOptions(input, [...OPTIONS, 'signal'], 'stream')
  const isBatch = options.batch !== undefined && options.batch !== false
  return {
    spec: resolveSubscription(
      topics,
      // records of a partition in order whatever happens to one of them, and no deadline: the reader has none
      { ...options, timeoutMs: Number.POSITIVE_INFINITY, ...(isBatch ? {} : { ordering: 'partition' }) },
      defaults,
    ),
    signal: optional(signal, 'signal', 'an AbortSignal', (value) => value instanceof AbortSignal) as
      | AbortSignal
      | undefined,
  }
}

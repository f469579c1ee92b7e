import { type CodecOption, type ResolvedCodec, resolveCodec } from '../codec.ts'
import {
  DELIVERY_OPTIONS,
  type Delivery,
  type DeliveryDefaults,
  type DeliveryOptions,
  resolveDelivery,
} from '../delivery/options.ts'
import { ArgumentError } from '../errors.ts'
import { type Middleware, type MiddlewareInput, toMiddlewareList } from '../middleware/middleware.ts'
import { checkOptions, integer, optional } from '../options.ts'
import { checkTopicName, statelessPattern } from '../topics.ts'
import type { SubscriptionObserver } from './observer.ts'

/** Which records wait for each other: those of a key, those of a partition, or none. */
export type Ordering = 'key' | 'partition' | 'none'

/** How a batch handler wants its batches. */
export interface BatchOptions {
  /**
   * Most records of a batch, 1 to 10,000.
   *
   * @defaultValue `1000`
   */
  maxMessages?: number
  /**
   * How long a batch that is not full waits for more records, in milliseconds, up to 60,000.
   *
   * @defaultValue `0`
   */
  maxWaitMs?: number
}

/** Options of a subscription with a handler for each record. */
export interface SubscribeOptions<T = unknown> extends DeliveryOptions {
  /** The consumer group. Default: the one connected last. */
  group?: string
  /**
   * Where a partition starts for which the group has committed nothing: at its beginning, or after what is there when
   * `subscribe` is called. Default: what `autoOffsetReset` says. Partitions and topics that appear later are always
   * read from their beginning.
   */
  fromBeginning?: boolean
  /**
   * Handlers that run side by side, 1 to 10,000.
   *
   * @defaultValue `16`
   */
  concurrency?: number
  /**
   * Which records wait for each other.
   *
   * @defaultValue `key`
   */
  ordering?: Ordering
  /**
   * When a record is finished, so that its offset may be committed: `auto`, when its handler has ended well; `manual`,
   * when `context.ack()` was called besides.
   *
   * @defaultValue `auto`
   */
  commit?: 'auto' | 'manual'
  /** How bytes become values. Default: the service's codec. */
  codec?: CodecOption<T>
  /** Middleware of this subscription, outermost first; the service's runs around it. */
  use?: readonly MiddlewareInput[]
}

/** Options of a subscription whose handler takes an array. */
export interface BatchSubscribeOptions<T = unknown> extends Omit<SubscribeOptions<T>, 'concurrency' | 'ordering'> {
  batch: BatchOptions | true
}

/** A topic, a pattern of topics, or several of them. */
export type TopicsInput = string | RegExp | ReadonlyArray<string | RegExp>

/** A subscription's options with their defaults. */
export interface ResolvedSubscription {
  readonly topics: readonly string[]
  readonly patterns: readonly RegExp[]
  readonly group: string | undefined
  readonly fromBeginning: boolean | undefined
  readonly concurrency: number
  readonly ordering: Ordering
  readonly commit: 'auto' | 'manual'
  readonly codec: ResolvedCodec
  readonly batch: { maxMessages: number; maxWaitMs: number } | undefined
  readonly delivery: Delivery
  readonly use: readonly Middleware[]
  /** Of a stream. */
  readonly observer?: SubscriptionObserver
}

/** What the service's configuration says. */
export interface SubscriptionDefaults extends DeliveryDefaults {
  readonly codec: ResolvedCodec
}

export const SUBSCRIBE_OPTIONS: readonly string[] = [
  'group',
  'fromBeginning',
  'concurrency',
  'ordering',
  'commit',
  'codec',
  'batch',
  'use',
  ...DELIVERY_OPTIONS,
]
const BATCH_OPTIONS = ['maxMessages', 'maxWaitMs']
const ORDERINGS: readonly string[] = ['key', 'partition', 'none']
const COMMITS: readonly string[] = ['auto', 'manual']
const MOST = 10_000

/** @throws {@link ArgumentError} or {@link TopicError} that names the option. */
export function resolveSubscription(
  topics: unknown,
  input: unknown,
  defaults: SubscriptionDefaults,
): ResolvedSubscription {
  const options = checkOptions(input ?? {}, SUBSCRIBE_OPTIONS, 'subscribe')
  const batch = batchOf(options.batch)
  for (const name of ['concurrency', 'ordering']) {
    if (batch === undefined || options[name] === undefined) continue
    throw new ArgumentError(`Option "${name}" has no meaning with "batch": a batch handler runs one call at a time.`)
  }
  const split = splitTopics(topics)
  const delivery = resolveDelivery(options, defaults)
  if (delivery.retryTopicsMs.length > 0) checkRetryTopics(batch !== undefined, options.ordering)
  if (delivery.deadLetterTopic !== undefined && split.topics.includes(delivery.deadLetterTopic)) {
    throw new ArgumentError(
      `The dead letters of ${delivery.deadLetterTopic} would go to ${delivery.deadLetterTopic} itself, and be handled ` +
        'for ever: name another topic with "dlq: { topic }", or say "dlq: false".',
    )
  }
  return {
    ...split,
    group: optional(options.group, 'group', 'a name', (value) => typeof value === 'string' && value !== '') as
      | string
      | undefined,
    fromBeginning: optional(
      options.fromBeginning,
      'fromBeginning',
      'true or false',
      (value) => typeof value === 'boolean',
    ) as boolean | undefined,
    concurrency: integer(options.concurrency, 'concurrency', 1, MOST, 16),
    ordering: (optional(options.ordering, 'ordering', '"key", "partition" or "none"', (value) =>
      ORDERINGS.includes(value as string),
    ) ?? 'key') as Ordering,
    commit: (optional(options.commit, 'commit', '"auto" or "manual"', (value) => COMMITS.includes(value as string)) ??
      'auto') as 'auto' | 'manual',
    codec: options.codec === undefined ? defaults.codec : resolveCodec(options.codec),
    batch,
    delivery,
    use: toMiddlewareList(options.use),
  }
}

function checkRetryTopics(isBatch: boolean, ordering: unknown): void {
  if (isBatch) {
    throw new ArgumentError('Option "retry.topics" is for handlers of single records, and has no meaning with "batch".')
  }
  if (ordering === 'none') return
  throw new ArgumentError(
    'Option "retry.topics" gives up the order of records: while one waits in a retry topic, later ones of its key are ' +
      'handled. Say so with "ordering: \'none\'", or leave "retry.topics" out.',
  )
}

function splitTopics(input: unknown): { topics: string[]; patterns: RegExp[] } {
  const all: unknown[] = Array.isArray(input) ? input : [input]
  if (all.length === 0) throw new ArgumentError('subscribe needs at least one topic, but got an empty array.')
  const topics = new Set<string>()
  const patterns: RegExp[] = []
  for (const one of all) {
    if (one instanceof RegExp) {
      patterns.push(statelessPattern(one))
    } else {
      checkTopicName(one)
      topics.add(one)
    }
  }
  return { topics: [...topics], patterns }
}

function batchOf(input: unknown): ResolvedSubscription['batch'] {
  if (input === undefined || input === false) return undefined
  const options = input === true ? {} : checkOptions(input, BATCH_OPTIONS, 'batch')
  return {
    maxMessages: integer(options.maxMessages, 'batch.maxMessages', 1, MOST, 1_000),
    maxWaitMs: integer(options.maxWaitMs, 'batch.maxWaitMs', 0, 60_000, 0),
  }
}

import type { BatchHandler } from './batch-attempt.ts'
import type { RecordHandler } from './executor.ts'
import type { BatchSubscribeOptions, SubscribeOptions, TopicsInput } from './subscribe-options.ts'
import type { Subscription } from './subscription.ts'

/** Options of {@link Consumer.subscribe}: those of a service's `subscribe`, without the group. */
export type ConsumerSubscribeOptions<T = unknown> = Omit<SubscribeOptions<T>, 'group'>

/** As {@link ConsumerSubscribeOptions}, for a handler that takes an array. */
export type ConsumerBatchSubscribeOptions<T = unknown> = Omit<BatchSubscribeOptions<T>, 'group'>

type Subscribe = (topics: TopicsInput, handler: unknown, options: object) => Promise<Subscription>

/** One consumer group of a service: `subscribe` for that group, whichever was connected last. */
export class Consumer {
  readonly group: string
  readonly #subscribe: Subscribe

  /** @internal */
  constructor(group: string, subscribe: Subscribe) {
    this.group = group
    this.#subscribe = subscribe
  }

  /**
   * Handles the records of topics in this group; see the service's `subscribe`.
   *
   * @throws {@link SubscribeError}, {@link TopicError}, {@link ArgumentError}
   */
  subscribe<T = unknown>(
    topics: TopicsInput,
    handler: BatchHandler<T>,
    options: ConsumerBatchSubscribeOptions<T>,
  ): Promise<Subscription>
  subscribe<T = unknown>(
    topics: TopicsInput,
    handler: RecordHandler<T>,
    options?: ConsumerSubscribeOptions<T>,
  ): Promise<Subscription>
  subscribe(topics: TopicsInput, handler: unknown, options: object = {}): Promise<Subscription> {
    return this.#subscribe(topics, handler, { ...options, group: this.group })
  }
}

import { ArgumentError, ClosedError, fromNative, type KafkaError } from '../errors.ts'
import { hold, release } from '../keep-alive.ts'
import {
  type NativeConsumer,
  type NativeConsumerEvent,
  type NativeError,
  type NativePartition,
  native,
} from '../native.ts'
import { Batch } from './batch.ts'
import { BatchExecutor, type BatchHandler } from './batch-executor.ts'
import { Executor, type RecordHandler, type Runner } from './executor.ts'
import { handlerFailure } from './handler-failure.ts'
import type { Place, RecordContext } from './record.ts'
import type { ResolvedSubscription } from './subscribe-options.ts'
import { TopicWatch } from './topic-watch.ts'

/** Bytes of a batch for a handler of single records, and of one for a batch handler. */
const BATCH_BYTES = 1024 * 1024
const HANDLER_BATCH_BYTES = 16 * 1024 * 1024
const BATCH_RECORDS = 1_000
/** Batches out at a time: one that is worked on, one that waits, and those that cross. */
const BATCHES_OUT = 4
const OUT_BYTES = 16 * 1024 * 1024
/** What may be held besides, behind records of its lanes that are not finished, before nothing more is taken. */
const HELD_RECORDS = 100_000
const HELD_BYTES = 32 * 1024 * 1024

/** Why partitions came or went. */
export interface RebalanceEvent {
  group: string
  kind: 'assigned' | 'revoked' | 'lost'
  partitions: Array<{ topic: string; partition: number }>
}

/** What a consumer tells the service. */
export interface MemberListener {
  onError(error: KafkaError): void
  onNativeError(error: NativeError): void
  onRebalance(event: RebalanceEvent): void
  onLog(level: number, text: string): void
}

export interface MemberOptions {
  readonly group: string
  readonly properties: Record<string, string>
  readonly commitIntervalMs: number
  readonly prefetchBytes: number
  readonly timeoutMs: number
  readonly listener: MemberListener
}

/** What a close left behind. */
export interface ConsumerReport {
  group: string
  /** Records whose handler had not ended; they are redelivered. */
  unfinished: number
  /** Whether the group was left before the deadline. */
  leftGroup: boolean
}

/** A member of a consumer group: its subscriptions and their handlers. */
export class Member {
  readonly group: string
  readonly #native: NativeConsumer
  readonly #options: MemberOptions
  readonly #places = new Map<number, Place>()
  readonly #runners = new Map<number, Runner>()
  /** The owner of each topic that was named, for the error about a second one. */
  readonly #topics = new Set<string>()
  readonly #watches: TopicWatch[] = []
  #nextSubscription = 0
  #isHeld = false
  #closing: Promise<ConsumerReport> | undefined

  private constructor(handle: NativeConsumer, options: MemberOptions) {
    this.#native = handle
    this.#options = options
    this.group = options.group
  }

  /** @throws {@link ConfigError} when librdkafka refuses the properties. */
  static start(options: MemberOptions): Member {
    const { startConsumer, NativeConsumer: NativeClass } = native()
    // weak, because the native side keeps the function: a member that was dropped could never be collected
    let weak: WeakRef<Member> | undefined
    const { commitIntervalMs, prefetchBytes } = options
    const settings = { commitIntervalMs, prefetchBytes }
    const handle = startConsumer(options.properties, settings, (event) => weak?.deref()?.onEvent(event))
    if (!(handle instanceof NativeClass)) throw fromNative(handle, { group: options.group })
    const member = new Member(handle, options)
    weak = new WeakRef(member)
    return member
  }

  /** Waits until a broker answers. */
  async connect(timeoutMs: number): Promise<void> {
    const error = await this.#native.connect(timeoutMs)
    if (error !== null) throw fromNative(error, { group: this.group })
  }

  /** Whether a broker answers within the time. */
  answers(timeoutMs: number): Promise<boolean> {
    return this.#closing === undefined ? this.#native.answers(timeoutMs) : Promise.resolve(false)
  }

  /** Nothing may throw out of here: it is called by the native side. */
  private onEvent(event: NativeConsumerEvent): undefined {
    const { listener } = this.#options
    if (event.batch !== undefined) this.#runners.get(event.batch.subscription)?.accept(new Batch(event.batch))
    else if (event.rebalance !== undefined) this.#rebalance(event.rebalance.kind, event.rebalance.partitions)
    else if (event.error !== undefined) listener.onNativeError(event.error)
    else if (event.log !== undefined) listener.onLog(event.log.level, event.log.text)
    return undefined
  }

  #rebalance(kind: RebalanceEvent['kind'], partitions: NativePartition[]): void {
    const { group } = this
    if (kind === 'assigned') {
      for (const { slot, topic, partition } of partitions) this.#places.set(slot, { topic, partition, group })
    } else {
      const slots = new Set(partitions.map(({ slot }) => slot))
      const reason = new ClosedError(`The partition was ${kind}: another member of ${group} handles it from here.`)
      for (const runner of this.#runners.values()) runner.drop(slots, reason)
      // contexts of records that run keep their place
      for (const slot of slots) this.#places.delete(slot)
    }
    this.#options.listener.onRebalance({
      group,
      kind,
      partitions: partitions
        .map(({ topic, partition }) => ({ topic, partition }))
        .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1)),
    })
  }

  /**
   * Handles more topics. Resolves once the group has been joined for them and their start is fixed.
   *
   * @throws {@link SubscribeError}, {@link TopicError}, {@link AuthorizationError}
   */
  async subscribe(spec: ResolvedSubscription, fromBeginning: boolean, handler: unknown): Promise<void> {
    this.#checkOpen()
    for (const topic of spec.topics) {
      if (!this.#topics.has(topic) && !this.#watches.some((watch) => watch.has(topic))) continue
      throw new ArgumentError(
        `Topic ${topic} already has a handler in group ${this.group}; a second one needs a group of its own.`,
        { topic, group: this.group },
      )
    }
    for (const topic of spec.topics) this.#topics.add(topic)
    this.#nextSubscription += 1
    const id = this.#nextSubscription
    try {
      await this.#join(id, spec, fromBeginning, handler)
    } catch (error) {
      // a later try must not meet what this one left
      for (const topic of spec.topics) this.#topics.delete(topic)
      this.#runners.delete(id)
      throw error
    }
    if (!this.#isHeld && this.#closing === undefined) {
      hold(this)
      this.#isHeld = true
    }
  }

  async #join(id: number, spec: ResolvedSubscription, fromBeginning: boolean, handler: unknown): Promise<void> {
    const { timeoutMs, listener } = this.#options
    const watch =
      spec.patterns.length === 0
        ? undefined
        : new TopicWatch(spec, this.#topics, () => this.#listTopics(timeoutMs), listener.onError)
    const topics = watch === undefined ? [...spec.topics] : await watch.start()
    this.#checkOpen()
    this.#runners.set(id, this.#runner(spec, handler))
    const { batch, ordering } = spec
    const error = await this.#native.subscribe(
      {
        id,
        topics,
        fromBeginning,
        ordering: batch === undefined ? ordering : 'none',
        batchRecords: batch?.maxMessages ?? BATCH_RECORDS,
        batchBytes: batch === undefined ? BATCH_BYTES : HANDLER_BATCH_BYTES,
        batchWaitMs: batch?.maxWaitMs ?? 0,
        outRecords: (batch?.maxMessages ?? BATCH_RECORDS) * (batch === undefined ? BATCHES_OUT : 2),
        outBytes: OUT_BYTES,
        heldRecords: HELD_RECORDS,
        heldBytes: HELD_BYTES,
      },
      timeoutMs,
    )
    if (error !== null) throw fromNative(error, { group: this.group })
    if (watch === undefined || this.#closing !== undefined) return
    this.#watches.push(watch)
    watch.follow((names) => {
      if (this.#closing === undefined) this.#native.setTopics(id, names)
    })
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return
    throw new ClosedError(`Group ${this.group} is disconnecting.`, { group: this.group })
  }

  #runner(spec: ResolvedSubscription, handler: unknown): Runner {
    const { codec, concurrency } = spec
    const places = this.#places
    const completions = this.#native
    if (spec.batch !== undefined) {
      return new BatchExecutor({
        group: this.group,
        handler: handler as BatchHandler,
        codec,
        places,
        completions,
        onFailure: (error, { records }) => this.#failed(error, records),
      })
    }
    return new Executor({
      handler: handler as RecordHandler,
      codec,
      concurrency,
      places,
      completions,
      onFailure: (error, context) => this.#failed(error, [context]),
    })
  }

  /** A handler failed: its partition stops before the record, which stays uncommitted. */
  #failed(cause: unknown, records: readonly RecordContext[]): void {
    const first = records[0]
    if (first === undefined) return
    this.#options.listener.onError(handlerFailure(cause, first, records.length))
  }

  async #listTopics(timeoutMs: number): Promise<string[]> {
    const topics = await this.#native.listTopics(timeoutMs)
    if (!Array.isArray(topics)) throw fromNative(topics, { group: this.group })
    return topics.map(({ topic }) => topic)
  }

  /** Gives back what waits, lets what runs end, commits and leaves, at the latest at the deadline. */
  close(timeoutMs: number): Promise<ConsumerReport> {
    this.#closing ??= this.#leave(timeoutMs)
    return this.#closing
  }

  async #leave(timeoutMs: number): Promise<ConsumerReport> {
    for (const watch of this.#watches) watch.stop()
    const { group } = this
    const report = this.#native.close(timeoutMs)
    for (const runner of this.#runners.values()) runner.stop()
    const { unfinished, leftGroup } = await report
    const reason = new ClosedError(`Group ${group} was disconnected.`, { group })
    for (const runner of this.#runners.values()) runner.abort(reason)
    if (this.#isHeld) release(this)
    return { group, unfinished, leftGroup }
  }
}

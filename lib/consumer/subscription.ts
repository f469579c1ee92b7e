import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import type { NativeSeekTarget } from '../native.ts'
import { checkOptions } from '../options.ts'
import { checkTopicName } from '../topics.ts'
import { checkTarget, isCount, type SeekTarget } from './seek-target.ts'

/** A partition, or without a number all partitions of a topic that this member has at the moment. */
export interface PartitionPlace {
  topic: string
  partition?: number
}

/** What a subscription asks of its member. */
export interface SubscriptionControl {
  readonly group: string
  readonly topics: readonly string[]
  readonly isPaused: boolean
  /** Without places, all of the subscription, what is assigned later included. */
  setPaused(places: readonly PartitionPlace[] | undefined, isPaused: boolean): void
  seek(place: PartitionPlace, target: NativeSeekTarget): Promise<void>
  /** Begins nothing more from the call on; resolves when its partitions are given up. */
  end(): Promise<void>
}

/** A subscription of a service that only logs: nothing is assigned, and a pause of all is for when it goes live. */
export class LogOnlyControl implements SubscriptionControl {
  readonly group: string
  readonly topics: readonly string[]
  isPaused = false
  isEnded = false

  constructor(group: string, topics: readonly string[]) {
    this.group = group
    this.topics = topics
  }

  setPaused(places: readonly PartitionPlace[] | undefined, isPaused: boolean): void {
    if (places === undefined) this.isPaused = isPaused
  }

  async seek(): Promise<void> {}

  async end(): Promise<void> {
    this.isEnded = true
  }
}

/**
 * Topics that are being handled: what `subscribe` resolves to. In log-only mode there are no partitions: calls that name
 * some do nothing, and a pause of all holds once the service goes live.
 */
export class Subscription {
  #control: SubscriptionControl

  /** @internal */
  constructor(control: SubscriptionControl) {
    this.#control = control
  }

  /** @internal The service went live. */
  static goLive(subscription: Subscription, control: SubscriptionControl): void {
    const before = subscription.#control
    if (before.isPaused) control.setPaused(undefined, true)
    subscription.#control = control
    // a stream that ended while there was no broker
    if (before instanceof LogOnlyControl && before.isEnded) void control.end()
  }

  /** @internal */
  static end(subscription: Subscription): Promise<void> {
    return subscription.#control.end()
  }

  /** The consumer group. */
  get group(): string {
    return this.#control.group
  }

  /** The names of the topics that it handles now, those that match a RegExp included. */
  get topics(): readonly string[] {
    return this.#control.topics
  }

  /** Whether all of it was paused, by {@link pause} without places. */
  get isPaused(): boolean {
    return this.#control.isPaused
  }

  /**
   * Begins nothing more of these partitions, from this call on: no record, no retry, no batch. Handlers that run go on,
   * other partitions too, and the member stays in its group. What was received already is kept, in order, and fetching
   * stops once the prefetch is full.
   *
   * A pause ends with {@link resume}, or when the partition goes to another member. Partitions that are assigned later
   * are paused only if all of the subscription is.
   *
   * @param places Default: all of the subscription.
   * @throws {@link ConsumeError} (`NARAD_NOT_ASSIGNED`) when this member does not have such a partition;
   *   {@link ArgumentError}
   */
  pause(places?: PartitionPlace | readonly PartitionPlace[]): void {
    this.#control.setPaused(checkPlaces(places), true)
  }

  /**
   * Goes on where {@link pause} stopped. After a pause of all, `resume(places)` goes on with these alone.
   *
   * @param places Default: all of the subscription, however it was paused.
   * @throws As {@link pause}.
   */
  resume(places?: PartitionPlace | readonly PartitionPlace[]): void {
    this.#control.setPaused(checkPlaces(places), false)
  }

  /**
   * Goes on with a partition, or with all of a topic's that are assigned here, somewhere else, forwards or backwards.
   * Once it resolves, no record from before the seek begins: what was received and had not begun is dropped. Handlers
   * that run go on, and their end counts for nothing. The new position is committed with the next commit, before any
   * record of it is handled. A partition that had stopped goes on, one that is paused stays paused.
   *
   * @param target A time is in milliseconds since the epoch, or a Date; where no record is that late, the end is meant.
   * @throws {@link ConsumeError}: `NARAD_NOT_ASSIGNED` when this member does not have the partition,
   *   `NARAD_OFFSET_OUT_OF_RANGE` when the log does not have the offset, `NARAD_SEEK_FAILED`; {@link ArgumentError},
   *   {@link ClosedError}, {@link EmbeddedBrokerError} for a time
   */
  async seek(place: PartitionPlace, target: SeekTarget): Promise<void> {
    await this.#control.seek(checkPlace(place), checkTarget(target, 'A seek'))
  }
}

function checkPlaces(input: unknown): PartitionPlace[] | undefined {
  if (input === undefined) return undefined
  return (Array.isArray(input) ? input : [input]).map(checkPlace)
}

function checkPlace(input: unknown): PartitionPlace {
  if (typeof input !== 'object' || input === null) {
    throw new ArgumentError(`A place must be an object { topic, partition }, but is ${describeValue(input)}.`)
  }
  const { topic, partition } = checkOptions(input, ['topic', 'partition'], 'a place')
  checkTopicName(topic)
  if (partition === undefined) return { topic: topic as string }
  if (!isCount(partition) || partition >= 2 ** 31) {
    throw new ArgumentError(`A partition must be a number from 0, but is ${describeValue(partition)}.`)
  }
  return { topic: topic as string, partition }
}

import { ClosedError, type KafkaError } from '../errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { NativeMove, NativePartition } from '../native.ts'
import type { Flow } from './flow.ts'
import type { SubscriptionObserver } from './observer.ts'
import type { Place } from './record.ts'
import type { Runner } from './runner.ts'

/** Why partitions came or went. */
export interface RebalanceEvent {
  group: string
  kind: 'assigned' | 'revoked' | 'lost'
  partitions: Array<{ topic: string; partition: number }>
}

/** Who is told of partitions that come and go, by subscription. */
export interface Subscribers {
  readonly runners: ReadonlyMap<number, Runner>
  readonly flows: ReadonlyMap<number, Flow>
  readonly observers: ReadonlyMap<number, SubscriptionObserver>
}

type Gone = ReadonlyArray<Omit<NativePartition, 'subscription'>>

/** The partitions that a member has. */
export class Assignment {
  readonly #group: string
  readonly #metrics: Metrics | undefined
  readonly #subscribers: Subscribers
  readonly #onRebalance: (event: RebalanceEvent) => void
  /** By slot. */
  readonly #places = new Map<number, Place>()
  /** By slot: those that the partition had before seeks, whose records may still run. */
  readonly #before = new Map<number, readonly number[]>()

  constructor(
    { group, metrics }: { group: string; metrics: Metrics | undefined },
    subscribers: Subscribers,
    onRebalance: (event: RebalanceEvent) => void,
  ) {
    this.#group = group
    this.#metrics = metrics
    this.#subscribers = subscribers
    this.#onRebalance = onRebalance
  }

  get places(): ReadonlyMap<number, Place> {
    return this.#places
  }

  /** Partitions go on somewhere else, with slots of their own. */
  moved(moves: NativeMove[]): void {
    for (const move of moves) {
      this.#places.set(move.to, this.#places.get(move.from) as Place)
      for (const flow of this.#subscribers.flows.values()) flow.moved(move)
      this.#places.delete(move.from)
      this.#before.set(move.to, [...(this.#before.get(move.from) ?? []), move.from])
      this.#before.delete(move.from)
    }
  }

  rebalanced(kind: RebalanceEvent['kind'] | 'ended', partitions: NativePartition[]): void {
    // only what is read without a group ends
    if (kind === 'ended') return
    if (kind !== 'assigned') {
      this.#lose(kind, partitions)
      return
    }
    const group = this.#group
    for (const assigned of partitions) {
      const { slot, topic, partition } = assigned
      this.#places.set(slot, { topic, partition, group, meter: this.#metrics?.handlers(group, topic) })
      this.#subscribers.flows.get(assigned.subscription)?.assigned(assigned)
    }
    this.#tell(kind, partitions)
  }

  #lose(kind: 'revoked' | 'lost', partitions: Gone): void {
    const slots = new Set(partitions.flatMap(({ slot }) => [slot, ...(this.#before.get(slot) ?? [])]))
    const reason = new ClosedError(`The partition was ${kind}: another member of ${this.#group} handles it from here.`)
    const { runners, flows, observers } = this.#subscribers
    for (const runner of runners.values()) runner.drop(slots, reason)
    for (const flow of flows.values()) flow.gone(slots)
    for (const observer of observers.values()) observer.onGone(partitions)
    // contexts of records that run keep their place
    for (const slot of slots) {
      this.#places.delete(slot)
      this.#before.delete(slot)
    }
    this.#tell(kind, partitions)
  }

  #tell(kind: RebalanceEvent['kind'], partitions: ReadonlyArray<{ topic: string; partition: number }>): void {
    this.#onRebalance({
      group: this.#group,
      kind,
      partitions: partitions
        .map(({ topic, partition }) => ({ topic, partition }))
        .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1)),
    })
  }

  /** librdkafka takes the partitions of a member that cannot go on away without an event. */
  failed(error: KafkaError): void {
    for (const observer of this.#subscribers.observers.values()) observer.onFailed(error)
    if (this.#places.size === 0) return
    this.#lose(
      'lost',
      Array.from(this.#places, ([slot, { topic, partition }]) => ({ slot, topic, partition })),
    )
  }
}

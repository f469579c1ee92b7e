import { ConsumeError, EmbeddedBrokerError, fromNative } from '../errors.ts'
import type { NativeConsumer, NativeMove, NativePartition, NativeSeekTarget } from '../native.ts'
import type { Runner } from './runner.ts'
import type { PartitionPlace, SubscriptionControl } from './subscription.ts'

export interface FlowOptions {
  readonly group: string
  /** The topics that the subscription has now. */
  readonly topics: () => readonly string[]
  readonly runner: Runner
  readonly native: Pick<NativeConsumer, 'setPaused' | 'seek'>
  readonly timeoutMs: number
  /** The cluster is an embedded one, which does not search by time. */
  readonly isEmbedded: boolean
  /** Of its retry topics: they pause and go on with it. */
  readonly retries: readonly Flow[]
  /** Takes the subscription out of its member. */
  readonly end: () => Promise<void>
}

/**
 * Which partitions a subscription has, and which of them are paused. JavaScript stops at once, what has crossed already
 * included; the native side then sends no more, which bounds what has to be kept here.
 */
export class Flow implements SubscriptionControl {
  readonly #options: FlowOptions
  /** The assigned partitions by slot. */
  readonly #assigned = new Map<number, NativePartition>()
  readonly #paused = new Set<number>()
  #isPaused = false
  /** Called once no partition is left. */
  #onEmpty: (() => void) | undefined

  constructor(options: FlowOptions) {
    this.#options = options
  }

  get group(): string {
    return this.#options.group
  }

  get topics(): readonly string[] {
    return this.#options.topics()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** A partition came: called before the first of its records does. */
  assigned(partition: NativePartition): void {
    this.#assigned.set(partition.slot, partition)
    if (this.#isPaused) this.#set([partition.slot], true)
  }

  /** Partitions went. */
  gone(slots: Iterable<number>): void {
    for (const slot of slots) {
      this.#assigned.delete(slot)
      this.#paused.delete(slot)
    }
    if (this.#assigned.size === 0) this.#onEmpty?.()
  }

  /** Resolves to true once no partition is left, to false when the time is over. */
  async empty(): Promise<boolean> {
    if (this.#assigned.size === 0) return true
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#options.timeoutMs).unref()
      this.#onEmpty = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  end(): Promise<void> {
    return this.#options.end()
  }

  /** A partition goes on somewhere else: what was received before and has not begun is given back. */
  moved({ from, to }: NativeMove): void {
    const partition = this.#assigned.get(from)
    if (partition === undefined) return
    const isPaused = this.#paused.has(from)
    this.#options.runner.drop(new Set([from]))
    this.gone([from])
    this.#assigned.set(to, { ...partition, slot: to })
    // a pause or its end that was asked for meanwhile named the old slot
    this.#set([to], isPaused)
  }

  setPaused(places: readonly PartitionPlace[] | undefined, isPaused: boolean): void {
    const slots = places === undefined ? [...this.#assigned.keys()] : places.flatMap((place) => this.#slotsOf(place))
    if (places === undefined) {
      this.#isPaused = isPaused
      for (const flow of this.#options.retries) flow.setPaused(undefined, isPaused)
    }
    this.#set(slots, isPaused)
  }

  async seek(place: PartitionPlace, target: NativeSeekTarget): Promise<void> {
    const { group, native, timeoutMs, isEmbedded } = this.#options
    if (isEmbedded && target.kind === 'timestamp') {
      throw new EmbeddedBrokerError(
        'The embedded broker finds no record by its time: seek to an offset, or use Kafka.',
        {
          code: 'NARAD_EMBEDDED_UNSUPPORTED',
          topic: place.topic,
        },
      )
    }
    const places = this.#slotsOf(place).map((slot) => {
      const { topic, partition } = this.#assigned.get(slot) as NativePartition
      return { slot, topic, partition }
    })
    const error = await native.seek(places, target, timeoutMs)
    if (error !== null) throw fromNative(error, { group, ...place })
  }

  #set(slots: number[], isPaused: boolean): void {
    const { runner, native } = this.#options
    for (const slot of slots) {
      if (isPaused) this.#paused.add(slot)
      else this.#paused.delete(slot)
    }
    if (isPaused) runner.pause(slots)
    else runner.resume(new Set(slots))
    native.setPaused(slots, isPaused)
  }

  /** @throws {@link ConsumeError} when there is none. */
  #slotsOf({ topic, partition }: PartitionPlace): number[] {
    const slots: number[] = []
    for (const [slot, assigned] of this.#assigned) {
      if (assigned.topic === topic && (partition ?? assigned.partition) === assigned.partition) slots.push(slot)
    }
    if (slots.length > 0) return slots
    const { group } = this.#options
    const what = partition === undefined ? `No partition of ${topic}` : `${topic} [${partition}]`
    throw new ConsumeError(
      `${what} is ${partition === undefined ? '' : 'not '}assigned to this member of ${group} in this subscription now.`,
      { code: 'NARAD_NOT_ASSIGNED', topic, partition, group },
    )
  }
}

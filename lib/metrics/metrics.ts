import type { NaradErrorCode } from '../error-codes.ts'
import { type NativeConsumedMetrics, type NativeGroupMetrics, type NativeMetrics, native } from '../native.ts'
import { BOUNDS_MS } from './bounds.ts'
import { CELLS, HandlerMeter } from './handler-meter.ts'
import type { ConsumedMetrics, DurationHistogram, GroupMetrics, KafkaMetrics } from './types.ts'

const BOUNDS = Object.freeze(BOUNDS_MS.map((ms) => ms / 1_000))

/**
 * The metrics of a service, over all its connections. The native side has the numbers; what only JavaScript knows is
 * added to them when they are asked for.
 */
export class Metrics {
  readonly #meters = new Map<string, Map<string, HandlerMeter>>()
  #native: NativeMetrics | undefined

  /**
   * Where clients count.
   *
   * @throws {@link NativeLoadError}
   */
  get native(): NativeMetrics {
    if (this.#native === undefined) {
      const { NativeMetrics: NativeClass } = native()
      this.#native = new NativeClass(BOUNDS_MS.map((ms) => ms * 1_000))
    }
    return this.#native
  }

  /** Where handlers are counted. */
  handlers(group: string, topic: string): HandlerMeter {
    let topics = this.#meters.get(group)
    if (topics === undefined) {
      topics = new Map()
      this.#meters.set(group, topics)
    }
    let meter = topics.get(topic)
    if (meter === undefined) {
      meter = new HandlerMeter()
      topics.set(topic, meter)
    }
    return meter
  }

  /** @param queued Records that wait to be handed to the native side. */
  snapshot(queued: number): KafkaMetrics {
    // nothing was ever connected
    if (this.#native === undefined) return { producer: { queued, topics: [] }, groups: [] }
    for (const [group, topics] of this.#meters) {
      for (const [topic, meter] of topics) this.#native.handled(group, topic, meter.take())
    }
    const topics = this.#native.sent().map(({ topic, records, bytes, failures, inFlight, latency }) => ({
      topic,
      sent: records,
      sentBytes: bytes,
      failed: failures as Partial<Record<NaradErrorCode, number>>,
      inFlight,
      latency: histogram(latency.buckets, latency.sum),
    }))
    return { producer: { queued, topics }, groups: this.#native.groups().map(groupMetrics) }
  }
}

function groupMetrics(read: NativeGroupMetrics): GroupMetrics {
  const { group, commits, failedCommits, assigned, revoked, lost, held, topics, partitions } = read
  return {
    group,
    commits: { succeeded: commits, failed: failedCommits },
    rebalances: { assigned, revoked, lost },
    held,
    topics: topics.map(consumedMetrics),
    partitions: partitions.map(({ topic, partition, inFlight, lag }) => ({ topic, partition, inFlight, lag })),
  }
}

function consumedMetrics({ topic, received, bytes, handlers }: NativeConsumedMetrics): ConsumedMetrics {
  const cells = CELLS.map((_, cell) => handlers[cell] ?? 0)
  const [attempts = 0, transient = 0, permanent = 0, business = 0, aborted = 0, ...rest] = cells
  const [retried = 0, deadLettered = 0, deadLetterFailures = 0, skipped = 0, stopped = 0, milliseconds = 0] = rest
  const buckets = Array.from({ length: BOUNDS_MS.length + 1 }, (_, bucket) => handlers[CELLS.length + bucket] ?? 0)
  return {
    topic,
    received,
    receivedBytes: bytes,
    handled: attempts - transient - permanent - business - aborted,
    failed: { transient, permanent, business, aborted },
    retried,
    deadLettered,
    deadLetterFailures,
    skipped,
    stopped,
    duration: histogram(buckets, milliseconds / 1_000),
  }
}

function histogram(buckets: number[], sum: number): DurationHistogram {
  return { bounds: BOUNDS, buckets, count: buckets.reduce((all, one) => all + one, 0), sum }
}

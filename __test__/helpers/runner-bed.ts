import type { Clock } from '../../lib/clock.ts'
import { resolveCodec } from '../../lib/codec.ts'
import type { Place, RecordContext } from '../../lib/consumer/record.ts'
import type { History, Parked, RunnerOptions } from '../../lib/consumer/runner.ts'
import type { Failure } from '../../lib/delivery/failure.ts'
import type { Delivery } from '../../lib/delivery/options.ts'
import type { OutageChange } from '../../lib/delivery/outage.ts'
import type { NextStep } from '../../lib/delivery/retry-policy.ts'
import { FakeCompletions } from './completions.ts'
import type { BatchRecord } from './native-batch.ts'

/** A failure stops the partition at once, as narad did before it could do anything else. */
const STOPS: Delivery = {
  maxRetries: 0,
  initialDelayMs: 1_000,
  maxDelayMs: 30_000,
  givenUp: 'stop',
  outage: undefined,
  deadLetterTopic: undefined,
  retryTopicsMs: [],
  classify: undefined,
  timeoutMs: 60_000,
}

/** A failure is retried three times, then the record is parked. */
export const PARKS: Delivery = { ...STOPS, maxRetries: 3, givenUp: 'park' }

/** Where the runners of a bed park. */
export const LETTER: Parked = { topic: 't.g.dlq', afterMs: undefined }

/** A clock that stands still until it is told. */
export class FakeClock implements Clock {
  #nowMs = 0
  #timers: Array<{ atMs: number; callback: () => void }> = []

  now(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Lets time pass, and calls back in order what falls into it. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = endMs
  }
}

export interface NotedFailure {
  error: Error
  offset: number
  attempt: number
  step: NextStep
}

/** The options of a runner of topic `t` and group `g`, whose partitions 0 to 3 have their number as slot, and what it tells. */
export function runnerBed({
  delivery = STOPS,
  clock,
  isManual = false,
}: {
  delivery?: Delivery
  clock?: Clock
  isManual?: boolean
} = {}) {
  const completions = new FakeCompletions()
  const failures: NotedFailure[] = []
  const parked: Array<{ offset: number; failure: Failure; history: History }> = []
  const parkFailures: unknown[] = []
  const outages: OutageChange[] = []
  /** Errors that the next dead letters fail with. */
  const refusals: Error[] = []
  const place = (partition: number): Place => ({ topic: 't', partition, group: 'g' })
  const options: RunnerOptions = {
    codec: resolveCodec('json'),
    delivery,
    isManual,
    isTimed: false,
    places: new Map([0, 1, 2, 3].map((slot) => [slot, place(slot)])),
    completions,
    park: async (failure: Failure, { offset }: RecordContext, history: History) => {
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      parked.push({ offset, failure, history })
      return LETTER
    },
    listener: {
      onFailure: ({ error }, { offset, attempt }, step) => failures.push({ error, offset, attempt, step }),
      onParked: () => {},
      onParkFailed: (error) => parkFailures.push(error),
      onOutage: (change) => outages.push(change),
    },
    // the longest wait that the back-off allows
    random: () => 1 - Number.EPSILON,
    ...(clock === undefined ? {} : { clock }),
  }
  let [batches, offset] = [0, 0]
  /** Records of the next batch; each one's offset is its place among all. */
  function number(records: readonly BatchRecord[]): [batch: number, records: BatchRecord[]] {
    batches += 1
    completions.expect(batches, records.length)
    const numbered = records.map((record) => {
      offset += 1
      return { offset: offset - 1, value: String(offset - 1), ...record }
    })
    return [batches, numbered]
  }
  return { options, completions, failures, parked, parkFailures, outages, refusals, number }
}

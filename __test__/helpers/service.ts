import assert from 'node:assert/strict'
import { createKafkaService, type KafkaConfig, type KafkaError, type KafkaService, type RecordContext } from 'narad'
import type { Scope } from './scope.ts'
import { waitFor } from './wait.ts'

export interface ServiceOptions extends KafkaConfig {
  /** Takes `error` events. Default: one fails the test at its end. */
  onError?: (error: KafkaError) => void
}

/** Delivery options with which a record that fails stops its partition at once. */
export const STOPPING = { retry: false, dlq: false } as const

/** A service that is disconnected when its scope ends, whatever became of the test. */
export function makeService(scope: Scope, { onError, ...config }: ServiceOptions): KafkaService {
  const service = createKafkaService({ logLevel: 'silent', ...config }).init()
  const errors: KafkaError[] = []
  service.on('error', onError ?? ((error) => errors.push(error)))
  scope.after(async () => {
    await service.disconnect({ timeoutMs: 10_000 })
    assert.deepEqual(errors, [], 'no error event came')
  })
  return service
}

/** A service whose producer is connected. */
export async function makeProducer(scope: Scope, options: ServiceOptions): Promise<KafkaService> {
  return await makeService(scope, options).connectProducer()
}

/** What a handler was given, taken out of the batch's memory. */
export interface ReceivedRecord<T> {
  value: T
  topic: string
  partition: number
  offset: number
  timestamp: number
  key: string | null
  headers: Record<string, string | null>
}

function taken<T>(value: T, context: RecordContext): ReceivedRecord<T> {
  const { topic, partition, offset, timestamp, key, headers } = context
  return { value, topic, partition, offset, timestamp, key, headers: { ...headers } }
}

/** Keeps what its handlers are given. */
export class Received<T = unknown> {
  readonly records: Array<ReceivedRecord<T>> = []
  /** Sizes of the batches that the batch handler was given. */
  readonly batches: number[] = []

  readonly handler = (value: T, context: RecordContext): void => {
    this.records.push(taken(value, context))
  }

  readonly batchHandler = (values: T[], { records }: { records: readonly RecordContext[] }): void => {
    assert.equal(values.length, records.length)
    this.batches.push(values.length)
    records.forEach((context, index) => {
      this.records.push(taken(values[index] as T, context))
    })
  }

  get values(): T[] {
    return this.records.map(({ value }) => value)
  }

  /** Waits until `count` records are here, and fails when there are more. */
  async count(count: number, timeoutMs = 15_000): Promise<void> {
    await waitFor(() => this.records.length >= count, {
      what: `${count} records`,
      timeoutMs,
    }).catch((error: Error) => {
      error.message += ` (${this.records.length} came)`
      throw error
    })
    assert.equal(this.records.length, count)
  }

  /** The values of each partition, in the order in which they came. */
  byPartition(): Map<string, T[]> {
    const all = new Map<string, T[]>()
    for (const { topic, partition, value } of this.records) {
      const place = `${topic}-${partition}`
      all.set(place, [...(all.get(place) ?? []), value])
    }
    return all
  }
}

/** All records of a topic that are there now, read in a group of their own. */
export async function readAll<T>(
  scope: Scope,
  brokers: string,
  topic: string,
  count: number,
  codec: 'json' | 'string' | 'buffer' = 'json',
): Promise<Array<ReceivedRecord<T>>> {
  const received = new Received<T>()
  const reader = makeService(scope, { brokers })
  await reader.connectConsumer(`reader-of-${topic}-${Math.random().toString(36).slice(2)}`)
  await reader.subscribe<T>(topic, received.handler, { fromBeginning: true, codec, ordering: 'partition' })
  await received.count(count)
  await reader.disconnect()
  return received.records
}

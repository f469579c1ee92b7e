import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  BusinessError,
  type ConsumedMetrics,
  type DurationHistogram,
  type GroupMetrics,
  type KafkaService,
  PermanentError,
  type RecordContext,
  type SentMetrics,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const NONE = { transient: 0, permanent: 0, business: 0, aborted: 0 }

function sentTo(service: KafkaService, topic: string): SentMetrics {
  const found = service.metrics()?.producer.topics.find((sent) => sent.topic === topic)
  assert.ok(found, `sent to ${topic}`)
  return found
}

function groupOf(service: KafkaService, name: string): GroupMetrics {
  const found = service.metrics()?.groups.find(({ group }) => group === name)
  assert.ok(found, `group ${name}`)
  return found
}

function consumed(service: KafkaService, group: string, topic: string): ConsumedMetrics {
  const found = groupOf(service, group).topics.find((one) => one.topic === topic)
  assert.ok(found, `${topic} in group ${group}`)
  return found
}

/** How many durations are longer than a bound, in milliseconds. */
function longerThan({ bounds, buckets }: DurationHistogram, ms: number): number {
  const from = bounds.indexOf(ms / 1_000)
  assert.ok(from >= 0, `${ms} ms is a bound`)
  return buckets.slice(from + 1).reduce((sum, count) => sum + count, 0)
}

function busy(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** What is counted is what was done, to the record. */
export function describeMetrics(bed: Bed): void {
  describe(`Metrics on ${bed.name}`, { skip: bed.skip }, () => {
    test('count what was sent, received, handled, retried, refused and parked, and in how many bytes', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
      const service = await makeProducer(t, { brokers, commitIntervalMs: 10 })
      await service.connectConsumer(group)
      const handler = (value: number, { attempt }: RecordContext) => {
        if (value === 5) throw new PermanentError('no such customer')
        if (value === 7) throw new BusinessError('sold out')
        if (value % 10 === 0 && attempt === 1) throw new Error('try again')
      }
      const dlq = randomTopic()
      const retry = { initialDelayMs: 1, maxDelayMs: 2 }
      await service.subscribe<number>(topic, handler, { retry, dlq: { topic: dlq } })
      const keys = numbers(100).map((value) => `key-${value % 7}`)
      await service.send(topic, numbers(100), { key: (value) => keys[value] ?? null })
      await service.sendRecords(topic, [{ value: 'not JSON' }, { key: 'gone', value: null }])
      const bytes = keys.join('').length + numbers(100).join('').length + 'not JSON'.length + 'gone'.length

      const { latency, ...sent } = sentTo(service, topic)
      assert.deepEqual(sent, { topic, sent: 102, sentBytes: bytes, failed: {}, inFlight: 0 })
      assert.equal(latency.count, 102)
      assert.ok(latency.sum > 0)

      await waitFor(() => consumed(service, group, topic).handled === 99, { what: '99 records to be handled' })
      await waitFor(() => consumed(service, group, topic).deadLettered === 2, { what: '2 dead letters' })
      const { duration, ...counts } = consumed(service, group, topic)
      assert.deepEqual(counts, {
        topic,
        received: 102,
        receivedBytes: bytes,
        handled: 99,
        // the null is a tombstone, and null % 10 is 0
        failed: { ...NONE, transient: 11, permanent: 2, business: 1 },
        retried: 11,
        deadLettered: 2,
        deadLetterFailures: 0,
        skipped: 0,
        stopped: 0,
      })
      assert.equal(duration.count, 99 + 14)
      assert.equal(sentTo(service, dlq).sent, 2)

      await waitFor(
        () => groupOf(service, group).partitions.every(({ lag, inFlight }) => lag === 0 && inFlight === 0),
        {
          what: 'nothing to lag behind',
        },
      )
      const { partitions, held, commits, rebalances } = groupOf(service, group)
      assert.deepEqual(
        partitions.map((one) => [one.topic, one.partition]),
        numbers(3).map((partition) => [topic, partition]),
      )
      assert.equal(held, 0)
      assert.ok(commits.succeeded > 0)
      assert.deepEqual([commits.failed, rebalances.revoked, rebalances.lost], [0, 0, 0])
      assert.ok(rebalances.assigned > 0)
    })

    test('count sends that fail by their code, and none of them as in flight', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, maxRecordBytes: 2_000 })
      await assert.rejects(service.send(topic, 'x'.repeat(3_000)))
      await assert.rejects(service.send(topic, [1, 2], { partition: 99 }))
      await service.send(topic, 3)
      const { sent, failed, inFlight } = sentTo(service, topic)
      assert.deepEqual(
        { sent, failed, inFlight },
        {
          sent: 1,
          failed: { NARAD_RECORD_TOO_LARGE: 1, NARAD_UNKNOWN_PARTITION: 2 },
          inFlight: 0,
        },
      )
    })

    test('tell what is in flight, held and behind, while a handler runs and another record waits for a retry', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const done: Array<() => void> = []
      const handler = (value: number) => {
        if (value === 0) return new Promise<void>((resolve) => done.push(resolve))
        if (value === 1) throw new Error('try again')
        return undefined
      }
      await service.subscribe<number>(topic, handler, { retry: { initialDelayMs: 600_000, maxDelayMs: 600_000 } })
      await service.send(topic, numbers(10), { key: String })
      const state = () => {
        const { held, partitions } = groupOf(service, group)
        return { held, in: partitions[0]?.inFlight, lag: partitions[0]?.lag }
      }
      await waitFor(() => JSON.stringify(state()) === '{"held":1,"in":2,"lag":10}', { what: 'two of ten' })
      done[0]?.()
      await waitFor(() => JSON.stringify(state()) === '{"held":1,"in":1,"lag":9}', { what: 'one of ten' })
    })

    test('time each handler that waits or takes long alone, whatever runs beside it', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const handler = async (value: number) => {
        if (value % 100 === 0) await delay(26)
      }
      await service.subscribe<number>(topic, handler, { concurrency: 100 })
      await service.send(topic, numbers(2_000), { key: String })
      await waitFor(() => consumed(service, group, topic).handled === 2_000, { what: 'all to be handled' })
      const { duration } = consumed(service, group, topic)
      assert.equal(duration.count, 2_000)
      assert.ok(longerThan(duration, 25) >= 20 && longerThan(duration, 25) < 200, `${duration.buckets}`)
      assert.ok(duration.sum >= 20 * 0.025)

      const slow = await bed.topic()
      await service.subscribe<number>(slow, () => busy(2.6))
      await service.send(slow, numbers(40))
      await waitFor(() => consumed(service, group, slow).handled === 40, { what: 'the slow ones' })
      const alone = consumed(service, group, slow).duration
      assert.deepEqual([alone.count, longerThan(alone, 2.5)], [40, 40])
    })

    test('count a batch by its records and time it as one, and each record of one that fails', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      let calls = 0
      const handler = (values: number[]) => {
        calls += 1
        if (values.length > 1) throw new Error('one of them')
      }
      const options = { batch: { maxMessages: 50, maxWaitMs: 2_000 }, retry: { initialDelayMs: 1 } }
      await service.subscribe<number>(topic, handler, options)
      await service.send(topic, numbers(50))
      await waitFor(() => consumed(service, group, topic).handled === 50, { what: 'all to be handled' })
      const { duration, failed, retried, received } = consumed(service, group, topic)
      assert.deepEqual([received, failed, retried], [50, { ...NONE, transient: 50 }, 50])
      assert.deepEqual([duration.count, calls], [51, 51])
    })

    test('tell a failure that a disconnect brought about from others', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      let isRunning = false
      const handler = (_: unknown, { signal }: RecordContext) => {
        isRunning = true
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }
      await service.subscribe(topic, handler)
      await service.send(topic, 1)
      await waitFor(() => isRunning, { what: 'the handler' })
      const { groups } = await service.disconnect({ timeoutMs: 1_000 })
      // it has run since before its disconnect was asked for, and that is known to the millisecond
      assert.ok((groups[0]?.blocked[0]?.runningMs ?? 0) >= 500, JSON.stringify(groups))
      const { handled, failed } = consumed(service, group, topic)
      assert.deepEqual([handled, failed], [0, { ...NONE, aborted: 1 }])
    })

    test('go on where they were when the service connects anew, and forget what is gone', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = makeService(t, { brokers })
      for (const round of [1, 2]) {
        const received = new Received<number>()
        await service.init().connectProducer()
        await service.connectConsumer(group)
        await service.subscribe<number>(topic, received.handler)
        await service.send(topic, numbers(10))
        await received.count(10)
        await service.disconnect()
        const { partitions, held } = groupOf(service, group)
        assert.deepEqual([partitions, held], [[], 0])
        const { sent, inFlight } = sentTo(service, topic)
        assert.deepEqual([sent, inFlight], [10 * round, 0])
        assert.equal(consumed(service, group, topic).handled, 10 * round)
      }
    })

    test('count records that were not delivered when the service disconnected as failed', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const sends = Promise.allSettled(numbers(20_000).map((value) => service.send(topic, value)))
      await new Promise(setImmediate)
      assert.ok((service.metrics()?.producer.queued ?? 0) > 0)
      await service.disconnect({ timeoutMs: 0 })
      const rejected = (await sends).filter(({ status }) => status === 'rejected').length
      const { sent, failed, inFlight } = sentTo(service, topic)
      assert.equal(sent, 20_000 - rejected)
      assert.equal(inFlight, 0)
      // what was never handed over counts as queued, and then as nothing
      assert.ok((failed.NARAD_CLOSED ?? 0) <= rejected)
      assert.equal(service.metrics()?.producer.queued, 0)
    })

    test('are not there where enableMiddleware is false', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, enableMiddleware: false })
      const received = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, received.handler)
      await service.send(topic, numbers(10))
      await received.count(10)
      assert.equal(service.metrics(), undefined)
    })
  })
}

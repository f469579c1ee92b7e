import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ArgumentError, ConsumeError, type KafkaService, type RecordContext, type Subscription } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** Sends the numbers to one partition. */
async function sendTo(service: KafkaService, topic: string, partition: number, values: readonly number[]) {
  return await service.send(topic, values, { partition })
}

/** What holds for every subscription that its user steers. */
export function describeFlowControl(bed: Bed): void {
  describe(`Flow control on ${bed.name}`, { skip: bed.skip }, () => {
    test('a paused partition stands still while another goes on, and nothing of it is lost or reordered', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      let paused: Subscription | undefined
      const subscription = await service.subscribe<number>(
        topic,
        (value, context) => {
          received.handler(value, context)
          // with most of it in JavaScript, on the way, or in the prefetch
          if (context.partition === 0 && value === 10) {
            paused = subscription
            subscription.pause({ topic, partition: 0 })
          }
        },
        { concurrency: 1, ordering: 'partition', fromBeginning: true },
      )
      await sendTo(service, topic, 0, numbers(20_000))
      await waitFor(() => paused !== undefined, { what: 'the pause' })
      await sendTo(service, topic, 1, numbers(20_000))
      const of = (partition: number) =>
        received.records.filter((record) => record.partition === partition).map(({ value }) => value)
      await waitFor(() => of(1).length === 20_000, { what: 'the other partition', timeoutMs: 30_000 })
      assert.deepEqual(of(0), numbers(11))
      assert.equal(subscription.isPaused, false)
      // again and again, without time to catch up
      for (let round = 0; round < 20; round += 1) {
        subscription.resume({ topic })
        await sendTo(service, topic, 0, [20_000 + round])
        subscription.pause({ topic, partition: 0 })
      }
      subscription.resume()
      await received.count(40_020, 30_000)
      assert.deepEqual(of(0), numbers(20_020))
      assert.deepEqual(of(1), numbers(20_000))
    })

    test('a subscription that is paused as a whole starts nothing, partitions that come later included', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const other = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      await other.connectConsumer(group)
      const [mine, others] = [new Received<number>(), new Received<number>()]
      const subscription = await service.subscribe<number>(topic, mine.handler, { fromBeginning: true })
      assert.deepEqual([subscription.group, subscription.topics], [group, [topic]])
      subscription.pause()
      assert.equal(subscription.isPaused, true)
      const rebalances: string[] = []
      service.on('rebalance', ({ kind }) => rebalances.push(kind))
      await other.subscribe<number>(topic, others.handler, { fromBeginning: true })
      await waitFor(() => rebalances.includes('revoked'), { what: 'a partition that goes' })
      for (const partition of [0, 1]) await sendTo(service, topic, partition, numbers(100))
      await waitFor(() => others.records.length === 100, { what: 'those of the other member' })
      // the partition comes back, and is paused with the subscription
      await other.disconnect()
      await waitFor(() => rebalances.at(-1) === 'assigned', {
        what: 'the partition that comes back',
        timeoutMs: 30_000,
      })
      for (const partition of [0, 1]) await sendTo(service, topic, partition, [100])
      const kept = others.records[0]?.partition === 0 ? 1 : 0
      assert.deepEqual(mine.values, [])
      subscription.resume({ topic, partition: kept })
      await mine.count(101)
      assert.deepEqual(mine.values, numbers(101))
      assert.equal(subscription.isPaused, true)
      subscription.resume()
      await mine.count(102)
    })

    test('pause refuses what is no place, and a partition that is not assigned here', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const subscription = await service.subscribe(topic, () => {})
      const notAssigned = (error: unknown) =>
        error instanceof ConsumeError && error.code === 'NARAD_NOT_ASSIGNED' && !subscription.isPaused
      assert.throws(() => subscription.pause({ topic, partition: 1 }), notAssigned)
      assert.throws(() => subscription.resume({ topic: 'another' }), notAssigned)
      assert.throws(() => subscription.pause({ topic, partition: -1 }), ArgumentError)
      assert.throws(() => subscription.pause('orders' as never), ArgumentError)
    })

    test('a batch handler is paused like any other', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      let isPaused = false
      const subscription = await service.subscribe<number>(
        topic,
        (values, context) => {
          received.batchHandler(values, context)
          if (!isPaused) subscription.pause()
          isPaused = true
        },
        { batch: { maxMessages: 10 } },
      )
      await sendTo(service, topic, 0, numbers(1_000))
      await waitFor(() => isPaused, { what: 'the pause' })
      const before = received.records.length
      await sendTo(service, topic, 0, numbers(1_000, 1_000))
      assert.equal(received.records.length, before)
      subscription.resume()
      await received.count(2_000)
      assert.deepEqual(received.values, numbers(2_000))
    })

    test('seek goes back and forth, to offsets and both ends, and drops what had not begun', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const seen: number[] = []
      let release = () => {}
      let hold: Promise<void> | undefined
      const subscription = await service.subscribe<number>(
        topic,
        async (value) => {
          seen.push(value)
          if (value === 5) await hold
        },
        { ordering: 'partition', fromBeginning: true },
      )
      const place = { topic, partition: 0 }
      const runsTo = async (last: number, first: number) => {
        await waitFor(() => seen.at(-1) === last, { what: `record ${last}, the last of ${seen.length}` })
        assert.deepEqual(seen.splice(0), numbers(last - first + 1, first))
      }
      hold = new Promise((resolve) => {
        release = resolve
      })
      await sendTo(service, topic, 0, numbers(2_000))
      await waitFor(() => seen.includes(5), { what: 'the record that is handled for long' })
      // what runs goes on; 6 and later, with JavaScript or fetched, are dropped
      await subscription.seek(place, 1_990)
      await waitFor(() => seen.at(-1) === 1_999, { what: 'what comes after the seek' })
      assert.deepEqual(seen.splice(0), [...numbers(6), ...numbers(10, 1_990)])
      release()
      hold = undefined
      await subscription.seek({ topic }, 'beginning')
      await runsTo(1_999, 0)
      await subscription.seek(place, 'end')
      await sendTo(service, topic, 0, [2_000])
      await runsTo(2_000, 2_000)
      await subscription.seek({ topic }, { afterBeginning: 1_998 })
      await runsTo(2_000, 1_998)
      await subscription.seek(place, { beforeEnd: 2 })
      await runsTo(2_000, 1_999)
      subscription.pause(place)
      await subscription.seek(place, 1_999)
      await sendTo(service, topic, 0, [2_001])
      assert.deepEqual(seen, [])
      subscription.resume()
      await runsTo(2_001, 1_999)
    })

    test('the committed position follows a seek before anything is handled there, also backwards', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const received = new Received<number>()
      const subscription = await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
      await sendTo(service, topic, 0, numbers(100))
      await received.count(100)
      subscription.pause()
      await subscription.seek({ topic, partition: 0 }, 40)
      await service.disconnect()
      const next = new Received<number>()
      const other = await makeProducer(t, { brokers })
      await other.connectConsumer(group)
      await other.subscribe<number>(topic, next.handler)
      await next.count(60)
      assert.deepEqual(next.values, numbers(60, 40))
    })

    // The one that was refused ended the other one early: what came from the new position was taken for the old one's.
    test('of seeks at the same time one counts, the others are refused, and nothing after it is lost', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      const subscription = await service.subscribe<number>(topic, received.handler)
      await sendTo(service, topic, 0, numbers(1_000))
      await received.count(1_000)
      for (let round = 0; round < 5; round += 1) {
        received.records.splice(0)
        const targets = [100, 200, 300, 400]
        const seeks = targets.map((target) => subscription.seek({ topic, partition: 0 }, target))
        const outcomes = await Promise.allSettled(seeks)
        const first = targets.find((_, index) => outcomes[index]?.status === 'fulfilled') ?? -1
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'NARAD_NOT_ASSIGNED')
        }
        await received.count(1_000 - first)
        assert.deepEqual(received.values, numbers(1_000 - first, first))
      }
    })

    test('a seek passes over the record that stopped its partition', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const errors: unknown[] = []
      const service = await makeProducer(t, { brokers, onError: (error) => errors.push(error) })
      await service.connectConsumer(randomGroup())
      const seen: number[] = []
      const subscription = await service.subscribe<number>(
        topic,
        (value) => {
          if (value === 3) throw new Error('poison')
          seen.push(value)
        },
        { dlq: false, retry: { maxRetries: 0 }, ordering: 'partition', fromBeginning: true },
      )
      await sendTo(service, topic, 0, numbers(10))
      await waitFor(() => errors.length === 1, { what: 'the stop' })
      await subscription.seek({ topic, partition: 0 }, 4)
      await waitFor(() => seen.at(-1) === 9, { what: 'the rest' })
      assert.deepEqual(
        seen,
        numbers(10).filter((value) => value !== 3),
      )
    })

    test('seek refuses an offset that the log does not have, a partition of others, and what is no target', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      const subscription = await service.subscribe<number>(topic, received.handler)
      await sendTo(service, topic, 0, numbers(10))
      await received.count(10)
      const place = { topic, partition: 0 }
      await assert.rejects(subscription.seek(place, 11), {
        name: 'ConsumeError',
        code: 'NARAD_OFFSET_OUT_OF_RANGE',
        topic,
        partition: 0,
      })
      await assert.rejects(subscription.seek({ topic, partition: 1 }, 0), { code: 'NARAD_NOT_ASSIGNED' })
      for (const target of [-1, 1.5, 'start', {}, null, new Date(Number.NaN)]) {
        await assert.rejects(subscription.seek(place, target as never), ArgumentError, String(target))
      }
      await sendTo(service, topic, 0, [10])
      await received.count(11)
    })

    for (const isBatch of [false, true]) {
      const what = isBatch ? 'a batch handler' : 'a handler'
      test(`with commit "manual", what ${what} does not acknowledge is handled again after a restart`, async (t) => {
        const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
        const service = await makeProducer(t, { brokers })
        await service.connectConsumer(group)
        const contexts: RecordContext[] = []
        const options = { commit: 'manual', fromBeginning: true } as const
        if (isBatch) {
          await service.subscribe<number>(topic, (_, { records }) => void contexts.push(...records), {
            ...options,
            batch: true,
          })
        } else await service.subscribe<number>(topic, (_, context) => void contexts.push(context), options)
        await sendTo(service, topic, 0, numbers(3_000))
        await waitFor(() => contexts.length === 3_000, { what: 'all records' })
        const byOffset = contexts.sort((a, b) => a.offset - b.offset)
        // all but one, the last ones first
        for (const context of [...byOffset].reverse()) if (context.offset !== 2_000) assert.equal(context.ack(), true)
        await service.disconnect()
        assert.equal(byOffset[2_000]?.ack(), false)
        const next = new Received<number>()
        const other = await makeProducer(t, { brokers })
        await other.connectConsumer(group)
        await other.subscribe<number>(topic, next.handler)
        await next.count(1_000)
        assert.deepEqual(
          next.values.sort((a, b) => a - b),
          numbers(1_000, 2_000),
        )
      })
    }
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type BatchContext, HandlerError, type KafkaError, message, type RecordContext } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received, STOPPING } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)

/** Counts calls that run at once. */
class Gauge {
  most = 0
  #now = 0

  async during(work: () => Promise<unknown>): Promise<void> {
    this.#now += 1
    this.most = Math.max(this.most, this.#now)
    await work()
    this.#now -= 1
  }
}

/** Anything may be given as `then`. */
function withThen(then: PropertyDescriptor): unknown {
  return Object.defineProperty({}, 'then', then)
}

/** What holds for every handler. */
export function describeHandling(bed: Bed): void {
  describe(`Handling on ${bed.name}`, { skip: bed.skip }, () => {
    test('records of a key run one after the other and in order, however long each takes', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const keys = 60
      await service.send(topic, numbers(6_000), { key: (value) => `key-${value % keys}` })
      await service.connectConsumer(randomGroup())
      const all = new Gauge()
      const perKey = new Map<string, Gauge>()
      const received = new Received<number>()
      const handler = async (value: number, context: RecordContext) => {
        const key = context.key as string
        const gauge = perKey.get(key) ?? new Gauge()
        perKey.set(key, gauge)
        await all.during(() =>
          gauge.during(async () => {
            if (value % 3 === 0) await delay(Math.random() * 5)
            else if (value % 3 === 1) await nextTurn()
            received.handler(value, context)
          }),
        )
      }
      await service.subscribe<number>(topic, handler, { fromBeginning: true, concurrency: 32 })
      await received.count(6_000, 30_000)
      assert.equal(all.most, 32)
      assert.ok([...perKey.values()].every(({ most }) => most === 1))
      for (let key = 0; key < keys; key += 1) {
        const values = received.values.filter((value) => value % keys === key)
        assert.deepEqual(values, sorted(values), `key-${key}`)
      }
    })

    test('handlers run up to the concurrency, and records without a key beside each other', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, numbers(400))
      for (const concurrency of [1, 5, 16]) {
        const gauge = new Gauge()
        const received = new Received<number>()
        await service.connectConsumer(randomGroup())
        const handler = (value: number, context: RecordContext) =>
          gauge.during(async () => {
            await delay(1)
            received.handler(value, context)
          })
        const options = { fromBeginning: true, ...(concurrency === 16 ? {} : { concurrency }) }
        await service.subscribe<number>(topic, handler, options)
        await received.count(400)
        assert.equal(gauge.most, concurrency)
        if (concurrency === 1) assert.deepEqual(received.values, numbers(400))
      }
    })

    test('ordering "partition" runs one record of a partition at a time, and partitions side by side', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      for (const partition of [0, 1, 2]) await service.send(topic, numbers(200, partition * 1_000), { partition })
      await service.connectConsumer(randomGroup())
      const all = new Gauge()
      const perPartition = [new Gauge(), new Gauge(), new Gauge()]
      const received = new Received<number>()
      const handler = (value: number, context: RecordContext) =>
        all.during(() =>
          (perPartition[context.partition] as Gauge).during(async () => {
            await delay(Math.random() * 2)
            received.handler(value, context)
          }),
        )
      await service.subscribe<number>(topic, handler, { fromBeginning: true, ordering: 'partition' })
      await received.count(600)
      assert.deepEqual(
        perPartition.map(({ most }) => most),
        [1, 1, 1],
      )
      assert.equal(all.most, 3)
      for (const values of received.byPartition().values()) assert.deepEqual(values, sorted(values))
    })

    test('ordering "none" runs records of one key beside each other', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, numbers(200), { key: 'one' })
      await service.connectConsumer(randomGroup())
      const gauge = new Gauge()
      const received = new Received<number>()
      const handler = (value: number, context: RecordContext) =>
        gauge.during(async () => {
          await delay(1)
          received.handler(value, context)
        })
      await service.subscribe<number>(topic, handler, { fromBeginning: true, ordering: 'none', concurrency: 8 })
      await received.count(200)
      assert.equal(gauge.most, 8)
      assert.deepEqual(sorted(received.values), numbers(200))
    })

    test('handlers may be sync, async or give any thenable, and what they give is ignored', async (t) => {
      const brokers = await bed.brokers()
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const thenable = withThen({ value: (done: () => void) => setTimeout(done, 1) })
      const notThenable = withThen({ value: 'no function' })
      for (const result of [undefined, false, null, 'text', notThenable, Promise.resolve(1), thenable]) {
        const topic = await bed.topic()
        const received = new Received<number>()
        await service.subscribe<number>(topic, (value, context) => {
          received.handler(value, context)
          return result
        })
        await service.send(topic, numbers(3))
        await received.count(3)
      }
    })

    test('a handler may send, and what it sends is handled', async (t) => {
      const brokers = await bed.brokers()
      const [source, target] = [await bed.topic(2), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      await service.subscribe<number>(source, (value) => service.send(target, value * 2, { key: value }))
      await service.subscribe<number>(target, received.handler)
      await service.send(source, numbers(500), { key: String })
      await received.count(500)
      assert.deepEqual(
        sorted(received.values),
        numbers(500).map((value) => value * 2),
      )
    })

    // Each way to fail with what makes its record; the value 13 fails.
    const failures: Array<[how: string, fail: () => unknown]> = [
      [
        'throws',
        () => {
          throw new Error('out of stock')
        },
      ],
      ['rejects', () => Promise.reject(new Error('out of stock'))],
      ['rejects later', () => delay(5).then(() => Promise.reject(new RangeError('late')))],
      ['rejects with undefined', () => Promise.reject(undefined)],
      ['rejects with a Symbol', () => Promise.reject(Symbol('odd'))],
      [
        'throws null',
        () => {
          throw null
        },
      ],
      ['gives a thenable that throws', () => withThen({ value: () => assert.fail('in then') })],
      ['gives an object whose then cannot be read', () => withThen({ get: () => assert.fail('in the getter') })],
    ]
    for (const [how, fail] of failures) {
      test(`C6: a handler that ${how} fails: without retries its partition stops alone, and the record comes again`, async (t) => {
        const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
        const errors: KafkaError[] = []
        const service = makeService(t, { brokers, onError: (error) => errors.push(error) })
        await service.connectProducer()
        await service.connectConsumer(group)
        const received = new Received<number>()
        const handler = (value: number, context: RecordContext) => {
          if (value === 13) return fail()
          return received.handler(value, context)
        }
        await service.subscribe<number>(topic, handler, { ...STOPPING, concurrency: 1 })
        await service.send(topic, numbers(20), { partition: 0, key: (value) => `k${value}` })
        await waitFor(() => errors.length > 0, { what: 'the error event' })
        // the other partition and later records of the broken one
        await service.send(topic, numbers(50, 100), { partition: 1 })
        await service.send(topic, numbers(5, 50), { partition: 0 })
        await received.count(13 + 50)
        const [error, ...others] = errors
        assert.deepEqual(others, [])
        assert.ok(error instanceof HandlerError)
        const { code, partition, offset, key, retriable } = error
        assert.deepEqual(
          { code, topic: error.topic, group: error.group, partition, offset, key, retriable },
          { code: 'NARAD_HANDLER_FAILED', topic, group, partition: 0, offset: 13, key: 'k13', retriable },
        )
        assert.match(error.message, /stopped before offset 13/)
        const report = await service.disconnect()
        assert.deepEqual(report, {
          undelivered: 0,
          undeliveredByTopic: {},
          groups: [{ group, unfinished: 0, leftGroup: true, blocked: [] }],
        })

        const again = new Received<number>()
        const next = makeService(t, { brokers })
        await next.connectConsumer(group)
        await next.subscribe<number>(topic, again.handler, { ordering: 'partition' })
        await again.count(7 + 5)
        assert.deepEqual(again.values, [...numbers(7, 13), ...numbers(5, 50)])
      })
    }

    // What was logged of the retry was the error made into text, which an error may do as it likes: one that threw there
    // ended the process, and with nobody to end it stopped its worker for good.
    test('C6: a handler whose error cannot be made into text is tried again', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const received = new Received<number>()
      const handler = (value: number, context: RecordContext) => {
        if (context.attempt > 1) return received.handler(value, context)
        throw Object.assign(new Error('refused'), { toString: () => assert.fail('in toString') })
      }
      await service.subscribe<number>(topic, handler, { retry: { initialDelayMs: 1 }, concurrency: 1, outage: false })
      await service.send(topic, [1, 2, 3])
      await received.count(3)
    })

    test('without dead letters a value that is not JSON stops its partition with the place in the error', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const errors: KafkaError[] = []
      const service = makeService(t, { brokers, onError: (error) => errors.push(error) })
      await service.connectProducer()
      await service.connectConsumer(group)
      const received = new Received<number>()
      await service.subscribe<number>(topic, received.handler, STOPPING)
      const raw = ['1', '{"a":', '2'].map((value) => ({ value, partition: 0, key: 'k' }))
      await service.sendRecords(topic, raw)
      await waitFor(() => errors.length > 0, { what: 'the error event' })
      await service.send(topic, 3, { partition: 1 })
      await received.count(2)
      assert.deepEqual(received.values, [1, 3])
      const [error] = errors
      assert.ok(error instanceof HandlerError)
      assert.deepEqual([error.topic, error.partition, error.offset, error.group], [topic, 0, 1, group])
      assert.equal((error.cause as KafkaError).code, 'NARAD_DECODE_FAILED')
      assert.doesNotMatch(error.message, /\{"a":/, 'what was sent is not shown')
      await service.disconnect()
      const again = new Received<string>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<string>(topic, again.handler, { codec: 'string' })
      await again.count(2)
      assert.deepEqual(again.values, ['{"a":', '2'])
    })

    test('without retries the record for which a batch handler fails stops its partition, and it and those behind it come again', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const errors: KafkaError[] = []
      const service = makeService(t, { brokers, onError: (error) => errors.push(error) })
      await service.connectProducer()
      await service.send(topic, numbers(100), { partition: 0 })
      await service.connectConsumer(group)
      const received = new Received<number>()
      const handler = async (values: number[], context: BatchContext) => {
        await nextTurn()
        if (values.includes(55)) throw new Error('disk full')
        received.batchHandler(values, context)
      }
      await service.subscribe<number>(topic, handler, { ...STOPPING, fromBeginning: true, batch: { maxMessages: 10 } })
      await waitFor(() => errors.length > 0, { what: 'the error event' })
      await service.send(topic, numbers(20, 1_000), { partition: 1 })
      await waitFor(() => received.values.includes(1_019), { what: 'the other partition' })
      const handled = received.values.filter((value) => value < 1_000)
      assert.deepEqual(handled, numbers(handled.length))
      const [error] = errors
      assert.ok(error instanceof HandlerError)
      assert.deepEqual([error.offset, handled.length], [55, 55])
      assert.match(error.message, /disk full.*stopped before offset 55/)
      await service.disconnect()
      const again = new Received<number>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<number>(topic, again.batchHandler, { batch: true })
      await again.count(100 - handled.length)
      assert.deepEqual(again.values, numbers(100 - handled.length, handled.length))
    })

    test('nothing is committed past a record that runs, however many after it are done', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = makeService(t, { brokers, commitIntervalMs: 10 })
      await service.connectProducer()
      await service.connectConsumer(group)
      const received = new Received<number>()
      const handler = (value: number, context: RecordContext) => {
        if (value === 3) return new Promise(() => {})
        received.handler(value, context)
        return undefined
      }
      await service.subscribe<number>(topic, handler)
      await service.send(topic, numbers(500), { key: String })
      await received.count(499)
      const report = await service.disconnect({ timeoutMs: 1_500 })
      assert.deepEqual(
        report.groups.map(({ unfinished, blocked }) => [unfinished, blocked.map(({ key }) => key)]),
        [[1, ['3']]],
      )
      const again = new Received<number>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<number>(topic, again.handler)
      await again.count(497)
      assert.deepEqual(sorted(again.values), numbers(497, 3))
    })

    test('tombstones reach handlers as null, whatever the codec', async (t) => {
      const brokers = await bed.brokers()
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const custom = { encode: String, decode: () => assert.fail('a tombstone has no bytes') }
      for (const codec of ['json', 'string', 'buffer', custom] as const) {
        const topic = await bed.topic()
        const received = new Received<unknown>()
        await service.subscribe(topic, received.handler, { codec })
        await service.send(topic, message(null).key('gone'), { codec })
        await received.count(1)
        assert.deepEqual([received.values[0], received.records[0]?.key], [null, 'gone'])
      }
    })
  })
}

import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Middleware, message, type RecordContext, type RecordMiddlewareContext } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** What holds for every middleware. */
export function describeMiddleware(bed: Bed): void {
  describe(`Middleware on ${bed.name}`, { skip: bed.skip }, () => {
    test('runs around each handler, the service’s outside of the subscription’s, and may replace the message', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const seen: unknown[] = []
      const plusOne: Middleware = {
        name: 'plus-one',
        consume: async ({ message: given, topic: from }, next) => {
          assert.equal(from, topic)
          seen.push(await next(Number(given) + 1))
        },
      }
      assert.equal(service.use(plusOne), service)
      assert.deepEqual(service.middleware, ['logging', 'plus-one'])
      const consumer = await service.connectConsumer(randomGroup())
      const handled: unknown[] = []
      const handler = (value: unknown, context: RecordContext) => {
        handled.push([value, (context as RecordMiddlewareContext).message])
        return 'result'
      }
      await consumer.subscribe(topic, handler, { use: [(context, next) => next(Number(context.message) * 10)] })
      // what comes later is not for the subscriptions that are there
      service.use(() => assert.fail('a later middleware ran'))
      await service.send(topic, [1, 2])
      await waitFor(() => seen.length === 2, { what: 'two records' })
      assert.deepEqual(handled, [
        [20, 20],
        [30, 30],
      ])
      assert.deepEqual(seen, ['result', 'result'])
    })

    test('runs around each batch, and its failure is the batch’s', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, numbers(50))
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      const negative: Middleware = {
        name: 'negative',
        consumeBatch: ({ messages, records }, next) => {
          assert.equal(records.length, messages.length)
          return next(messages.map((value) => -Number(value)))
        },
      }
      await service.subscribe<number>(topic, received.batchHandler, {
        batch: true,
        fromBeginning: true,
        use: [negative],
      })
      await received.count(50)
      assert.deepEqual(
        received.values,
        numbers(50).map((value) => -value),
      )
    })

    test('a middleware without a part for batches is refused by name when a batch handler subscribes', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = makeService(t, { brokers }).use(function onlyRecords(_context, next) {
        return next()
      })
      await service.connectConsumer(randomGroup())
      await assert.rejects(
        service.subscribe(topic, () => {}, { batch: true }),
        {
          name: 'ArgumentError',
          message: /"onlyRecords" has "consume" and no "consumeBatch"/,
        },
      )
      // nothing is left of it: the topic is free
      await service.subscribe(topic, () => {})
    })

    test('keys, headers, values and times of records can be changed on their way out', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const topics: string[] = []
      service.use({
        name: 'stamp',
        send(context, next) {
          topics.push(context.topic)
          for (const record of context.records) {
            record.headers.traceparent = '00-1'
            record.key ??= 'stamped'
            record.timestamp = 1_700_000_000_000
          }
          return next()
        },
      })
      const [first] = await service.send(topic, [message({ id: 1 }).key('own').header('a', 'b'), { id: 2 }])
      assert.equal(first?.topic, topic)
      const single = await service.send(topic, { id: 3 }, { headers: { traceparent: 'mine' } })
      assert.equal(typeof single.offset, 'number')
      await service.sendRecords(topic, [{ value: '{"id":4}', partition: 2 }])
      assert.deepEqual(topics, [topic, topic, topic])
      const records = await readAll<{ id: number }>(t, brokers, topic, 4)
      assert.deepEqual(
        records
          .sort((a, b) => a.value.id - b.value.id)
          .map(({ value, key, headers, timestamp }) => [value.id, key, { ...headers }, timestamp]),
        [
          [1, 'own', { a: 'b', traceparent: '00-1' }, 1_700_000_000_000],
          [2, 'stamped', { traceparent: '00-1' }, 1_700_000_000_000],
          [3, 'stamped', { traceparent: '00-1' }, 1_700_000_000_000],
          [4, 'stamped', { traceparent: '00-1' }, 1_700_000_000_000],
        ],
      )
    })

    test('a send that a middleware refuses rejects with its very error, and nothing is sent', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const refusal = new Error('not this one')
      service.use({
        name: 'guard',
        async send({ records }, next) {
          if (records.some(({ value }) => value === 2)) throw refusal
          return await next()
        },
      })
      await assert.rejects(service.send(topic, [1, 2]), (error) => error === refusal)
      await service.send(topic, 3)
      assert.deepEqual(
        (await readAll(t, brokers, topic, 1)).map(({ value }) => value),
        [3],
      )
    })

    test('sends keep their order and their errors, whose stacks show the caller', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, maxRecordBytes: 2_000 })
      service.use({ name: 'through', send: async (_context, next) => await next() })
      await Promise.all(numbers(500).map((value) => service.send(topic, value)))
      const records = await readAll<number>(t, brokers, topic, 500)
      assert.deepEqual(
        records.map(({ value }) => value),
        numbers(500),
      )
      const error = await service.send(topic, 'x'.repeat(5_000)).catch((reason: Error) => reason)
      assert.ok(error instanceof Error)
      assert.equal(error.name, 'RecordTooLargeError')
      assert.match(error.stack ?? '', /behaviours.middleware\.ts/)
    })

    // middleware gets headers by name, and they were sent as it left them: repeated ones together, numbers first
    test('headers that are a list keep their order through middleware, and what it adds comes last', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      service.use({
        name: 'headers',
        send: async ({ records }, next) => {
          for (const { headers } of records) {
            assert.deepEqual(headers.b, ['2', '4'])
            Object.assign(headers, { b: ['2', 'four'], added: '6', gone: undefined })
          }
          return await next()
        },
      })
      const list = [
        ['b', '2'],
        ['a', '3'],
        ['b', '4'],
        ['7', null],
        ['gone', 'x'],
        ['a', '5'],
      ] as const
      await service.send(topic, 1, { headers: list })
      await service.send(topic, message(2).headers(list))
      await service.sendRecords(topic, [{ value: '3', headers: list }])
      const expected = ['b=2', 'a=3', 'b=four', '7=null', 'a=5', 'added=6']
      let count = 0
      for await (const { rawHeaders } of service.read(topic, { to: 'end' })) {
        assert.deepEqual(
          rawHeaders.map(([name, value]) => `${name}=${value}`),
          expected,
        )
        count += 1
      }
      assert.equal(count, 3)
    })

    test('a store that is run around next() is seen by the handler of that record alone', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const storage = new AsyncLocalStorage<number>()
      service.use((context, next) => storage.run(context.message as number, next))
      await service.connectConsumer(randomGroup())
      const seen: Array<[number, number | undefined, number | undefined]> = []
      await service.subscribe<number>(topic, async (value) => {
        const before = storage.getStore()
        await nextTurn()
        seen.push([value, before, storage.getStore()])
      })
      await service.send(topic, numbers(300), { key: (value) => value % 30 })
      await waitFor(() => seen.length === 300, { what: '300 records' })
      assert.ok(seen.every(([value, before, after]) => value === before && value === after))
    })

    test('logs a debug line for each record and send, and without enableMiddleware none', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      for (const enableMiddleware of [true, false]) {
        const lines: Array<[message: string, topic: unknown]> = []
        const note = (fields: object | string, text?: string) => {
          lines.push([text ?? String(fields), (fields as { topic?: unknown }).topic])
        }
        const logger = { debug: note, info: note, warn: note, error: note }
        const service = await makeProducer(t, { brokers, logger, logLevel: 'debug', enableMiddleware })
        assert.deepEqual(service.middleware, enableMiddleware ? ['logging'] : [])
        await service.connectConsumer(randomGroup())
        const received = new Received()
        await service.subscribe(topic, received.handler)
        await service.send(topic, 1)
        await received.count(1)
        const told = () => lines.filter(([text]) => /^(Sent|Handled) a record$/.test(text))
        if (enableMiddleware) await waitFor(() => told().length === 2, { what: 'both lines' })
        await service.disconnect()
        assert.deepEqual(
          told().map(([, from]) => from),
          enableMiddleware ? [topic, topic] : [],
        )
      }
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type BaseEvent,
  createEventBus,
  DEAD_LETTER_HEADERS,
  type EventBusOptions,
  type EventContext,
  event,
  eventCodec,
  message,
  type StandardSchema,
  TransientError,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeService, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

interface Order {
  id: number
}

/** Takes orders whose id is a number. */
const orderSchema: StandardSchema<unknown, Order> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as Order).id === 'number'
        ? { value: { id: (value as Order).id } }
        : { issues: [{ message: 'no number', path: ['id'] }] },
  },
}

/** What holds for every event bus. */
export function describeEventBus(bed: Bed): void {
  const setUp = async (scope: Parameters<typeof makeService>[0], options: EventBusOptions = {}) => {
    const kafka = makeService(scope, { brokers: await bed.brokers(), clientId: 'shop' })
    return { kafka, bus: createEventBus({ kafka, group: randomGroup(), ...options }) }
  }

  describe(`An event bus on ${bed.name}`, { skip: bed.skip }, () => {
    test('hands events to the handlers of their type, by name, pattern and class, also those registered later', async (t) => {
      class OrderPaid {
        static readonly type = 'order.paid'
        declare readonly cents: number
        get euros(): number {
          return this.cents / 100
        }
      }
      const topic = await bed.topic(3)
      const { bus } = await setUp(t, { topic: () => topic })
      const seen: string[] = []
      bus.registerHandler('order.created', ({ type, data, source }) => seen.push(`name ${type} ${data} ${source}`))
      const remove = bus.registerHandler('order.*', ({ type }, { key }) => seen.push(`pattern ${type} ${key}`))
      await bus.subscribe(topic)
      bus.registerHandler(OrderPaid, ({ data }) => seen.push(`class ${data instanceof OrderPaid} ${data.euros}`))
      const order = { aggregateId: 'o-1', aggregateType: 'Order' }
      const stored = await bus.publish({ type: 'order.created', data: 1, ...order })
      assert.equal(stored.topic, topic)
      await bus.publish({ type: 'order.paid', data: { cents: 950 }, ...order })
      await waitFor(() => seen.length === 4, { what: 'four calls' })
      remove()
      await bus.publish({ type: 'order.created', data: 2, ...order }, { key: 'o-1' })
      await waitFor(() => seen.length === 5, { what: 'another call' })
      assert.deepEqual(seen, [
        'name order.created 1 shop',
        'pattern order.created o-1',
        'pattern order.paid o-1',
        'class true 9.5',
        'name order.created 2 shop',
      ])
    })

    test('names topics by domain and kind, unless it is told the topic', async (t) => {
      const domain = (await bed.topic()).replaceAll('.', '-')
      for (const name of [`${domain}.events`, `${domain}.commands`]) await bed.topic(1, name)
      const { bus } = await setUp(t, { domain })
      await bus.start()
      const created = await bus.publish({ type: 'order.created', data: 1 })
      const charge = await bus.publish({ type: 'charge', commandName: 'charge', data: 1 })
      const named = await bus.publish(domain, event({ type: 'order.created', data: 1 }))
      assert.deepEqual(
        [created, charge, named].map(({ topic }) => topic),
        [`${domain}.events`, `${domain}.commands`, domain],
      )
    })

    test('what a handler makes, at once, after awaits and from timers, has the correlation and the cause', async (t) => {
      const [from, to] = [await bed.topic(3), await bed.topic()]
      const { bus, kafka } = await setUp(t)
      bus.registerHandler('order.created', async ({ data }) => {
        const first = bus.publish(to, { type: 'child', data })
        await nextTurn()
        await bus.publish(to, event({ type: 'child', data }))
        setTimeout(() => void bus.publish(to, { type: 'child', data }), 1)
        await kafka.send(to, { data })
        await first
      })
      await bus.subscribe(from)
      const orders = Array.from({ length: 30 }, (_, data) =>
        event({ type: 'order.created', data, ...(data % 2 === 0 ? {} : { correlationId: `c-${data}` }) }),
      )
      await Promise.all(orders.map((order) => bus.publish(from, order)))
      const records = await readAll<BaseEvent<number>>(t, await bed.brokers(), to, orders.length * 4)
      for (const { value, headers } of records) {
        const { id, correlationId = id } = orders[value.data] as BaseEvent
        assert.equal(headers['x-correlation-id'], correlationId)
        assert.equal(headers['x-causation-id'], id)
        if (value.type === undefined) continue
        assert.deepEqual([value.correlationId, value.causationId], [correlationId, id])
      }
    })

    test('in a format without ids they are in the headers, and children inherit all the same', async (t) => {
      const [from, to] = [await bed.topic(), await bed.topic()]
      const { bus } = await setUp(t, { codec: eventCodec({ format: 'payload' }) })
      bus.registerHandler('ORDER_CREATED', ({ data }) => bus.publish(to, { type: 'ORDER_PAID', data }))
      await bus.subscribe(from)
      const order = event({ type: 'ORDER_CREATED', data: { id: 1 }, correlationId: 'c-1' })
      await bus.publish(from, order)
      const [paid] = await readAll<{ timestamp: string }>(t, await bed.brokers(), to, 1)
      assert.deepEqual(paid?.value, { type: 'ORDER_PAID', timestamp: paid?.value.timestamp, payload: { id: 1 } })
      const { 'x-correlation-id': correlationId, 'x-causation-id': causationId, 'x-source': source } = paid.headers
      assert.deepEqual([correlationId, causationId, source], ['c-1', order.id, 'shop'])
    })

    test('takes the options of subscribe: a failed event is handled again, with all its handlers', async (t) => {
      const topic = await bed.topic()
      const { bus } = await setUp(t)
      const attempts: Array<[handler: string, attempt: number]> = []
      bus.registerHandler('order.created', (_event, { attempt }) => attempts.push(['first', attempt]))
      bus.registerHandler('*', (_event, { attempt }) => {
        attempts.push(['second', attempt])
        if (attempt === 1) throw new TransientError('too early', { retryAfterMs: 1 })
      })
      await bus.subscribe(topic, { group: randomGroup(), ordering: 'partition', retry: { maxRetries: 1 } })
      await bus.publish(topic, { type: 'order.created', data: 1 })
      await waitFor(() => attempts.length === 4, { what: 'both attempts' })
      assert.deepEqual(attempts, [
        ['first', 1],
        ['second', 1],
        ['first', 2],
        ['second', 2],
      ])
    })

    test('counts events that nobody handles, and by option makes dead letters of them', async (t) => {
      const [topic, dead] = [await bed.topic(), await bed.topic()]
      const counting = await setUp(t)
      const strict = await setUp(t, { unhandled: 'error' })
      const handled: string[] = []
      for (const { bus } of [counting, strict]) {
        bus.registerHandler('known', ({ data }) => handled.push(String(data)))
        await bus.subscribe({ topics: [topic], ordering: 'partition', dlq: { topic: dead } })
      }
      for (const type of ['unknown', 'unknown', 'other', 'known'])
        await counting.bus.publish(topic, { type, data: type })
      await waitFor(() => handled.length === 2, { what: 'both buses' })
      const expected = new Map([
        ['unknown', 2],
        ['other', 1],
      ])
      assert.deepEqual(counting.bus.unhandled, expected)
      assert.deepEqual(strict.bus.unhandled, expected)
      const letters = await readAll<BaseEvent>(t, await bed.brokers(), dead, 3)
      assert.deepEqual(
        letters.map(({ value }) => value.type),
        ['unknown', 'unknown', 'other'],
      )
      assert.equal(
        letters[2]?.headers[DEAD_LETTER_HEADERS.message],
        'No handler is registered for events of type "other".',
      )
    })

    test('a handler of its own gets all events of a subscription, and each group gets them', async (t) => {
      const topic = await bed.topic()
      const { bus } = await setUp(t)
      bus.registerHandler('*', () => assert.fail('a registered handler ran'))
      const seen: string[] = []
      const note = (group: string) => (one: BaseEvent, context: EventContext) => {
        assert.equal(context.topic, topic)
        seen.push(`${group} ${one.type}`)
      }
      await bus.subscribe([topic], note('one'), randomGroup())
      await bus.subscribe({ topics: topic, handler: note('two'), group: randomGroup() })
      await bus.publish(topic, { type: 'a', data: 1 })
      await waitFor(() => seen.length === 2, { what: 'both groups' })
      assert.deepEqual(seen.sort(), ['one a', 'two a'])
      assert.equal(bus.unhandled.size, 0)
    })

    test('validates the data on its way out, and makes a dead letter of what does not fit on its way in', async (t) => {
      const [topic, dead] = [await bed.topic(), await bed.topic()]
      const { kafka } = await setUp(t)
      const bus = createEventBus({ kafka, schemas: { 'order.created': orderSchema } })
      const seen: Order[] = []
      bus.registerHandler('order.created', ({ data }) => seen.push(data))
      await bus.subscribe(topic, { group: randomGroup(), dlq: { topic: dead } })
      const wrong = { type: 'order.created' as const, data: { id: 'secret' } }
      await assert.rejects(bus.publish(topic, wrong as never), {
        name: 'ArgumentError',
        message: 'The data of the event "order.created" does not fit its schema: id.',
      })
      await kafka.send(topic, event(wrong))
      await bus.publish(topic, { type: 'order.created', data: { id: 1, more: true } as Order })
      await waitFor(() => seen.length === 1, { what: 'the order that fits' })
      assert.deepEqual(seen, [{ id: 1 }])
      const [letter] = await readAll<BaseEvent<Order>>(t, await bed.brokers(), dead, 1)
      assert.deepEqual(letter?.value.data, { id: 'secret' })
      assert.equal(letter?.headers[DEAD_LETTER_HEADERS.name], 'PermanentError')
    })

    test('what is no event becomes a dead letter, and a tombstone counts as unhandled', async (t) => {
      const [topic, dead] = [await bed.topic(), await bed.topic()]
      const { bus, kafka } = await setUp(t)
      const seen: unknown[] = []
      bus.registerHandler('*', ({ data }) => seen.push(data))
      await bus.subscribe(topic, { ordering: 'partition', dlq: { topic: dead } })
      await kafka.send(topic, ['{"no":"type"}', 'no JSON', '[]', '5'], { codec: 'string' })
      await kafka.send(topic, message(null).key('k'))
      await bus.publish(topic, { type: 'a', data: 'an event' })
      await waitFor(() => seen.length === 1, { what: 'the event' })
      assert.deepEqual(seen, ['an event'])
      assert.equal((await readAll(t, await bed.brokers(), dead, 4, 'string')).length, 4)
      assert.deepEqual(bus.unhandled, new Map([['null', 1]]))
    })

    test('starts once however often it is asked, publishes only then, and ends with its service', async (t) => {
      const topic = await bed.topic()
      const { bus, kafka } = await setUp(t)
      await assert.rejects(bus.publish(topic, { type: 'a', data: 1 }), {
        name: 'NotConnectedError',
        message: /not connected: await start\(\) first/,
      })
      assert.deepEqual(await Promise.all([bus.start(), bus.start()]), [bus, bus])
      assert.deepEqual(kafka.middleware, ['logging', 'correlation'])
      const received = new Received<BaseEvent>()
      await kafka.connectConsumer(randomGroup())
      await kafka.subscribe(topic, received.handler)
      await bus.publish(topic, { type: 'a', data: 1 })
      await received.count(1)
      const report = await bus.stop({ timeoutMs: 10_000 })
      assert.equal(report.undelivered, 0)
      assert.equal(kafka.isConnected, false)
      await assert.rejects(bus.publish(topic, { type: 'a', data: 1 }), { name: 'NotConnectedError' })
    })
  })
}

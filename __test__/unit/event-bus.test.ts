import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { currentCause } from '../../lib/correlation.ts'
import { deadLetter } from '../../lib/delivery/verdict.ts'
import { createEventBus, getEventBus } from '../../lib/events/bus.ts'
import { domainEvent, event } from '../../lib/events/event.ts'
import { eventTopic } from '../../lib/events/event-topic.ts'

describe('dispatch', () => {
  test('runs all handlers of an event in the order in which they were registered, one after the other', async () => {
    const bus = createEventBus({ service: 's' })
    const steps: string[] = []
    bus.registerHandler('*', async () => {
      steps.push('first begins')
      await nextTurn()
      steps.push('first ends')
    })
    bus.registerHandler('a', () => steps.push('second'))
    await bus.dispatch({ type: 'a', data: 1 })
    assert.deepEqual(steps, ['first begins', 'first ends', 'second'])
  })

  test('rejects with what a handler throws, or with the error of its verdict, and runs none after it', async () => {
    const boom = new Error('boom')
    for (const fail of [
      () => {
        throw boom
      },
      () => Promise.reject(boom),
      () => deadLetter(boom),
    ]) {
      for (const isAlone of [true, false]) {
        const bus = createEventBus({ service: 's' })
        bus.registerHandler('a', fail)
        if (!isAlone) bus.registerHandler('a', () => assert.fail('a later handler ran'))
        await assert.rejects(bus.dispatch({ type: 'a', data: 1 }), (error) => error === boom)
      }
    }
  })

  test('tells the handler of the event, and that there is no record', async () => {
    const bus = createEventBus({ service: 'shop', group: 'g' })
    let told: object | undefined
    bus.registerHandler('order.created', ({ source, data, aggregateId }, { signal, headers, ...context }) => {
      told = { source, data, aggregateId, isAborted: signal.aborted, headers: { ...headers }, ...context }
    })
    const timestamp = '2026-01-01T00:00:00.000Z'
    const input = { type: 'order.created', data: { id: 1 }, aggregateId: 'o-1', aggregateType: 'Order', timestamp }
    for (const given of [input, domainEvent({ ...input, source: 'shop' })]) {
      await bus.dispatch(given)
      assert.deepEqual(told, {
        source: 'shop',
        data: { id: 1 },
        aggregateId: 'o-1',
        isAborted: false,
        headers: {},
        topic: '',
        partition: -1,
        offset: -1,
        timestamp: Date.parse(timestamp),
        group: 'g',
        key: 'o-1',
        attempt: 1,
      })
    }
  })

  test('events made in a handler have its correlation and cause, and those made elsewhere have none', async () => {
    const bus = createEventBus({ service: 's' })
    const children: Array<ReturnType<typeof event>> = []
    bus.registerHandler('a', async () => {
      await nextTurn()
      children.push(event({ type: 'child', data: 1 }), event({ type: 'child', data: 1, correlationId: 'own' }))
    })
    const root = event({ type: 'a', data: 1 })
    await bus.dispatch(root)
    assert.deepEqual(
      children.map(({ correlationId, causationId }) => [correlationId, causationId]),
      [
        [root.id, root.id],
        ['own', root.id],
      ],
    )
    assert.equal(currentCause(), undefined)
    assert.equal(root.correlationId, undefined)
  })

  test('counts what nobody handles, and forgets no type for another', async () => {
    const bus = createEventBus({ service: 's' })
    for (let index = 0; index < 1_200; index += 1) await bus.dispatch({ type: `t-${index}`, data: 1 })
    await bus.dispatch({ type: '__proto__', data: 1 })
    await bus.dispatch({ type: 't-5', data: 1 })
    assert.equal(bus.unhandled.size, 1_001)
    assert.equal(bus.unhandled.get('t-5'), 2)
    assert.equal(bus.unhandled.get('*'), 201)
  })

  test('data of a class has its methods, and fields of any name stay fields', async () => {
    class Order {
      static readonly type = 'order'
      declare readonly id: number
      get label(): string {
        return `order ${this.id}`
      }
    }
    const bus = createEventBus({ service: 's' })
    const seen: unknown[] = []
    bus.registerHandler(Order, ({ data }) => seen.push(data.label, data instanceof Order, Object.keys(data)))
    bus.registerHandler('order', ({ data }) => seen.push(data instanceof Order))
    await bus.dispatch({ type: 'order', data: JSON.parse('{"id":1,"__proto__":{"id":2}}') })
    assert.deepEqual(seen, ['order 1', true, ['id', '__proto__'], false])
    await bus.dispatch({ type: 'order', data: 'text' }).catch(() => {})
    assert.equal(seen.at(-1), false)
  })
})

describe('eventTopic', () => {
  test('is the domain and the kind; without a domain, the type says it', () => {
    assert.equal(eventTopic({ type: 'order.created' }), 'order.events')
    assert.equal(eventTopic({ type: 'order.item.added' }, 'shop'), 'shop.events')
    assert.equal(eventTopic({ type: 'SendMail', commandName: 'SendMail' }, 'notification'), 'notification.commands')
    for (const type of ['ORDER_CREATED', '.created']) {
      assert.throws(() => eventTopic({ type }), { name: 'ArgumentError', message: /does not say its domain/ })
    }
  })
})

describe('createEventBus', () => {
  test('names an option that is wrong or unknown', () => {
    const cases: Array<[options: object, message: RegExp]> = [
      [{ servise: 's' }, /Did you mean "service"/],
      [{ service: '' }, /"service" must be a text/],
      [{ topic: 'orders' }, /"topic" must be a function/],
      [{ unhandled: 'ignore' }, /"unhandled" must be "count" or "error"/],
      [{ schemas: { a: {} } }, /type "a" needs a validator/],
      [{ codec: 'jsn' }, /did you mean "json"/],
    ]
    for (const [options, message] of cases) assert.throws(() => createEventBus(options), { message })
  })

  test('what is no handler, no type or no event is refused', async () => {
    const bus = createEventBus({ service: 's' })
    assert.throws(() => bus.registerHandler('a', 'handler' as never), {
      message: /must be a function, but is "handler"/,
    })
    assert.throws(() => bus.registerHandler(class {} as never, () => {}), { message: /must be a name/ })
    await assert.rejects(bus.dispatch(5 as never), { message: /An event must be an object with a type, but is 5/ })
    await assert.rejects(bus.dispatch({ data: 1 } as never), { name: 'ArgumentError', message: /type of the event/ })
    await assert.rejects(
      bus.subscribe('a', () => {}, { batch: true } as never),
      { message: /"batch" has no meaning/ },
    )
    await assert.rejects(
      bus.subscribe('a', () => {}, 5 as never),
      { message: /needs a group or options/ },
    )
  })

  test('getEventBus gives the same one each time', () => {
    assert.equal(getEventBus(), getEventBus())
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ArgumentError, BusinessError, PermanentError } from '../../lib/errors.ts'
import { createEventBus } from '../../lib/events/bus.ts'
import { message } from '../../lib/message.ts'
import { correlation } from '../../lib/middleware/correlation.ts'
import { validate } from '../../lib/middleware/validate.ts'
import { createTestService } from '../../lib/testing.ts'

describe('createTestService', () => {
  test('keeps what is sent, as handlers would get it', async () => {
    const kafka = createTestService()
    const first = await kafka.send('orders', message({ id: 1 }).key('k').header('a', 'b'))
    assert.deepEqual([first.topic, first.partition, first.offset], ['orders', 0, 0])
    await kafka.sendRecords('orders', [{ key: null, value: null, timestamp: 5 }, { value: '"ü"' }])
    assert.deepEqual(
      kafka.sent.map(({ timestamp, ...rest }) => rest),
      [
        { topic: 'orders', value: { id: 1 }, key: 'k', headers: { a: 'b' }, offset: 0 },
        { topic: 'orders', value: null, key: null, headers: {}, offset: 1 },
        { topic: 'orders', value: 'ü', key: null, headers: {}, offset: 2 },
      ].map((record) => ({ ...record, headers: Object.assign(Object.create(null), record.headers) })),
    )
    assert.equal(kafka.sent[1]?.timestamp, 5)
    assert.deepEqual(kafka.sentTo('invoices'), [])
    // what a broker would refuse is refused
    await assert.rejects(kafka.send('no topic', 1), { code: 'NARAD_INVALID_TOPIC' })
    await assert.rejects(kafka.send('orders', undefined), { code: 'NARAD_ENCODE_FAILED' })
  })

  test('hands a record to each handler of its topic, with its context and its middleware', async () => {
    const kafka = createTestService()
    kafka.use(correlation())
    const seen: unknown[] = []
    await kafka.subscribe<{ id: number }>(['orders', 'returns'], async (order, { topic, key, group, messageId }) => {
      seen.push([order, topic, key, group, messageId])
      await kafka.send('invoices', { order: order.id })
    })
    await kafka.subscribe(/^ord/, ([order], { records }) => seen.push([order, records.length]), {
      batch: { maxMessages: 10, maxWaitMs: 60_000 },
      group: 'audit',
    })
    const reports = await kafka.deliver('orders', message({ id: 1 }).messageId('m-1'), { key: 'k' })
    assert.deepEqual(seen, [
      [{ id: 1 }, 'orders', 'k', 'test', 'm-1'],
      [{ id: 1 }, 1],
    ])
    assert.deepEqual(reports, [
      { group: 'test', attempts: 1, waitedMs: 0 },
      { group: 'audit', attempts: 1, waitedMs: 0 },
    ])
    const [invoice] = kafka.sentTo('invoices')
    assert.deepEqual([invoice?.value, invoice?.headers['x-correlation-id']], [{ order: 1 }, 'm-1'])
    await assert.rejects(kafka.deliver('unheard', 1), ArgumentError)
  })

  test('tries again without waiting, and rejects with what the handler failed with when it gives up', async () => {
    const kafka = createTestService()
    let calls = 0
    await kafka.subscribe('orders', (value, { attempt }) => {
      calls += 1
      if (value === 'refused') throw new BusinessError('sold out')
      if (value === 'poison') throw new PermanentError('no such customer')
      if (value === 'down' || attempt < 3) throw new Error('database is down')
    })
    const start = performance.now()
    const [report] = await kafka.deliver('orders', 'mended')
    assert.equal(report?.attempts, 3)
    assert.ok(report.waitedMs >= 0)
    await assert.rejects(kafka.deliver('orders', 'down'), /^Error: database is down$/)
    assert.equal(calls, 3 + 4)
    await assert.rejects(kafka.deliver('orders', 'poison'), PermanentError)
    assert.equal((await kafka.deliver('orders', 'refused'))[0]?.attempts, 1)
    assert.ok(performance.now() - start < 500, 'no time passed')
  })

  test('rejects a value that does not fit its schema or its codec', async () => {
    const kafka = createTestService()
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => (value === 1 ? { value } : { issues: [{ message: 'no' }] }),
      },
    } as const
    await kafka.subscribe('orders', () => {}, { use: [validate(schema)] })
    await kafka.deliver('orders', 1)
    await assert.rejects(kafka.deliver('orders', 2), /does not fit|schema|valid/i)
    await assert.rejects(kafka.deliver('orders', 'x', { codec: 'string' }), { code: 'NARAD_DECODE_FAILED' })
  })

  test('waits until nothing is left of what was sent, and tells what failed of it', async () => {
    const kafka = createTestService()
    const handled: number[] = []
    await kafka.subscribe<number>('countdown', async (left) => {
      await new Promise((resolve) => setImmediate(resolve))
      handled.push(left)
      if (left === 7) throw new PermanentError('seven')
      if (left > 0) await kafka.send('countdown', left - 1)
    })
    await kafka.send('countdown', [3, 7])
    await assert.rejects(kafka.waitForIdle(), /seven/)
    assert.deepEqual(handled, [3, 7, 2, 1, 0])
    await kafka.waitForIdle()
  })

  test('carries an event bus, and ends like any service', async () => {
    const kafka = createTestService()
    const bus = createEventBus({ kafka, service: 'billing' })
    const seen: unknown[] = []
    bus.registerHandler('order.created', ({ data }) => void seen.push(data))
    await bus.start()
    await bus.subscribe('order.events')
    await bus.publish({ type: 'order.created', data: { id: 1 } })
    await kafka.waitForIdle()
    assert.deepEqual(seen, [{ id: 1 }])
    assert.equal(kafka.isConnected, true)
    await kafka.disconnect()
    await assert.rejects(kafka.send('orders', 1), { code: 'NARAD_CLOSED' })
  })

  test('says what needs a broker', async () => {
    const kafka = createTestService()
    await assert.rejects(
      kafka.subscribe('orders', () => {}, { commit: 'manual' }),
      /use TestBroker/,
    )
    await assert.rejects(kafka.request('orders', 1), /use TestBroker/)
  })
})

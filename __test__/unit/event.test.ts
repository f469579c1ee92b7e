import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { causedBy } from '../../lib/correlation.ts'
import { ArgumentError, KafkaError } from '../../lib/errors.ts'
import { command, domainEvent, event, integrationEvent } from '../../lib/events/event.ts'
import { message, messageFields } from '../../lib/message.ts'
import { encodeRecords, sendRecordsOf } from '../../lib/middleware/send.ts'
import { encodeValues, type SendOptions } from '../../lib/producer/columns.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const INPUT = { type: 'order.created', data: { orderId: 'o-1' } }
const json = resolveCodec('json')

/** What becomes of values that are sent, without middleware and with one that changes nothing. */
function sent(value: unknown, options: SendOptions = {}) {
  const direct = encodeValues('t', [value], false, options, json)
  assert.deepEqual(encodeRecords('t', sendRecordsOf([value], options), false, json), direct)
  return {
    value: direct.values[0],
    key: direct.keys?.[0] ?? null,
    headers: Object.fromEntries(direct.headers?.[0] ?? []),
  }
}

describe('event', () => {
  const variable = process.env.KAFKA_CLIENT_ID
  afterEach(() => {
    if (variable === undefined) delete process.env.KAFKA_CLIENT_ID
    else process.env.KAFKA_CLIENT_ID = variable
  })

  test('has an id, a version, a time and a source where none are given', () => {
    delete process.env.KAFKA_CLIENT_ID
    const before = Date.now()
    const { id, timestamp, ...rest } = event(INPUT)
    assert.deepEqual({ ...rest }, { ...INPUT, version: '1.0', source: 'narad' })
    assert.match(id, UUID_V7)
    assert.equal(timestamp, new Date(timestamp).toISOString())
    assert.ok(Date.parse(timestamp) >= before && Date.parse(timestamp) <= Date.now())
    process.env.KAFKA_CLIENT_ID = ' shop '
    assert.equal(event(INPUT).source, 'shop')
  })

  test('has ids that sort in the order in which they were made', () => {
    const ids = Array.from({ length: 1_000 }, () => event(INPUT).id)
    assert.deepEqual(ids.toSorted(), ids)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('is frozen, and JSON of it has its fields and nothing else', () => {
    const given = {
      ...{ id: 'e-1', type: 't', version: '2', timestamp: '2025-03-19T13:00:00+01:00', source: 'shop', data: [1] },
      ...{ metadata: { tenant: 'a' }, correlationId: 'c', causationId: 'e-0' },
    }
    const made = event(given)
    assert.ok(Object.isFrozen(made))
    assert.equal(JSON.stringify(made), JSON.stringify(given))
  })

  test('takes times as Date, milliseconds and text', () => {
    assert.equal(event({ ...INPUT, timestamp: new Date(0) }).timestamp, '1970-01-01T00:00:00.000Z')
    assert.equal(event({ ...INPUT, timestamp: 1 }).timestamp, '1970-01-01T00:00:00.001Z')
    for (const timestamp of ['', 'yesterday', Number.NaN, new Date(Number.NaN), null, {}]) {
      assert.throws(() => event({ ...INPUT, timestamp: timestamp as never }), /timestamp of the event must be a Date/)
    }
  })

  test('of a handler has the ids of the record that is handled, unless it is given others', async () => {
    const cause = { correlationId: 'c', causationId: 'e-0', conversationId: undefined }
    const [child, own] = await causedBy(cause, async () => {
      await Promise.resolve()
      return [event(INPUT), event({ ...INPUT, correlationId: 'd', causationId: 'e-9' })]
    })
    assert.deepEqual([child?.correlationId, child?.causationId], ['c', 'e-0'])
    assert.deepEqual([own?.correlationId, own?.causationId], ['d', 'e-9'])
    assert.equal(causedBy(cause, integrationEvent<object, string>, INPUT).correlationId, 'c')
    assert.equal(event(INPUT).correlationId, undefined)
  })

  test('without data has null for it, so that it is the same when it was read', () => {
    assert.equal(event({ type: 't', data: undefined }).data, null)
  })

  test('shows further fields beside its own in JSON, of which its own win', () => {
    const made = event({ ...INPUT, id: 'e', extensions: { id: 'x', tenant: 'a' } })
    assert.deepEqual(made.extensions, { id: 'x', tenant: 'a' })
    const { timestamp, source } = made
    assert.deepEqual(JSON.parse(JSON.stringify(made)), {
      ...{ tenant: 'a', id: 'e', type: 'order.created', version: '1.0', timestamp, source, data: INPUT.data },
    })
  })

  test('that is wrong is an error which names the field', () => {
    const wrong: Array<[object, RegExp]> = [
      [{ data: 1 }, /type of the event must be a text/],
      [{ ...INPUT, type: '' }, /type of the event must be a text/],
      [{ ...INPUT, id: 7 }, /id of the event must be a text/],
      [{ ...INPUT, source: 'a\ud800' }, /source of the event holds a lone surrogate/],
      [{ ...INPUT, metadata: [] }, /"metadata" must be an object/],
      [{ ...INPUT, extensions: 'x' }, /"extensions" must be an object/],
    ]
    for (const [input, expected] of wrong) {
      assert.throws(
        () => event(input as never),
        (error) => error instanceof ArgumentError && expected.test(error.message),
      )
    }
    assert.throws(
      () => event({ ...INPUT, correlationID: 'c' } as never),
      (error) => error instanceof KafkaError && error.message.includes('Did you mean "correlationId"?'),
    )
    assert.throws(() => event(undefined as never), ArgumentError)
  })
})

describe('the siblings of event', () => {
  test('a domain event names its aggregate, and cannot do without', () => {
    const made = domainEvent({ ...INPUT, aggregateId: 'o-1', aggregateType: 'Order' })
    assert.deepEqual([made.aggregateId, made.aggregateType], ['o-1', 'Order'])
    assert.throws(() => domainEvent({ ...INPUT, aggregateType: 'Order' } as never), /aggregateId of the event/)
    assert.throws(() => event({ ...INPUT, aggregateId: 'o-1' } as never), /Unknown option "aggregateId"/)
  })

  test('an integration event that begins something is correlated by its own id', () => {
    const first = integrationEvent(INPUT)
    assert.equal(first.correlationId, first.id)
    const { correlationId, causationId } = integrationEvent({ ...INPUT, correlationId: 'c', causationId: first.id })
    assert.deepEqual([correlationId, causationId], ['c', first.id])
  })

  test('a command has the type of its name unless it has another', () => {
    const made = command({ commandName: 'ProcessPayment', data: 1, replyTo: 'replies', timeoutMs: 500 })
    assert.deepEqual(
      [made.type, made.commandName, made.replyTo, made.timeoutMs],
      [...['ProcessPayment', 'ProcessPayment', 'replies', 500]],
    )
    assert.equal(command({ commandName: 'a', type: 'payment.process', data: 1 }).type, 'payment.process')
    assert.throws(() => command({ data: 1 } as never), ArgumentError)
    for (const timeoutMs of [0, -1, 1.5, 2 ** 31]) {
      assert.throws(() => command({ commandName: 'a', data: 1, timeoutMs }), /"timeoutMs"/)
    }
  })
})

describe('an event that is sent', () => {
  const given = { ...INPUT, id: 'e-1', source: 'shop', correlationId: 'c-1', causationId: 'e-0' }
  const HEADERS_OF_IT = {
    ...{ 'x-message-id': 'e-1', 'x-event-type': 'order.created', 'x-source': 'shop' },
    ...{ 'x-correlation-id': 'c-1', 'x-causation-id': 'e-0' },
  }

  test('has its names as headers, and no key', () => {
    const made = event(given)
    assert.deepEqual(sent(made), { value: JSON.stringify(made), key: null, headers: HEADERS_OF_IT })
    assert.deepEqual(Object.keys(sent(event(INPUT)).headers), ['x-message-id', 'x-event-type', 'x-source'])
  })

  test('has the aggregate as its key, unless the call or a builder gives another', () => {
    const made = domainEvent({ ...given, aggregateId: 'o-1', aggregateType: 'Order' })
    assert.equal(sent(made).key, 'o-1')
    assert.equal(sent(made, { key: 'k' }).key, 'k')
    assert.equal(sent(made, { key: (value) => (value as typeof made).data.orderId.toUpperCase() }).key, 'O-1')
    assert.equal(sent(made, { key: null }).key, null)
    assert.equal(sent(message(made)).key, 'o-1')
    assert.equal(sent(message(made).header('a', 'b'), { key: 'k' }).key, 'k')
    assert.equal(sent(message(made).key('b'), { key: 'k' }).key, 'b')
    assert.equal(sent(message(made).key(null)).key, null)
  })

  test('keeps its headers in a builder, which adds and replaces', () => {
    const { value, headers } = sent(message(event(given)).source('other').header('trace', 't'))
    assert.deepEqual(headers, { ...HEADERS_OF_IT, 'x-source': 'other', trace: 't' })
    assert.equal(JSON.parse(String(value)).source, 'shop')
  })

  test('gets the headers of the call, of which its own win', () => {
    const { headers } = sent(event(given), { headers: { trace: 't', 'x-source': 'call' } })
    assert.deepEqual(headers, { ...HEADERS_OF_IT, trace: 't' })
  })

  test('is a plain value once it was spread, because its headers would be those of another', () => {
    assert.equal(messageFields({ ...event(given), type: 'order.changed' }), undefined)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { ArgumentError, DecodeError, EncodeError } from '../../lib/errors.ts'
import { command, domainEvent, event, integrationEvent } from '../../lib/events/event.ts'
import { type EventFormat, eventCodec } from '../../lib/events/event-codec.ts'
import { messageFields } from '../../lib/message.ts'
import { encodeRecords, sendRecordsOf } from '../../lib/middleware/send.ts'
import { encodeValues } from '../../lib/producer/columns.ts'
import { chance } from '../helpers/engine-model.ts'
import { plain, read, record, written } from '../helpers/event-record.ts'
import { RandomEvents } from '../helpers/random-events.ts'

const FORMATS: readonly EventFormat[] = [
  ...(['narad', 'snake_case', 'payload', 'flat', 'cloudevents', 'cloudevents-structured'] as const),
]
const RUNS = 300
const TIMESTAMP = '2025-03-19T13:00:00.000Z'
const COMMON = { id: 'e-1', type: 'order.created', version: '1.0', timestamp: TIMESTAMP, source: 'shop' }
const CORRELATED = { correlationId: 'c-1', causationId: 'e-0' }

const jsonOf = (format: EventFormat, value: unknown) => JSON.parse(written(format, value).value.toString())

describe('the format', () => {
  test('narad writes an event under its own names, and nothing that it does not have', () => {
    const made = { ...COMMON, data: { orderId: 'o-1' } }
    assert.deepEqual(jsonOf('narad', event(made)), made)
    const more = { metadata: { tenant: 'a' }, ...CORRELATED, aggregateId: 'o-1', aggregateType: 'Order' }
    assert.deepEqual(jsonOf('narad', domainEvent({ ...made, ...more })), { ...made, ...more })
  })

  test('snake_case writes the fields that Python services name', () => {
    const base = { ...{ event_id: 'e-1', event_type: 'order.created', timestamp: TIMESTAMP }, service_name: 'shop' }
    const rest = { version: '1.0', data: { user_id: '123' }, metadata: {} }
    const made = { ...COMMON, data: { user_id: '123' } }
    assert.deepEqual(jsonOf('snake_case', event(made)), { ...base, ...rest })
    assert.deepEqual(jsonOf('snake_case', domainEvent({ ...made, aggregateId: '123', aggregateType: 'User' })), {
      ...{ ...base, ...rest, aggregate_id: '123', aggregate_type: 'User' },
    })
    assert.deepEqual(jsonOf('snake_case', integrationEvent({ ...made, ...CORRELATED })), {
      ...{ ...base, ...rest, correlation_id: 'c-1', causation_id: 'e-0' },
    })
    const asked = command({ ...made, type: 'user.create', commandName: 'CreateUser', replyTo: 'r', timeoutMs: 5 })
    assert.deepEqual(jsonOf('snake_case', asked), {
      ...{ ...base, ...rest, event_type: 'user.create', command_name: 'CreateUser', reply_to: 'r', timeout_ms: 5 },
    })
  })

  test('payload writes type, timestamp and payload, and finds the rest in headers', () => {
    const made = integrationEvent({ ...COMMON, ...CORRELATED, data: { amount: 29.99 } })
    assert.deepEqual(jsonOf('payload', made), {
      ...{ type: 'order.created', timestamp: TIMESTAMP, payload: { amount: 29.99 } },
    })
    assert.deepEqual(plain(read('payload', written('payload', made))), plain(made))
  })

  test('flat writes the data beside type and timestamp, and reads data that has fields of its own called data', () => {
    const data = { userId: '123', action: 'login', data: { ip: '::1' } }
    const made = event({ ...COMMON, data })
    assert.deepEqual(jsonOf('flat', made), { type: 'order.created', ...data, timestamp: TIMESTAMP })
    assert.deepEqual(plain(read('flat', written('flat', made))), plain(made))
    for (const unfit of [[1], 'text', null, { type: 'a' }, { timestamp: 1 }]) {
      assert.throws(() => written('flat', event({ ...COMMON, data: unfit })), EncodeError)
    }
  })

  test('of a record without id, source and timestamp is filled from its place and time, the same each time', () => {
    for (const format of ['payload', 'flat', 'narad'] as const) {
      const { id, source, timestamp, version } = read(format, record({ type: 'PAYMENT_AUTHORIZED', payload: {} }))
      assert.deepEqual([id, source, version], ['orders:2:7', 'unknown', '1.0'])
      assert.equal(timestamp, new Date(1_700_000_000_000).toISOString())
    }
    const named = read('narad', record({ data: 1 }, { 'x-event-type': 'a.b', 'x-message-id': 'm', 'x-source': 's' }))
    assert.deepEqual([named.type, named.id, named.source], ['a.b', 'm', 's'])
  })

  test('takes ids and versions that are numbers, times in milliseconds, and null for what is not there', () => {
    const given = { event_id: 7, event_type: 'a', version: 2, timestamp: 0, service_name: 's', data: null }
    const nulls = { metadata: null, aggregate_id: null, aggregate_type: null, correlation_id: null, timeout_ms: null }
    assert.deepEqual(plain(read('snake_case', record({ ...given, ...nulls }))), {
      ...{ id: '7', type: 'a', version: '2', timestamp: '1970-01-01T00:00:00.000Z', source: 's', data: null },
    })
  })

  test('that nobody knows is an error that names the nearest', () => {
    assert.throws(() => eventCodec({ format: 'cloudevent' as never }), /Did you mean "cloudevents"/)
    for (const format of ['__proto__', 'constructor', 7, null]) {
      assert.throws(() => eventCodec({ format: format as never }), ArgumentError)
    }
    assert.throws(() => eventCodec({ fromat: 'narad' } as never), /Did you mean "format"/)
  })
})

describe('an event', () => {
  for (const format of FORMATS) {
    test(`of any kind comes back from ${format} as it was`, () => {
      for (let seed = 1; seed <= RUNS; seed += 1) {
        const random = new RandomEvents(seed)
        const extensions = seed % 3 === 0 && format !== 'flat' ? { [random.name()]: random.text() } : undefined
        const made = random.event(format === 'flat' ? random.object() : random.data(), extensions)
        assert.deepEqual(plain(read(format, written(format, made))), expected(format, plain(made)), `seed ${seed}`)
      }
    })
  }

  test('of a handler can be sent on: it has the same headers and the same key', () => {
    const made = domainEvent({ ...COMMON, ...CORRELATED, data: 1, aggregateId: 'o-1', aggregateType: 'Order' })
    for (const format of ['narad', 'snake_case', 'cloudevents', 'cloudevents-structured'] as const) {
      const { headers, usualKey } = messageFields(read(format, written(format, made))) ?? {}
      assert.deepEqual([headers, usualKey], [messageFields(made)?.headers, 'o-1'], format)
      assert.ok(Object.isFrozen(read(format, written(format, made))))
    }
  })

  test('is no event any more where a field is missing, and is not sent', () => {
    for (const value of [1, 'text', [], {}, { type: 'a', data: 1 }, { ...COMMON, id: 7 }, undefined]) {
      assert.throws(
        () => written('narad', value),
        (error) => error instanceof EncodeError && /no event: make one with event/.test(error.message),
      )
    }
    // a validator gives middleware a copy
    assert.deepEqual(jsonOf('narad', { ...COMMON, data: 1 }), { ...COMMON, data: 1 })
  })
})

describe('a record of someone else', () => {
  const DOCUMENTS = {
    narad: { ...COMMON, data: { a: 1 } },
    snake_case: {
      ...{ event_id: 'e', event_type: 't', timestamp: TIMESTAMP, service_name: 's', version: '1', data: {} },
      metadata: { trace: 'x' },
    },
    payload: { type: 'ORDER_CREATED', timestamp: TIMESTAMP, payload: { orderId: 'o' } },
    flat: { type: 'USER_LOGIN', timestamp: TIMESTAMP, userId: 1 },
  }

  test('keeps the fields that nobody here knows', () => {
    for (const [format, document] of Object.entries(DOCUMENTS)) {
      for (let seed = 1; seed <= RUNS; seed += 1) {
        const random = new RandomEvents(seed)
        const given = { ...document, [random.name()]: random.data(), [random.text()]: random.data(), toJSON: 1 }
        assert.deepEqual(jsonOf(format as EventFormat, read(format as EventFormat, record(given))), given)
      }
    }
  })

  test('gives an event no properties that mean something to objects', () => {
    for (const [format, document] of Object.entries(DOCUMENTS)) {
      const hostile = '"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"prototype":1'
      const given = record(`${JSON.stringify(document).slice(0, -1)},${hostile}}`)
      const made = read(format as EventFormat, given)
      assert.deepEqual(jsonOf(format as EventFormat, made), document)
      for (const one of [made, made.extensions, made.data]) {
        assert.equal((one as { admin?: unknown } | undefined)?.admin, undefined)
      }
      assert.ok(!Object.hasOwn({ ...made, ...made.extensions }, 'constructor'))
    }
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })

  test('that is no event is a DecodeError with its place, which does not show its content', () => {
    const bad: ReadonlyArray<[EventFormat, unknown]> = [
      ['narad', '{"type":"secret'],
      ['narad', []],
      ['narad', '"secret"'],
      ['narad', 'null'],
      ['narad', { data: 'secret' }],
      ['narad', { type: { secret: 1 } }],
      ['narad', { type: 'a', id: ['secret'] }],
      ['narad', { type: 'a', timestamp: 1e300 }],
      ['narad', { type: 'a', metadata: 'secret' }],
      ['narad', { type: 'a', timeoutMs: 'secret' }],
      ['snake_case', { type: 'secret' }],
      ['snake_case', { event_type: 'a', service_name: 7 }],
      ['payload', { payload: 'secret' }],
      ['flat', { userId: 'secret' }],
      ['cloudevents', { type: 'secret' }],
      ['cloudevents-structured', { specversion: '1.0', type: 'secret' }],
    ]
    for (const [format, value] of bad) {
      assert.throws(
        () => read(format, record(value)),
        (error) => {
          assert.ok(error instanceof DecodeError, String(error))
          assert.deepEqual([error.topic, error.partition, error.offset], ['orders', 2, 7])
          assert.doesNotMatch(JSON.stringify(error), /secret/)
          return true
        },
      )
    }
  })

  test('that is broken in any way is an event or a DecodeError', () => {
    for (const format of FORMATS) {
      for (let seed = 1; seed <= RUNS; seed += 1) {
        const below = chance(seed)
        const random = new RandomEvents(seed)
        const { value, headers } = written(format, random.event(format === 'flat' ? random.object() : random.data()))
        for (let hits = below(4); hits >= 0; hits -= 1) value[below(value.length)] = below(256)
        const names = Object.keys(headers)
        headers[names[below(names.length)] as string] = [null, '', random.text()][below(3)] as string | null
        try {
          assert.equal(typeof read(format, { value, headers }).type, 'string')
        } catch (error) {
          assert.ok(error instanceof DecodeError, `${format}, seed ${seed}: ${error}`)
        }
      }
    }
  })
})

describe('headers of a codec', () => {
  const typed = resolveCodec({
    encode: (value: unknown) => (value === 'gone' ? null : String(value)),
    decode: String,
    headers: () => ({ 'content-type': 'text/plain', version: ['1', '2'] }),
  })

  test('take the place of those of the call and of the record, with middleware and without', () => {
    const values = ['a', 'gone', null]
    const options = { headers: { 'content-type': 'other', trace: 't' } }
    const expectedHeaders = [
      ['trace', 't'],
      ['content-type', 'text/plain'],
      ['version', '1'],
      ['version', '2'],
    ]
    const columns = encodeValues('t', values, true, options, typed)
    assert.deepEqual(columns.headers?.[0], expectedHeaders)
    for (const tombstone of [1, 2]) {
      assert.deepEqual(columns.headers?.[tombstone], [
        ['content-type', 'other'],
        ['trace', 't'],
      ])
    }
    assert.deepEqual(encodeRecords('t', sendRecordsOf(values, options), true, typed), columns)
  })

  test('that are wrong are an EncodeError', () => {
    const wrong = resolveCodec({ encode: String, decode: String, headers: () => ({ a: 1 }) as never })
    assert.throws(() => encodeValues('t', ['a'], false, {}, wrong), EncodeError)
  })
})

/** What a format has room for. */
function expected(format: EventFormat, made: Record<string, unknown>): Record<string, unknown> {
  if (format === 'snake_case') return { ...made, metadata: made.metadata ?? {} }
  if (format !== 'payload' && format !== 'flat') return made
  const { id, type, timestamp, source, data, correlationId, causationId, extensions } = made
  const kept = { id, type, timestamp, source, data, version: '1.0', correlationId, causationId, extensions }
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CloudEvent, Kafka, type KafkaMessage } from 'cloudevents'
import { DecodeError, EncodeError } from '../../lib/errors.ts'
import { domainEvent, event } from '../../lib/events/event.ts'
import type { EventFormat } from '../../lib/events/event-codec.ts'
import { type EventRecord, plain, read, record, written } from '../helpers/event-record.ts'
import { RandomEvents } from '../helpers/random-events.ts'

const MODES = { cloudevents: Kafka.binary, 'cloudevents-structured': Kafka.structured } as const
const FORMATS = Object.keys(MODES) as Array<keyof typeof MODES>
const COMMON = { id: 'e-1', type: 'order.created', source: 'shop', timestamp: '2025-03-19T13:00:00.000Z' }

/** What the reference implementation makes of a record. */
function toReference({ value, headers }: EventRecord, key?: string): CloudEvent<unknown> {
  const message = { value, headers, key, body: value } as unknown as KafkaMessage
  return Kafka.toEvent(message) as CloudEvent<unknown>
}

/** What the reference implementation sends. */
function ofReference(format: keyof typeof MODES, given: CloudEvent<unknown>): EventRecord {
  const { value, headers } = MODES[format](given) as KafkaMessage<unknown>
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const texts = Object.entries(headers).filter(([, header]) => header !== undefined)
  return { value: bytes, headers: Object.fromEntries(texts.map(([name, header]) => [name, String(header)])) }
}

describe('CloudEvents', () => {
  test('in the binary mode are headers and the data, as the Kafka binding says', () => {
    const made = domainEvent({
      ...{ ...COMMON, data: { total: 1 }, correlationId: 'c', causationId: 'e-0', metadata: { tenant: 'ä' } },
      ...{ aggregateId: 'o-1', aggregateType: 'Order' },
    })
    const { value, headers } = written('cloudevents', made)
    assert.equal(value.toString(), '{"total":1}')
    assert.deepEqual(headers, {
      ...{ 'x-message-id': 'e-1', 'x-event-type': 'order.created', 'x-source': 'shop' },
      ...{ 'x-correlation-id': 'c', 'x-causation-id': 'e-0', 'content-type': 'application/json' },
      ...{
        ce_specversion: '1.0',
        ce_id: 'e-1',
        ce_source: 'shop',
        ce_type: 'order.created',
        ce_time: COMMON.timestamp,
      },
      ...{ ce_version: '1.0', ce_correlationid: 'c', ce_causationid: 'e-0', ce_metadata: '{"tenant":"ä"}' },
      ...{ ce_partitionkey: 'o-1', ce_aggregateid: 'o-1', ce_aggregatetype: 'Order' },
    })
  })

  test('in the structured mode are JSON with the content type of their format', () => {
    const { value, headers } = written('cloudevents-structured', event({ ...COMMON, data: { total: 1 } }))
    assert.equal(headers['content-type'], 'application/cloudevents+json; charset=UTF-8')
    assert.deepEqual(JSON.parse(value.toString()), {
      ...{ specversion: '1.0', id: 'e-1', source: 'shop', type: 'order.created', time: COMMON.timestamp },
      ...{ datacontenttype: 'application/json', version: '1.0', data: { total: 1 } },
    })
  })

  for (const format of FORMATS) {
    test(`of ${format} are read and found valid by the reference implementation`, () => {
      for (let seed = 1; seed <= 100; seed += 1) {
        const random = new RandomEvents(seed)
        // those without extensions are written in another way
        const traceparent = seed % 2 === 0 ? '00-1' : undefined
        const made = random.event({ ...random.object(), a: 1 }, traceparent && { traceparent })
        const seen = toReference(written(format, made), made.aggregateId)
        assert.ok(seen.validate())
        assert.deepEqual([seen.id, seen.type, seen.source], [made.id, made.type, made.source])
        assert.deepEqual([seen.time, seen.data, seen.traceparent], [made.timestamp, made.data, traceparent])
        assert.deepEqual([seen.correlationid, seen.causationid], [made.correlationId, made.causationId])
        assert.equal(seen.partitionkey, made.aggregateId)
      }
    })

    test(`that the reference implementation sends in the mode of ${format} are read, whatever the codec writes`, () => {
      const given = new CloudEvent({
        ...{ id: 'x-1', type: 'com.example.made', source: '/shop/orders', time: COMMON.timestamp, subject: 'o-1' },
        ...{ datacontenttype: 'application/json', data: { total: 1 }, correlationid: 'c', causationid: 'e-0' },
        ...{ partitionkey: 'p', sampledrate: 5 },
      })
      for (const reading of FORMATS) {
        const made = read(reading, ofReference(format, given))
        assert.deepEqual(plain(made), {
          ...{ id: 'x-1', type: 'com.example.made', source: '/shop/orders', timestamp: COMMON.timestamp },
          ...{ version: '1.0', data: { total: 1 }, correlationId: 'c', causationId: 'e-0' },
          extensions: { subject: 'o-1', partitionkey: 'p', sampledrate: format === 'cloudevents' ? '5' : 5 },
        })
        assert.equal(toReference(written(reading, made), 'p').subject, 'o-1')
      }
    })

    test(`of ${format} keep text and bytes of other content types`, () => {
      for (const [data, datacontenttype] of [
        ['<a/>', 'application/xml'],
        ['hello', 'text/plain; charset=utf-8'],
        [Buffer.from([0, 255, 1]), 'application/octet-stream'],
      ] as const) {
        const made = event({ ...COMMON, data, extensions: { datacontenttype } })
        const seen = read(format, written(format, made))
        assert.deepEqual([seen.data, seen.extensions?.datacontenttype], [data, datacontenttype])
        assert.deepEqual(toReference(written(format, made)).datacontenttype, datacontenttype)
      }
    })
  }

  test('in the structured mode are valid JSON, whatever stands in their attributes', () => {
    // attributes without escapes are put together by hand, and others are not
    for (const text of ['"', '\\', '\n', '\u0000', '\u001f', '\u007f', '\u2028', 'ä', '😀', '","id":"x', '\\u0041']) {
      const fields = ['id', 'type', 'source', 'version', 'correlationId', 'causationId', 'aggregateId', 'aggregateType']
      for (const field of fields) {
        const whole = {
          ...COMMON,
          data: [text],
          aggregateId: 'o-1',
          aggregateType: 'Order',
          metadata: { [text]: text },
        }
        const made = domainEvent({ ...whole, [field]: text })
        assert.deepEqual(plain(read('cloudevents-structured', written('cloudevents-structured', made))), plain(made))
      }
    }
  })

  test('with data that JSON does not have are EncodeErrors in both modes', () => {
    // the structured mode wrote a Map as {}, without a word
    for (const data of [new Map([['a', 1]]), new Set([1]), Promise.resolve(1), new Float64Array(1)]) {
      for (const format of FORMATS) assert.throws(() => written(format, event({ ...COMMON, data })), EncodeError)
    }
  })

  test('have times as RFC 3339 asks, whatever the event says', () => {
    const made = event({ ...COMMON, timestamp: '2025-03-19T13:00Z', data: 1 })
    assert.equal(written('cloudevents', made).headers.ce_time, '2025-03-19T13:00:00.000Z')
  })

  test('take no extensions that the specification does not let pass', () => {
    for (const extensions of [{ camelCase: '1' }, { 'a-b': '1' }, { list: [1] }, { half: 0.5 }]) {
      for (const format of FORMATS) {
        assert.throws(() => written(format, event({ ...COMMON, data: 1, extensions })), EncodeError)
      }
    }
    assert.throws(
      () => written('cloudevents', event({ ...COMMON, data: {}, extensions: { datacontenttype: 'text/plain' } })),
      /can be text or bytes/,
    )
  })

  test('that are none, or of a version or format that is not read, are DecodeErrors', () => {
    const attributes = { ce_specversion: '1.0', ce_id: 'i', ce_type: 't', ce_source: 's' }
    const bad: Array<[EventFormat, EventRecord, RegExp]> = [
      ['cloudevents', record({}, {}), /no CloudEvent/],
      ['cloudevents', record({}, { ...attributes, ce_specversion: '0.3' }), /"specversion" is not 1.0/],
      ['cloudevents', record({}, { ...attributes, ce_id: null }), /no "id"/],
      ['cloudevents', record('{', attributes), /not JSON/],
      ['cloudevents', record([], { 'content-type': 'application/cloudevents-batch+json' }), /format is not JSON/],
      ['cloudevents', record('x', { 'content-type': 'application/cloudevents+avro' }), /format is not JSON/],
      ['cloudevents', record([], { 'content-type': 'application/cloudevents+json' }), /an array and no object/],
    ]
    for (const [format, given, problem] of bad) {
      assert.throws(
        () => read(format, given),
        (error) => error instanceof DecodeError && problem.test(error.message),
      )
    }
  })

  test('give an event no properties that mean something to objects', () => {
    const attributes = { ce_specversion: '1.0', ce_id: 'i', ce_type: 't', ce_source: 's', ce_constructor: 'x' }
    const made = read('cloudevents', record({}, { ...attributes, ce___proto__: 'x', ce_prototype: 'x', ce_Up: 'x' }))
    assert.equal(made.extensions, undefined)
  })
})

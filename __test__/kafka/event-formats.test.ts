// Services that write events in their own ways, with KafkaJS: narad reads theirs, and they read what narad sends on.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { CloudEvent, Kafka as CloudEventsKafka, type KafkaMessage } from 'cloudevents'
import { type BaseEvent, domainEvent, type EventFormat, event, eventCodec } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { type KafkajsRecord, kafkajsRead, kafkajsSend } from '../helpers/kafkajs.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, STOPPING } from '../helpers/service.ts'

const bed = kafkaBed()
const TIMESTAMP = '2025-03-19T13:00:00.000Z'

interface Peer {
  readonly format: EventFormat
  /** What the peer writes, with a field that narad does not know. */
  readonly value: object
  /** What narad makes of it, as far as it is in the record. */
  readonly fields: Partial<BaseEvent>
}

const PEERS: readonly Peer[] = [
  {
    format: 'narad',
    value: {
      ...{ id: 'unique-message-id', type: 'ORDER_CREATED', version: '1.0', timestamp: TIMESTAMP, source: 'orders' },
      ...{ data: { total: 1 }, region: 'eu' },
    },
    fields: { id: 'unique-message-id', type: 'ORDER_CREATED', source: 'orders', data: { total: 1 } },
  },
  {
    format: 'snake_case',
    value: {
      ...{ event_id: 'e-1', event_type: 'user.created', timestamp: TIMESTAMP, service_name: 'user-service' },
      ...{ version: '1.0', data: { user_id: '123', name: 'Jürgen' }, metadata: {}, region: 'eu' },
      ...{ aggregate_id: '123', aggregate_type: 'User', correlation_id: 'c-1', causation_id: 'e-0' },
      ...{ command_name: 'CreateUser', reply_to: 'replies', timeout_ms: 500 },
    },
    fields: {
      ...{ id: 'e-1', type: 'user.created', source: 'user-service', data: { user_id: '123', name: 'Jürgen' } },
      ...{ aggregateId: '123', aggregateType: 'User', correlationId: 'c-1', causationId: 'e-0' },
      ...{ commandName: 'CreateUser', replyTo: 'replies', timeoutMs: 500 },
    },
  },
  {
    format: 'payload',
    value: { type: 'PAYMENT_AUTHORIZED', timestamp: TIMESTAMP, payload: { orderId: 'order-123' }, region: 'eu' },
    fields: { type: 'PAYMENT_AUTHORIZED', timestamp: TIMESTAMP, data: { orderId: 'order-123' } },
  },
  {
    format: 'flat',
    value: { type: 'USER_ACTION', userId: '123', action: 'login', data: { ip: '::1' }, timestamp: TIMESTAMP },
    fields: { type: 'USER_ACTION', data: { userId: '123', action: 'login', data: { ip: '::1' } } },
  },
]

/** Receives the events of a topic in a format, and sends each on to another topic in the same. */
async function sendOn(t: TestContext, brokers: string, format: EventFormat, from: string, to: string) {
  const service = await makeProducer(t, { brokers, codec: eventCodec({ format }) })
  await service.connectConsumer(randomGroup())
  return new Promise<BaseEvent>((resolve, reject) => {
    const handler = async (received: BaseEvent) => {
      await service.send(to, received)
      resolve(received)
    }
    const options = { fromBeginning: true, ...STOPPING }
    service.subscribe<BaseEvent>(from, (received) => handler(received).catch(reject), options).catch(reject)
  })
}

function assertFields(received: BaseEvent, fields: Partial<BaseEvent>) {
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(received[name as keyof BaseEvent], value, name)
}

describe('a service with KafkaJS', { skip: bed.skip }, () => {
  for (const { format, value, fields } of PEERS) {
    test(`writes ${format}, and reads the same after narad has sent it on`, async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      await kafkajsSend(brokers, from, [{ key: 'k', value: JSON.stringify(value) }])
      const received = await sendOn(t, brokers, format, from, to)
      assertFields(received, fields)
      const [seen] = await kafkajsRead(t, brokers, to, 1)
      assert.deepEqual(JSON.parse(seen?.value ?? ''), value)
      assert.equal(seen?.key, received.aggregateId ?? null)
      assert.equal(seen?.headers['x-message-id'], received.id)
      assert.equal(seen?.headers['x-event-type'], received.type)
    })
  }

  for (const mode of ['binary', 'structured'] as const) {
    test(`writes CloudEvents in the ${mode} mode, and reads the same after narad has sent them on`, async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const given = new CloudEvent({
        ...{ id: 'x-1', type: 'com.example.order', source: '/shop', time: TIMESTAMP, subject: 'o-1' },
        ...{ datacontenttype: 'application/json', data: { total: 1 }, correlationid: 'c', causationid: 'e-0' },
      })
      const { value, headers } = CloudEventsKafka[mode](given) as KafkaMessage<unknown>
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      // KafkaJS takes no undefined
      await kafkajsSend(brokers, from, [{ value: text, headers: JSON.parse(JSON.stringify(headers)) }])
      const format = mode === 'binary' ? 'cloudevents' : 'cloudevents-structured'
      const received = await sendOn(t, brokers, format, from, to)
      assertFields(received, { id: 'x-1', type: 'com.example.order', correlationId: 'c', causationId: 'e-0' })
      const seen = toCloudEvent((await kafkajsRead(t, brokers, to, 1))[0])
      assert.ok(seen.validate())
      assert.deepEqual(JSON.parse(JSON.stringify(seen)), { ...JSON.parse(JSON.stringify(given)), version: '1.0' })
    })
  }

  const MADE = {
    ...{ type: 'order.paid', source: 'shop', timestamp: TIMESTAMP, data: { total: 1 } },
    ...{ aggregateId: 'o-1', aggregateType: 'Order', correlationId: 'c-1', causationId: 'e-0', metadata: { a: 'ä' } },
  }
  const { type, timestamp, data } = MADE
  const ids = { correlation_id: 'c-1', causation_id: 'e-0', aggregate_id: 'o-1', aggregate_type: 'Order' }
  const read: Readonly<Record<EventFormat, (id: string) => object>> = {
    narad: (id) => ({ ...MADE, id, version: '1.0' }),
    snake_case: (id) => ({
      ...{ event_id: id, event_type: type, service_name: 'shop', version: '1.0', timestamp, data },
      ...{ ...ids, metadata: { a: 'ä' } },
    }),
    payload: () => ({ type, timestamp, payload: data }),
    flat: () => ({ type, timestamp, total: 1 }),
    cloudevents: (id) => cloudEvent(id),
    'cloudevents-structured': (id) => cloudEvent(id),
  }
  const cloudEvent = (id: string) => ({
    ...{ specversion: '1.0', id, type, source: 'shop', time: timestamp, version: '1.0', data },
    ...{ datacontenttype: 'application/json', correlationid: 'c-1', causationid: 'e-0', metadata: '{"a":"ä"}' },
    ...{ partitionkey: 'o-1', aggregateid: 'o-1', aggregatetype: 'Order' },
  })

  for (const [format, expected] of Object.entries(read)) {
    test(`reads a domain event that narad makes as ${format}, with its key and its correlation`, async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, codec: eventCodec({ format: format as EventFormat }) })
      const made = domainEvent(MADE)
      await service.send(topic, made)
      const [seen] = await kafkajsRead(t, brokers, topic, 1)
      const isCloudEvent = format.startsWith('cloudevents')
      const value = isCloudEvent ? JSON.parse(JSON.stringify(toCloudEvent(seen))) : JSON.parse(seen?.value ?? '')
      assert.deepEqual(value, expected(made.id))
      assert.equal(seen?.key, 'o-1')
      assert.deepEqual([seen?.headers['x-message-id'], seen?.headers['x-correlation-id']], [made.id, 'c-1'])
    })
  }

  test('reads events that narad makes, with their keys and headers', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers, clientId: 'shop' })
    const plain = event({ type: 'order.created', source: 'shop', data: { total: 1 } })
    const ofOne = domainEvent({ type: 'order.paid', data: 1, aggregateId: 'o-1', aggregateType: 'Order' })
    await service.send(topic, [plain, ofOne])
    const seen = await kafkajsRead(t, brokers, topic, 2)
    assert.deepEqual(
      seen.map(({ key, value }) => [key, JSON.parse(value ?? '')]),
      [
        [null, { ...plain }],
        ['o-1', { ...ofOne }],
      ],
    )
    const { id } = plain
    assert.deepEqual(seen[0]?.headers, { 'x-message-id': id, 'x-event-type': 'order.created', 'x-source': 'shop' })
  })
})

function toCloudEvent(record: KafkajsRecord | undefined): CloudEvent<unknown> {
  const { key, value, headers } = record ?? { key: null, value: null, headers: {} }
  const message = { value, headers, body: value, ...(key !== null && { key }) }
  return CloudEventsKafka.toEvent(message as KafkaMessage<unknown>) as CloudEvent<unknown>
}

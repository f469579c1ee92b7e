import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type IHeaders, Kafka, logLevel, Partitioners } from 'kafkajs'
import { RemoteError } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

interface PeerRecord {
  value: string | null
  headers: Record<string, Buffer>
}

const bed = kafkaBed()

/** KafkaJS as a peer: what it reads of a topic, and how it sends. */
async function peer(t: Scope, topic: string, onRecord: (record: PeerRecord, send: Send) => Promise<void>) {
  const kafka = new Kafka({ clientId: 'peer', brokers: [await bed.brokers()], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = kafka.consumer({ groupId: randomGroup() })
  t.after(async () => {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  })
  await Promise.all([producer.connect(), consumer.connect()])
  const send: Send = async (to, value, headers, partition) => {
    await producer.send({ topic: to, messages: [{ value, headers, ...(partition !== undefined && { partition }) }] })
  }
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message: { value, headers = {} } }) =>
      onRecord({ value: value?.toString() ?? null, headers: buffers(headers) }, send),
  })
  return send
}

type Send = (topic: string, value: string | null, headers: IHeaders, partition?: number) => Promise<void>

function buffers(headers: IHeaders): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value as Buffer)]))
}

const REPLY_TOPIC = 'kafka_replyTopic'
const REPLY_PARTITION = 'kafka_replyPartition'
const ID = 'kafka_correlationId'

describe('Peers of requests on Kafka, played by KafkaJS', { skip: bed.skip }, () => {
  test('a request reaches a listener of Spring, whose reply comes back', async (t) => {
    const [brokers, topic, replyTopic] = [await bed.brokers(), await bed.topic(1), await bed.topic(3)]
    let seen: PeerRecord | undefined
    await peer(t, topic, async (record, send) => {
      seen = record
      const { headers } = record
      const to = String(headers[REPLY_TOPIC])
      // as Spring's listener adapter does: the id as it came, and the partition that is asked for
      await send(to, '{"ok":true}', { [ID]: headers[ID] as Buffer }, headers[REPLY_PARTITION]?.readInt32BE())
    })
    const service = await makeProducer(t, { brokers })
    const reply = await service.request(topic, { a: 1 }, { peer: 'spring', replyTopic, timeoutMs: 30_000 })
    assert.deepEqual(reply, { ok: true })
    assert.equal(seen?.value, '{"a":1}')
    assert.deepEqual(Object.keys(seen.headers), [REPLY_TOPIC, REPLY_PARTITION, ID])
    assert.deepEqual([seen.headers[REPLY_PARTITION]?.length, seen.headers[ID]?.length], [4, 16])
  })

  test('a ReplyingKafkaTemplate gets its reply in its partition, under the bytes of its id', async (t) => {
    const [brokers, topic, replyTopic] = [await bed.brokers(), await bed.topic(1), await bed.topic(3)]
    const service = await makeProducer(t, { brokers })
    await service.connectConsumer(randomGroup())
    await service.reply<number>(topic, (value) => value + 1, { peer: 'spring', replyTopics: replyTopic })
    const replies: PeerRecord[] = []
    const send = await peer(t, replyTopic, async (record) => {
      replies.push(record)
    })
    const id = Buffer.from('ff0102030405060708090a0b0c0d0e80', 'hex')
    const headers = { [REPLY_TOPIC]: replyTopic, [REPLY_PARTITION]: Buffer.from([0, 0, 0, 2]), [ID]: id }
    await send(topic, '41', headers)
    await waitFor(() => replies.length === 1, { what: 'the reply', timeoutMs: 30_000 })
    assert.deepEqual(replies, [{ value: '42', headers: { [ID]: id } }])
    const [end] = await service.sendRecords(replyTopic, [{ value: 'x', partition: 2 }])
    assert.equal(end?.offset, 1)
  })

  test('a request reaches a server of NestJS, whose replies and errors come back', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    const seen: PeerRecord[] = []
    await peer(t, topic, async (record, send) => {
      seen.push(record)
      const { headers, value } = record
      const [to, partition] = [String(headers[REPLY_TOPIC]), Number.parseFloat(String(headers[REPLY_PARTITION]))]
      const id = { [ID]: Buffer.from(String(headers[ID])) }
      const disposed = { 'kafka_nest-is-disposed': Buffer.alloc(1) }
      if (value === 'fail') {
        const error = Buffer.from('{"status":"error","message":"Forbidden resource"}')
        await send(to, null, { ...id, 'kafka_nest-err': error, ...disposed }, partition)
      } else await send(to, value === 'text' ? 'plain text' : '{"ok":true}', { ...id, ...disposed }, partition)
    })
    const service = await makeProducer(t, { brokers, clientId: topic })
    const options = { peer: 'nest', timeoutMs: 30_000 } as const
    assert.deepEqual(await service.request(topic, { a: 1 }, options), { ok: true })
    assert.equal(await service.request(topic, 'text', options), 'plain text')
    await assert.rejects(
      service.request(topic, 'fail', options),
      (error) => error instanceof RemoteError && error.message === 'Forbidden resource',
    )
    assert.deepEqual(
      seen.map(({ value }) => value),
      ['{"a":1}', 'text', 'fail'],
    )
    assert.deepEqual(Object.keys(seen[0]?.headers ?? {}), [ID, REPLY_TOPIC, REPLY_PARTITION])
    assert.match(String(seen[0]?.headers[REPLY_PARTITION]), /^[0-7]$/)
  })

  test('a client of NestJS gets its reply, and what the handler threw', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    const replyTopic = await bed.topic(2, `${topic}.reply`)
    const service = await makeProducer(t, { brokers })
    await service.connectConsumer(randomGroup())
    const handler = (value: unknown) => {
      if (value === 'fail') throw new TypeError('no')
      return { got: value }
    }
    await service.reply(topic, handler, { peer: 'nest' })
    const replies: PeerRecord[] = []
    const send = await peer(t, replyTopic, async (record) => {
      replies.push(record)
    })
    const headers = (id: string) => ({ [ID]: id, [REPLY_TOPIC]: replyTopic, [REPLY_PARTITION]: '1' })
    await send(topic, '{"a":1}', headers('one'))
    await waitFor(() => replies.length === 1, { what: 'the first reply', timeoutMs: 30_000 })
    await send(topic, 'fail', headers('two'))
    await waitFor(() => replies.length === 2, { what: 'the second reply' })
    const disposed = Buffer.alloc(1)
    assert.deepEqual(replies, [
      { value: '{"got":{"a":1}}', headers: { [ID]: Buffer.from('one'), 'kafka_nest-is-disposed': disposed } },
      {
        value: null,
        headers: {
          [ID]: Buffer.from('two'),
          'kafka_nest-err': Buffer.from('{"status":"error","name":"TypeError","message":"no"}'),
          'kafka_nest-is-disposed': disposed,
        },
      },
    ])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { describeStreams } from '../behaviours/streams.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { waitForCollection } from '../helpers/garbage.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'

describeStreams(embeddedBed())

test('in log-only mode a stream waits, and ends with the service', async (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  const stream = await service.stream('orders', { group: 'g' }).ready()
  const waiting = stream.next()
  await service.disconnect()
  assert.deepEqual(await waiting, { done: true, value: undefined })
  const next = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  await next.stream('orders', { group: 'g' }).return()
})

test('a stream refuses options that only a handler has, and needs a group', (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  const refused = { code: 'NARAD_UNKNOWN_OPTION' }
  assert.throws(() => service.stream('orders', { group: 'g', concurrency: 2 } as never), refused)
  assert.throws(() => service.stream('orders', { group: 'g', timeoutMs: 2 } as never), refused)
  assert.throws(() => service.stream('orders', { group: 'g', signal: 1 } as never), /"signal" must be an AbortSignal/)
  assert.throws(() => service.stream('orders'), /group is needed/)
})

// Each stream that ended left what ran its handler with the member, and with it the stream and all that it refers to.
test('streams that have ended are collected while their group stays connected', async (t) => {
  await using broker = await TestBroker.start()
  const [topic, group, { brokers }] = [randomTopic(), randomGroup(), broker]
  await broker.createTopic(topic)
  const service = await makeProducer(t, { brokers })
  await service.connectConsumer(group)
  const read = async () => {
    const stream = await service.stream<number>(topic, { group }).ready()
    await service.send(topic, 1)
    for await (const { value } of stream) {
      assert.equal(value, 1)
      break
    }
    return new WeakRef(stream)
  }
  const streams = [await read(), await read(), await read()]
  await waitForCollection(streams, 'the streams that have ended to be collected')
  assert.equal(service.health().groups.length, 1)
  await service.disconnect()
})

// It was left, with the last of its streams, by whoever came a few promises before it was noted that it is to stay.
test('a group that is connected while its last stream ends stays connected', async (t) => {
  await using broker = await TestBroker.start()
  const [topic, other] = [randomTopic(), randomTopic()]
  await Promise.all([broker.createTopic(topic), broker.createTopic(other)])
  const service = await makeProducer(t, { brokers: broker.brokers })
  const endAfter = async (stream: { return(): Promise<unknown> }, promises: number) => {
    for (let left = promises; left > 0; left -= 1) await null
    await stream.return()
  }
  for (let promises = 0; promises < 10; promises += 1) {
    const group = randomGroup()
    const stream = await service.stream(topic, { group }).ready()
    const [consumer] = await Promise.all([service.connectConsumer(group), endAfter(stream, promises)])
    await consumer.subscribe(other, () => {})
  }
  await service.disconnect()
})

// Its partitions stayed with the stream that had ended, until the next rebalance: whoever else matched the topic got
// nothing of it.
test('a topic that a stream and a handler match goes to the handler when the stream ends', async (t) => {
  await using broker = await TestBroker.start()
  const [topic, group] = [randomTopic(), randomGroup()]
  await broker.createTopic(topic, { partitions: 2 })
  const service = await makeProducer(t, { brokers: broker.brokers })
  await service.connectConsumer(group)
  const pattern = new RegExp(`^${topic}`)
  const stream = await service.stream<number>(pattern, { group }).ready()
  const received = new Received<number>()
  await service.subscribe<number>(pattern, received.handler)
  await service.send(topic, 1)
  for await (const { value } of stream) {
    assert.equal(value, 1)
    break
  }
  await service.send(topic, 2)
  await received.count(2)
  assert.deepEqual(received.values.sort(), [1, 2])
  await service.disconnect()
})

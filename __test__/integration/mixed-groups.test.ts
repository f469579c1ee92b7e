import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { waitForCollection } from '../helpers/garbage.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'

// librdkafka goes on asking for ever, so that the caller was told after the connection timeout and a session: a minute.
test('a group whose members speak another protocol is refused at once, and may be subscribed again', async (t) => {
  await using broker = await TestBroker.start()
  const [topic, group] = [randomTopic(), randomGroup()]
  await broker.createTopic(topic, { partitions: 1 })
  const { brokers } = broker
  const service = makeService(t, { brokers, groupProtocol: 'classic' })
  await service.connectConsumer(group)
  await broker.failRequests('JoinGroup', ...Array<string>(1_000).fill('INCONSISTENT_GROUP_PROTOCOL'))
  const received = new Received<number>()
  const began = performance.now()
  await assert.rejects(service.subscribe<number>(topic, received.handler, { fromBeginning: true }), {
    name: 'SubscribeError',
    code: 'NARAD_SUBSCRIBE_FAILED',
    kafkaCode: 'INCONSISTENT_GROUP_PROTOCOL',
    group,
  })
  assert.ok(performance.now() - began < 5_000, 'without a long wait')
  await broker.clearFailures('JoinGroup')
  await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
  const producer = await makeProducer(t, { brokers })
  await producer.send(topic, [1, 2])
  await received.count(2)
})

// What would have run the handler stayed with the member: a service that tries to subscribe until it can had more of it
// with each try, and its health took longer each time.
test('nothing is kept of subscriptions that were refused', async (t) => {
  await using broker = await TestBroker.start()
  const topic = randomTopic()
  await broker.createTopic(topic)
  const service = makeService(t, { brokers: broker.brokers, groupProtocol: 'classic' })
  await service.connectConsumer(randomGroup())
  await broker.failRequests('JoinGroup', ...Array<string>(1_000).fill('INCONSISTENT_GROUP_PROTOCOL'))
  const refused = async () => {
    const handler = () => {}
    await assert.rejects(service.subscribe(topic, handler), { code: 'NARAD_SUBSCRIBE_FAILED' })
    return new WeakRef(handler)
  }
  const handlers = [await refused(), await refused(), await refused()]
  await waitForCollection(handlers, 'the handlers to be collected')
  assert.equal(service.health().groups.length, 1)
  await service.disconnect()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'

// A position that the coordinator did not take must be told again, or its records come twice; never passed over.
for (const error of ['REBALANCE_IN_PROGRESS', 'REQUEST_TIMED_OUT', 'NOT_COORDINATOR']) {
  test(`B8: a commit that fails with ${error} is sent again before the group is left`, async (t) => {
    await using broker = await TestBroker.start()
    const [topic, group] = [randomTopic(), randomGroup()]
    await broker.createTopic(topic, { partitions: 1 })
    const { brokers } = broker
    const producer = await makeProducer(t, { brokers })
    await producer.send(topic, [0, 1, 2])
    const before = new Received<number>()
    const first = makeService(t, { brokers, onError: () => {} })
    await first.connectConsumer(group)
    await broker.failRequests('OffsetCommit', error, error, error)
    await first.subscribe<number>(topic, before.handler, { fromBeginning: true })
    await before.count(3)
    await first.disconnect()
    await broker.clearFailures('OffsetCommit')
    await producer.send(topic, [3, 4])
    const after = new Received<number>()
    const second = makeService(t, { brokers })
    await second.connectConsumer(group)
    await second.subscribe<number>(topic, after.handler, { fromBeginning: true })
    await after.count(2)
    assert.deepEqual(after.values, [3, 4])
    await second.disconnect()
    await producer.disconnect()
  })
}

// A position that was not taken until the end is not passed over: its records are handled again.
test('B8: records whose commit is refused with UNKNOWN_MEMBER_ID are redelivered', async (t) => {
  await using broker = await TestBroker.start()
  const [topic, group] = [randomTopic(), randomGroup()]
  await broker.createTopic(topic, { partitions: 1 })
  const { brokers } = broker
  const producer = await makeProducer(t, { brokers })
  await producer.send(topic, [0, 1, 2])
  const before = new Received<number>()
  const first = makeService(t, { brokers, onError: () => {} })
  await first.connectConsumer(group)
  await broker.failRequests('OffsetCommit', ...Array<string>(100).fill('UNKNOWN_MEMBER_ID'))
  await first.subscribe<number>(topic, before.handler, { fromBeginning: true })
  await before.count(3)
  await first.disconnect()
  await broker.clearFailures('OffsetCommit')
  const after = new Received<number>()
  const second = makeService(t, { brokers })
  await second.connectConsumer(group)
  await second.subscribe<number>(topic, after.handler, { fromBeginning: true })
  await after.count(3)
  assert.deepEqual(after.values, [0, 1, 2])
  await second.disconnect()
  await producer.disconnect()
})

test('B7: the coordinator moves while records are handled: each is handled once, and the group goes on after them', async (t) => {
  await using broker = await TestBroker.start({ brokers: 2 })
  const [topic, group] = [randomTopic(), randomGroup()]
  await broker.createTopic(topic, { partitions: 1 })
  const { brokers } = broker
  const producer = await makeProducer(t, { brokers })
  const received = new Received<number>()
  const first = makeService(t, { brokers, onError: () => {} })
  await first.connectConsumer(group)
  await broker.moveCoordinator(group, 1)
  await first.subscribe<number>(topic, received.handler, { fromBeginning: true })
  await producer.send(topic, [0, 1, 2])
  await received.count(3)
  await broker.moveCoordinator(group, 2)
  await producer.send(topic, [3, 4])
  await received.count(5)
  await first.disconnect()
  await producer.send(topic, [5, 6])
  const after = new Received<number>()
  const second = makeService(t, { brokers })
  await second.connectConsumer(group)
  await second.subscribe<number>(topic, after.handler, { fromBeginning: true })
  await after.count(2)
  assert.deepEqual([...received.values, ...after.values], [0, 1, 2, 3, 4, 5, 6])
  await second.disconnect()
  await producer.disconnect()
})

// What once made a producer, a partition or a disconnect wait for something that never comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaError, RecordContext } from 'narad'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, STOPPING } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('records refused for a partition that does not exist leave their place in a full queue to others', async (t) => {
  // librdkafka leaked each of them with its place in the queue: after as many as fit there, sends waited for ever.
  const topic = randomTopic()
  await using broker = await TestBroker.start({ topics: [topic] })
  const service = await makeProducer(t, { brokers: broker.brokers, sendBufferRecords: 5 })
  await service.send(topic, 0)
  for (let round = 0; round < 4; round += 1) {
    await assert.rejects(service.send(topic, numbers(3), { partition: 99 }), /no partition 99/)
  }
  const { partition } = await service.send(topic, 1, { partition: 0 })
  assert.equal(partition, 0)
  await service.disconnect()
})

test('records of a partition that stopped do not hold up those behind them', async (t) => {
  // The consumer took what it passed over for an empty queue, and slept for a second after each thousand of it.
  const [topic, count] = [randomTopic(), 8_000]
  await using broker = await TestBroker.start({ topics: [{ name: topic, partitions: 2 }] })
  const errors: KafkaError[] = []
  const service = await makeProducer(t, { brokers: broker.brokers, onError: (error) => errors.push(error) })
  for (const partition of [0, 1]) await service.send(topic, numbers(count), { partition })
  await service.connectConsumer(randomGroup())
  let handled = 0
  const handler = (_: number, context: RecordContext) => {
    if (context.partition === 0) throw new Error('on purpose')
    handled += 1
  }
  await service.subscribe<number>(topic, handler, { ...STOPPING, fromBeginning: true })
  await waitFor(() => handled === count, { what: 'the records of the other partition', timeoutMs: 2_500 })
  // which partition is fetched first nobody knows
  await waitFor(() => errors.length > 0, { what: 'the error of the one that stopped' })
  assert.equal(errors.length, 1)
  await service.disconnect()
})

test('disconnect leaves the group at once when its commits are refused for good', async (t) => {
  // It tried the last commit again until the deadline, with an error event each time, and did not leave the group.
  const topic = randomTopic()
  await using broker = await TestBroker.start({ topics: [topic] })
  const errors: KafkaError[] = []
  const service = await makeProducer(t, { brokers: broker.brokers, onError: (error) => errors.push(error) })
  await service.connectConsumer(randomGroup())
  let handled = 0
  await service.subscribe(topic, () => {
    handled += 1
  })
  await broker.failRequests('OffsetCommit', ...Array<string>(500).fill('GROUP_AUTHORIZATION_FAILED'))
  await service.send(topic, numbers(3))
  await waitFor(() => handled === 3, { what: 'the records' })
  const start = performance.now()
  const { groups } = await service.disconnect({ timeoutMs: 20_000 })
  assert.equal(groups[0]?.leftGroup, true)
  assert.ok(performance.now() - start < 5_000, 'long before the deadline')
  assert.ok(errors.length > 0 && errors.length < 5, `${errors.length} error events`)
})

test('a member of a KIP-848 group for which there is no partition subscribes all the same', async (t) => {
  // Its coordinator tells it of no assignment, which subscribe waited for until it rejected.
  const [topic, group] = [randomTopic(), randomGroup()]
  await using broker = await TestBroker.start({ topics: [topic] })
  const members = await Promise.all([1, 2].map(() => makeProducer(t, { brokers: broker.brokers })))
  for (const member of members) {
    await member.connectConsumer(group)
    await member.subscribe(topic, () => {})
  }
  for (const member of members) await member.disconnect()
})

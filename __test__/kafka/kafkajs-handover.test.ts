// What docs/migrating-from-kafkajs.md promises of groups and keys that KafkaJS had before.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

/** A member that has handled and committed `count` records of the topic. */
async function kafkajsMember(scope: Scope, brokers: string, topic: string, groupId: string, count: number) {
  const kafka = new Kafka({ clientId: 'before', brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId })
  scope.after(() => consumer.disconnect())
  const admin = kafka.admin()
  await Promise.all([consumer.connect(), admin.connect()])
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async () => {} })
  const isCommitted = async () => {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return offsets?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) === count
  }
  await waitFor(isCommitted, { what: `${count} records that KafkaJS has committed`, timeoutMs: 30_000 })
  await admin.disconnect()
  return consumer
}

describe('A group of KafkaJS', { skip: bed.skip }, () => {
  test('goes on with narad where KafkaJS committed last', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const service = await makeProducer(t, { brokers })
    await service.send(topic, [1, 2, 3, 4, 5], { key: (value) => value })
    const before = await kafkajsMember(t, brokers, topic, group, 5)
    await before.disconnect()

    await service.send(topic, [6, 7], { key: (value) => value })
    const received = new Received<number>()
    await service.connectConsumer(group)
    await service.subscribe<number>(topic, received.handler)
    await received.count(2)
    assert.deepEqual(received.records.map(({ value }) => value).sort(), [6, 7])
  })

  test('refuses a member of narad at once while members of KafkaJS are in it', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const service = await makeProducer(t, { brokers })
    await service.send(topic, 1)
    await kafkajsMember(t, brokers, topic, group, 1)
    const late = makeService(t, { brokers })
    await late.connectConsumer(group)
    const began = performance.now()
    await assert.rejects(
      late.subscribe(topic, () => {}),
      { code: 'NARAD_SUBSCRIBE_FAILED', kafkaCode: 'INCONSISTENT_GROUP_PROTOCOL', group },
    )
    assert.ok(performance.now() - began < 5_000, 'without a long wait')
  })
})

describe('A key', { skip: bed.skip }, () => {
  test('lands in the same partition whether KafkaJS or narad sends it', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(7)]
    const keys = Array.from({ length: 50 }, (_, index) => `ключ-${index}`)
    const service = await makeProducer(t, { brokers })
    const sent = await service.send(topic, keys, { key: (key) => key })
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    t.after(() => producer.disconnect())
    for (const [index, key] of keys.entries()) {
      const [record] = await producer.send({ topic, messages: [{ key, value: key }] })
      assert.equal(record?.partition, sent[index]?.partition, key)
    }
  })
})

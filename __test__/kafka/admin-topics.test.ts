import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ArgumentError, ConsumeError, TopicError } from 'narad'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { describeAdminTopics } from '../behaviours/admin-topics.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

describeAdminTopics(bed)

async function javaTopic(brokers: string, topic: string): Promise<string> {
  const args = ['--bootstrap-server', brokers, '--describe', '--topic', topic]
  const { stdout } = await javaTool('org.apache.kafka.tools.TopicCommand', args)
  return stdout
}

describe('Administration of topics on Kafka', { skip: bed.skip }, () => {
  test('makes what the Java tools see: partitions, replicas, settings, the id', async (t) => {
    const brokers = await bed.brokers()
    const { topics } = makeService(t, { brokers }).admin
    const topic = randomTopic()
    await topics.create(topic, { partitions: 2, configs: { 'retention.ms': 86_400_000, 'cleanup.policy': 'compact' } })
    const before = await javaTopic(brokers, topic)
    assert.match(before, /PartitionCount: 2\s+ReplicationFactor: 1\s/)
    assert.match(before, /Configs: .*cleanup\.policy=compact/)
    assert.match(before, /Configs: .*retention\.ms=86400000/)
    const { id } = await topics.describe(topic)
    assert.equal(/TopicId: (\S+)/.exec(before)?.[1], id)

    await topics.alter(topic, { 'retention.ms': null, 'max.message.bytes': 2_000, 'cleanup.policy': 'delete' })
    await topics.addPartitions(topic, 4)
    const after = await waitFor(
      async () => {
        const text = await javaTopic(brokers, topic)
        return text.includes('PartitionCount: 4') && text
      },
      { what: 'four partitions', timeoutMs: 30_000 },
    )
    assert.match(after, /max\.message\.bytes=2000/)
    assert.doesNotMatch(after, /retention\.ms=86400000/)

    await topics.delete(topic)
    const isGone = async () => (await topics.list()).every((one) => one.topic !== topic)
    await waitFor(isGone, { what: 'the topic to be gone' })
  })

  test('tells the settings in force, and who set them', async (t) => {
    const { topics } = makeService(t, { brokers: await bed.brokers() }).admin
    const topic = randomTopic()
    await topics.create(topic, { partitions: 1, configs: { 'retention.bytes': 12_345 } })
    const configs = new Map((await topics.configs(topic)).map((config) => [config.name, config]))
    const { value, source, isReadOnly, isSensitive } = configs.get('retention.bytes') ?? {}
    assert.deepEqual([value, source, isReadOnly, isSensitive], ['12345', 'topic', false, false])
    assert.equal(configs.get('compression.type')?.source, 'default')
  })

  test('deletes records up to an offset, a time or the end, and of one partition alone', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
    const service = await makeProducer(t, { brokers })
    const at = (timestamp: number, value: number) => ({ value: String(value), partition: 0, timestamp })
    const start = Date.now() - 60_000
    await service.sendRecords(
      topic,
      [0, 1, 2, 3, 4].map((index) => at(start + index * 1_000, index)),
    )
    await service.send(topic, [0, 1], { partition: 1 })
    const { topics } = service.admin
    assert.deepEqual(await topics.deleteRecords(topic, { before: 1, partitions: [0] }), [
      { partition: 0, beginning: 1, end: 5 },
    ])
    await topics.deleteRecords(topic, { before: new Date(start + 2_500), partitions: [0] })
    const left = await readAll<number>(t, brokers, topic, 4)
    assert.deepEqual(
      left.filter(({ partition }) => partition === 0).map(({ value }) => value),
      [3, 4],
    )
    assert.deepEqual(await topics.deleteRecords(topic, { before: 'end' }), [
      { partition: 0, beginning: 5, end: 5 },
      { partition: 1, beginning: 2, end: 2 },
    ])
    await assert.rejects(topics.deleteRecords(topic, { before: 6 }), (error) => {
      assert.ok(error instanceof ConsumeError)
      assert.equal(error.code, 'NARAD_OFFSET_OUT_OF_RANGE')
      return true
    })
    await assert.rejects(topics.deleteRecords(topic, { before: 'end', partitions: [2] }), /has no partition 2/)
  })

  test('says in the words of the broker what it refuses', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
    const { topics } = makeService(t, { brokers }).admin
    const refused: Array<[call: () => Promise<unknown>, type: new (...args: never[]) => Error, text: RegExp]> = [
      [() => topics.create(randomTopic(), { replicationFactor: 9 }), ArgumentError, /replication factor of 9/],
      [() => topics.create(randomTopic(), { configs: { 'retenton.ms': 1 } }), ArgumentError, /retenton\.ms/],
      [() => topics.alter(topic, { 'cleanup.policy': 'burn' }), ArgumentError, /burn/],
      [() => topics.addPartitions(topic, 1), ArgumentError, /would not be an increase/],
      [() => topics.alter(randomTopic(), { 'retention.ms': 1 }), TopicError, /no such topic/],
      [() => topics.configs(randomTopic()), TopicError, /no such topic/],
      [() => topics.delete([randomTopic()]), TopicError, /no such topic/],
      [() => topics.addPartitions(randomTopic(), 3), TopicError, /no such topic/],
    ]
    for (const [call, type, text] of refused) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof type, String(error))
        assert.match(error.message, text)
        return true
      })
    }
  })

  test('describes the cluster, with the controller among its brokers', async (t) => {
    const brokers = await bed.brokers()
    const cluster = await makeService(t, { brokers }).admin.cluster()
    assert.ok(cluster.brokers.some(({ id }) => id === cluster.controller))
    const { stdout } = await javaTool('org.apache.kafka.tools.ClusterTool', [
      'cluster-id',
      '--bootstrap-server',
      brokers,
    ])
    assert.ok(stdout.includes(String(cluster.id)))
  })
})

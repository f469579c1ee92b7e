import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomTopic } from '../helpers/names.ts'
import { rawConsumer } from '../helpers/native-consumer.ts'

const TIMEOUT_MS = 10_000
const FORBIDDEN = 'forbidden'
const EVERYBODY = 'User:ANONYMOUS'

test('topics are created as they are asked for, and what cannot be created says why', {
  skip: ownClusterSkip(),
}, async (t) => {
  const properties = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true',
  }
  const { brokers } = await ownCluster(t, { properties })
  const acl = (...args: string[]) =>
    javaTool('org.apache.kafka.tools.AclCommand', [
      '--bootstrap-server',
      brokers,
      '--force',
      '--add',
      '--cluster',
      ...args,
    ])
  await acl('--allow-principal', EVERYBODY, '--operation', 'All')
  await acl('--deny-principal', EVERYBODY, '--operation', 'Create', '--topic', FORBIDDEN)
  const { consumer, close } = rawConsumer(t, { 'bootstrap.servers': brokers })
  const create = (topic: string, partitions: number, config: Record<string, string> = {}) =>
    consumer.createTopics([{ topic, partitions, config }], TIMEOUT_MS)

  const [first, second] = [randomTopic(), randomTopic()]
  const config = { 'cleanup.policy': 'delete', 'retention.ms': '86400000' }
  const both = [
    { topic: first, partitions: 3, config },
    { topic: second, partitions: 1, config: {} },
  ]
  assert.equal(await consumer.createTopics(both, TIMEOUT_MS), null)
  const describe = ['--bootstrap-server', brokers, '--describe', '--topic', first]
  const { stdout } = await javaTool('org.apache.kafka.tools.TopicCommand', describe)
  assert.match(stdout, /PartitionCount: 3\s+ReplicationFactor: 1\s/)
  assert.match(stdout, /Configs: .*cleanup\.policy=delete/)
  assert.match(stdout, /Configs: .*retention\.ms=86400000/)

  // what is there already stays as it is
  assert.equal(await create(first, 7), null)
  const topics = await consumer.listTopics(TIMEOUT_MS)
  assert.ok(Array.isArray(topics))
  const sizes = new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  assert.deepEqual([sizes.get(first), sizes.get(second)], [3, 1])

  const reasons: Array<[string, Awaited<ReturnType<typeof create>>, string, string]> = [
    [FORBIDDEN, await create(FORBIDDEN, 1), 'NARAD_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED'],
    ['a b', await create('a b', 1), 'NARAD_INVALID_TOPIC', 'TOPIC_EXCEPTION'],
    ['zero', await create('zero', 0), 'NARAD_INVALID_ARGUMENT', 'INVALID_PARTITIONS'],
    ['odd', await create('odd', 1, { 'cleanup.policy': 'burn' }), 'NARAD_INVALID_ARGUMENT', 'INVALID_CONFIG'],
  ]
  for (const [topic, error, code, kafkaCode] of reasons) {
    assert.ok(error !== null, topic)
    assert.deepEqual([error.topic, error.code, error.kafkaCode], [topic, code, kafkaCode])
    assert.match(error.message, new RegExp(`^topic ${topic} cannot be created: .`))
  }
  assert.equal(await consumer.createTopics([], TIMEOUT_MS), null)
  await close(TIMEOUT_MS)
})

// What administration says to a user who lacks the right for it, and what of it needs none.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AuthorizationError, createKafkaService, type KafkaService } from 'narad'
import { run } from '../helpers/command.ts'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type SaslCluster, startSaslCluster } from '../helpers/sasl-kafka.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeService } from '../helpers/service.ts'

/** How long an answer may take that needs no waiting: two busy cores. */
const FAST_MS = 5_000
const PASSWORDS = { nobody: 'nobody-secret', seer: 'seer-secret' }
const [TOPIC, ABSENT, GROUP] = [randomTopic(), randomTopic('absent'), randomGroup()]

type User = keyof typeof PASSWORDS
type Call = (admin: KafkaService['admin']) => Promise<unknown>
interface Refused {
  call: Call
  /** By user, the operation that is missing, and on what. */
  right: Partial<Record<User, `${string} on the ${'topic' | 'group'}`>>
  /** What the error names. Default: the topic. */
  names?: { topic?: string; group?: string }
  /** The same from a command line. */
  args: string[]
}

/** Of the user `seer`, who may describe both, only what changes something is refused. */
const REFUSED: Record<string, Refused> = {
  'topics.describe': {
    call: ({ topics }) => topics.describe(TOPIC),
    right: { nobody: 'DESCRIBE on the topic' },
    args: ['topics', 'describe', TOPIC],
  },
  'topics.offsets': {
    call: ({ topics }) => topics.offsets(TOPIC),
    right: { nobody: 'DESCRIBE on the topic' },
    args: ['topics', 'describe', TOPIC],
  },
  'topics.create': {
    call: ({ topics }) => topics.create(ABSENT),
    right: { nobody: 'CREATE on the topic', seer: 'CREATE on the topic' },
    names: { topic: ABSENT },
    args: ['topics', 'create', ABSENT, '--execute'],
  },
  'topics.configs': {
    call: ({ topics }) => topics.configs(TOPIC),
    right: { nobody: 'DESCRIBE_CONFIGS on the topic', seer: 'DESCRIBE_CONFIGS on the topic' },
    args: ['topics', 'describe', TOPIC, '--configs'],
  },
  'topics.alter': {
    call: ({ topics }) => topics.alter(TOPIC, { 'retention.ms': 1_000_000 }),
    right: { nobody: 'ALTER_CONFIGS on the topic', seer: 'ALTER_CONFIGS on the topic' },
    args: [],
  },
  'topics.addPartitions': {
    call: ({ topics }) => topics.addPartitions(TOPIC, 9),
    right: { nobody: 'ALTER on the topic', seer: 'ALTER on the topic' },
    args: ['topics', 'add-partitions', TOPIC, '9', '--execute'],
  },
  'topics.deleteRecords': {
    call: ({ topics }) => topics.deleteRecords(TOPIC, { before: 'end' }),
    right: { nobody: 'DESCRIBE on the topic', seer: 'DELETE on the topic' },
    args: ['topics', 'delete-records', TOPIC, '--before', 'end', '--execute'],
  },
  'topics.delete': {
    call: ({ topics }) => topics.delete(TOPIC),
    right: { nobody: 'DELETE on the topic', seer: 'DELETE on the topic' },
    args: ['topics', 'delete', TOPIC, '--execute'],
  },
  'groups.describe': {
    call: ({ groups }) => groups.describe(GROUP),
    right: { nobody: 'DESCRIBE on the group' },
    names: { group: GROUP },
    args: ['groups', 'describe', GROUP],
  },
  'groups.offsets': {
    call: ({ groups }) => groups.offsets(GROUP),
    right: { nobody: 'DESCRIBE on the group' },
    names: { group: GROUP },
    args: ['lag', GROUP],
  },
  'groups.resetOffsets': {
    call: ({ groups }) => groups.resetOffsets(GROUP, { to: 'end' }),
    right: { nobody: 'DESCRIBE on the group', seer: 'READ on the group' },
    names: { group: GROUP },
    args: ['groups', 'reset-offsets', GROUP, '--to', 'end', '--execute'],
  },
  'groups.delete': {
    call: ({ groups }) => groups.delete(GROUP),
    right: { nobody: 'DELETE on the group', seer: 'DELETE on the group' },
    names: { group: GROUP },
    args: ['groups', 'delete', GROUP, '--execute'],
  },
}

describe('Administration without the right', { skip: ownClusterSkip() }, () => {
  let cluster: SaslCluster
  before(async () => {
    cluster = await startSaslCluster({ users: PASSWORDS })
    await createTopic(cluster.internalBrokers, TOPIC)
    await cluster.grant({ user: 'seer', topic: TOPIC, operations: ['Describe'] })
    await cluster.grant({ user: 'seer', group: GROUP, operations: ['Describe'] })
    const root = createKafkaService({ brokers: cluster.internalBrokers })
    await root.init().connectProducer()
    await root.send(TOPIC, [1, 2])
    await root.admin.groups.resetOffsets(GROUP, { to: 'beginning', topics: TOPIC })
    await root.disconnect()
  })
  after(() => cluster?.stop())

  const adminOf = (t: Scope, username: User) => {
    const sasl = { mechanism: 'plain', username, password: PASSWORDS[username] } as const
    return makeService(t, { brokers: cluster.brokers, sasl }).init().admin
  }

  // It said "Broker: Topic authorization failed", and not always of what: which right to grant was to be guessed.
  for (const [name, { call, right, names = { topic: TOPIC } }] of Object.entries(REFUSED)) {
    test(`${name} is refused with the right that is missing, and on what`, async (t) => {
      for (const [user, missing] of Object.entries(right)) {
        const [admin, start] = [adminOf(t, user as User), performance.now()]
        await assert.rejects(call(admin), (error) => {
          assert.ok(error instanceof AuthorizationError, `${error}`)
          const { message, retriable, topic, group } = error
          assert.ok(message.includes(Object.values(names)[0] as string), message)
          assert.ok(message.endsWith(`: the principal lacks the right ${missing}`), message)
          assert.deepEqual([retriable, group], [false, names.group])
          if (names.topic !== undefined) assert.equal(topic, names.topic)
          return true
        })
        assert.ok(performance.now() - start < FAST_MS, `${performance.now() - start} ms`)
      }
      if (right.seer === undefined) await call(adminOf(t, 'seer'))
    })
  }

  test('narad says the same, and ends with 3', async (t) => {
    const login = {
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'nobody',
      KAFKA_SASL_PASSWORD: PASSWORDS.nobody,
    }
    for (const { args } of Object.values(REFUSED)) {
      if (args.length === 0) continue
      const { code, lines, stderr } = await run(t, args, { env: { ...login, KAFKA_BROKERS: cluster.brokers } })
      assert.deepEqual([code, lines], [3, []], `${args.join(' ')}: ${stderr}`)
      assert.match(
        stderr,
        /^narad: .* the principal lacks the right [A-Z_]+ on the (?:topic|group) \(NARAD_AUTHORIZATION_FAILED\)\n$/m,
      )
    }
  })

  test('lists have what the user may describe, and everyone may see the brokers', async (t) => {
    const [nobody, seer] = [adminOf(t, 'nobody'), adminOf(t, 'seer')]
    assert.deepEqual([await nobody.topics.list(), await nobody.groups.list()], [[], []])
    assert.deepEqual(
      [...(await seer.topics.list()), ...(await seer.groups.list())].map((one) =>
        'topic' in one ? one.topic : one.group,
      ),
      [TOPIC, GROUP],
    )
    assert.equal((await nobody.cluster()).brokers.length, 1)
  })

  test('describe tells what the user may do with a topic and a group, where that is asked for', async (t) => {
    const { topics, groups } = adminOf(t, 'seer')
    assert.deepEqual((await topics.describe(TOPIC, { rights: true })).rights, ['DESCRIBE'])
    assert.deepEqual((await groups.describe(GROUP, { rights: true })).rights, ['DESCRIBE'])
    assert.equal((await topics.describe(TOPIC)).rights, undefined)
    assert.equal((await groups.describe(GROUP)).rights, undefined)
    const root = makeService(t, { brokers: cluster.internalBrokers }).init().admin
    const { rights = [] } = await root.groups.describe(GROUP, { rights: true })
    assert.ok(rights.includes('READ') && rights.includes('DELETE'), rights.join())
  })

  // It asked again and again for records that it was refused: each call took ten seconds.
  test('a lag in time is not known at once where records may not be read', async (t) => {
    const start = performance.now()
    const lags = await adminOf(t, 'seer').groups.offsets(GROUP, { time: true })
    assert.equal(
      lags.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
      2,
    )
    assert.ok(lags.some(({ lagMs }) => lagMs === null))
    assert.ok(performance.now() - start < FAST_MS, `${performance.now() - start} ms`)
  })
})

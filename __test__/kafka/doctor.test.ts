// The doctor on a cluster that knows its users.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createKafkaService } from 'narad'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { run } from '../helpers/command.ts'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type SaslCluster, startSaslCluster } from '../helpers/sasl-kafka.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'

const [READABLE, VISIBLE, HIDDEN] = ['readable', 'visible', 'hidden'].map(randomTopic) as [string, string, string]

describe('narad doctor on a cluster with users', { skip: ownClusterSkip() }, () => {
  let cluster: SaslCluster
  before(async () => {
    cluster = await startSaslCluster({ users: { guest: 'guest-secret' } })
    await Promise.all([READABLE, VISIBLE, HIDDEN].map((topic) => createTopic(cluster.internalBrokers, topic)))
    await cluster.grant({ user: 'guest', operations: ['Read'], topic: READABLE })
    await cluster.grant({ user: 'guest', operations: ['Describe'], topic: VISIBLE })
    const service = await createKafkaService({ brokers: cluster.internalBrokers }).init().connectProducer()
    for (const topic of [READABLE, VISIBLE]) await service.send(topic, 1)
    await service.disconnect()
  })
  after(() => cluster?.stop())

  test('tells a login that is missing, another mechanism, a wrong password, and rights that are missing', async (t) => {
    const doctor = async (env: Record<string, string>, ...args: string[]) => {
      const all = ['doctor', '-b', cluster.brokers, ...args]
      const { code, lines } = await run(t, all, { env: { KAFKA_CONNECTION_TIMEOUT_MS: '5000', ...env } })
      const text = lines.join('\n')
      assert.doesNotMatch(text, /guest-secret|wrong-secret/)
      return { code, text }
    }
    const login = (mechanism: string, password: string) => ({
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: 'guest',
      KAFKA_SASL_PASSWORD: password,
    })
    const none = await doctor({})
    assert.equal(none.code, 3)
    assert.match(
      none.text,
      /FAIL {2}login at .*: the listener wants a login \(PLAIN\), and none is configured\n +set sasl/,
    )
    const scram = await doctor(login('scram-sha-256', 'guest-secret'))
    assert.equal(scram.code, 3)
    assert.match(scram.text, /FAIL {2}login at .*: the listener takes PLAIN, and not SCRAM-SHA-256\n.* to plain$/)
    const wrong = await doctor(login('plain', 'wrong-secret'))
    assert.equal(wrong.code, 3)
    assert.match(wrong.text, /FAIL {2}cluster: .*NARAD_AUTHENTICATION_FAILED/s)
    const rights = await doctor(login('plain', 'guest-secret'), '-t', READABLE, '-t', VISIBLE, '-t', HIDDEN)
    assert.equal(rights.code, 1, rights.text)
    assert.match(rights.text, new RegExp(`ok {4}rights on ${READABLE}: its last records can be read`))
    assert.match(rights.text, new RegExp(`FAIL {2}rights on ${VISIBLE}: .*\n +grant READ on it`))
    assert.match(rights.text, new RegExp(`FAIL {2}topic ${HIDDEN}: `))
  })

  // The rights to send, to join and to write dead letters were not looked at, and an empty topic was not known to be readable.
  test('tells the rights to send, to join a group, and to write its dead letters', async (t) => {
    const [topic, group] = [randomTopic(), randomGroup()]
    const letters = `${topic}.${group}.dlq`
    await createTopic(cluster.internalBrokers, topic)
    const env = {
      KAFKA_BROKERS: cluster.brokers,
      ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'guest', KAFKA_SASL_PASSWORD: 'guest-secret' },
    }
    const doctor = async () => {
      const { code, lines } = await run(t, ['doctor', '-t', topic, '-g', group], { env })
      return { code, text: lines.join('\n') }
    }
    const grant = (on: { topic: string } | { group: string }, ...operations: string[]) =>
      cluster.grant({ user: 'guest', operations, ...on })

    await grant({ topic }, 'Read')
    const none = await doctor()
    assert.equal(none.code, 1, none.text)
    assert.match(none.text, new RegExp(`ok {4}rights on ${topic}: READ is granted; nothing is there to be read`))
    assert.match(none.text, new RegExp(`warn {2}sending to ${topic}: WRITE is not granted\n +grant WRITE on it, if`))
    assert.match(none.text, new RegExp(`FAIL {2}group ${group}: .*lacks the right DESCRIBE.*\n +grant READ on it`))
    assert.match(none.text, new RegExp(`warn {2}dead letters in ${letters}: .*\n +grant WRITE and CREATE on it`))

    await grant({ topic }, 'Write')
    await grant({ group }, 'Describe')
    await grant({ topic: letters }, 'Write', 'Create')
    const { groups, topics } = createKafkaService({ brokers: cluster.internalBrokers }).init().admin
    const fresh = await doctor()
    assert.equal(fresh.code, 0, fresh.text)
    assert.match(fresh.text, new RegExp(`ok {4}group ${group}: is not there yet; it may be seen, and whether`))
    assert.match(
      fresh.text,
      new RegExp(`ok {4}dead letters in ${letters}: the topic is not there yet; subscribing creates it`),
    )

    await groups.resetOffsets(group, { to: 'beginning', topics: topic })
    await topics.create(letters)
    const seen = await doctor()
    assert.equal(seen.code, 1, seen.text)
    assert.match(
      seen.text,
      new RegExp(`FAIL {2}group ${group}: Empty, 0 members; READ is not granted\n +grant READ on it`),
    )
    await grant({ group }, 'Read')
    const all = await doctor()
    assert.equal(all.code, 0, all.text)
    assert.match(all.text, new RegExp(`ok {4}sending to ${topic}: WRITE is granted`))
    assert.match(all.text, new RegExp(`ok {4}group ${group}: Empty, 0 members; READ is granted`))
    assert.match(all.text, new RegExp(`ok {4}dead letters in ${letters}: WRITE is granted`))
  })
})

test('narad doctor finds a broker that cannot be reached where it says that it is', {
  skip: ownClusterSkip(),
}, async (t) => {
  const [port, advertised] = (await freePorts(2)) as [number, number]
  const proxy = await startTcpProxy({ port: advertised, target: { host: '127.0.0.1', port } })
  t.after(() => proxy.stop())
  await ownCluster(t, { port, advertisedPorts: [advertised] })
  await proxy.stop()
  const args = ['doctor', '-b', `127.0.0.1:${port}`]
  const { code, lines } = await run(t, args, { env: { KAFKA_CONNECTION_TIMEOUT_MS: '8000' } })
  const text = lines.join('\n')
  assert.equal(code, 3, text)
  assert.match(text, /^ok {4}Kafka at/m)
  assert.match(text, new RegExp(`FAIL {2}.*localhost:${advertised}.*: set its advertised\\.listeners`, 's'))
})

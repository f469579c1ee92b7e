import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePorts, isPortFree } from '../../scripts/kafka/ports.mjs'
import { serverProperties } from '../../scripts/kafka/server-properties.mjs'
import { sharedKafka } from '../helpers/kafka.ts'
import { skipIf } from '../helpers/requirement.ts'

test('tests use KAFKA_BROKERS before the cluster of the test run', async () => {
  const both = sharedKafka({ KAFKA_BROKERS: 'there:9092', NARAD_TEST_KAFKA: 'here:9092' })
  assert.equal(both.skip, false)
  assert.equal(await both.brokers(), 'there:9092')
  assert.equal(await sharedKafka({ NARAD_TEST_KAFKA: 'here:9092' }).brokers(), 'here:9092')
})

test('the embedded broker is no real Kafka', async () => {
  const kafka = sharedKafka({ KAFKA_BROKERS: 'embedded', NARAD_TEST_KAFKA: 'here:9092' })
  assert.equal(await kafka.brokers(), 'here:9092')
})

test('what is missing skips a test with its reason, and fails it where REQUIRE_KAFKA=1', () => {
  assert.equal(skipIf(undefined, { REQUIRE_KAFKA: '1' }), false)
  assert.equal(skipIf('Maven is missing', {}), 'Maven is missing')
  assert.throws(() => skipIf('Maven is missing', { REQUIRE_KAFKA: '1' }), /REQUIRE_KAFKA=1 .* Maven is missing/)
})

test('free ports differ, are free, and lie where no outgoing connection gets its own port', async () => {
  const ports = await freePorts(20)
  assert.equal(new Set(ports).size, 20)
  for (const port of ports) {
    assert.ok(port >= 20_000 && port < 32_768)
    assert.ok(await isPortFree(port))
  }
})

const node = (first: number) => ({
  port: first,
  internalPort: first + 1,
  controllerPort: first + 2,
  advertisedPort: first + 3,
  listeners: [],
})

test('a single broker replicates nothing, and clients are told the advertised port', () => {
  const text = serverProperties({ id: 0, nodes: [node(20_000)], logDir: '/data', properties: {} })
  const lines = text.split('\n')
  assert.ok(lines.includes('advertised.listeners=PLAINTEXT://localhost:20003,INTERNAL://localhost:20001'))
  assert.ok(lines.includes('offsets.topic.replication.factor=1'))
  assert.ok(lines.includes('min.insync.replicas=1'))
})

test('three brokers replicate to all and need two in sync, and given properties win', () => {
  const nodes = [node(20_000), node(20_010), node(20_020)]
  const properties = { 'num.partitions': '7' }
  const lines = serverProperties({ id: 2, nodes, logDir: '/data', properties }).split('\n')
  assert.ok(lines.includes('node.id=2'))
  assert.ok(lines.includes('controller.quorum.voters=0@localhost:20002,1@localhost:20012,2@localhost:20022'))
  assert.ok(lines.includes('default.replication.factor=3'))
  assert.ok(lines.includes('min.insync.replicas=2'))
  assert.deepEqual(
    lines.filter((line) => line.startsWith('num.partitions=')),
    ['num.partitions=7'],
  )
})

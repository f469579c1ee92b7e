import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CONSUMER_PROPERTIES, PRODUCER_PROPERTIES, SHARED_PROPERTIES } from '../../lib/config/librdkafka-properties.ts'
import { OPTIONS } from '../../lib/config/options.ts'
import { clientProperties, consumerProperties, producerProperties } from '../../lib/config/properties.ts'
import { resolveConfig } from '../../lib/config/resolve.ts'
import type { KafkaConfig } from '../../lib/config/types.ts'
import { REFUSALS } from '../../lib/config/unsafe-properties.ts'
import { ConfigError } from '../../lib/errors.ts'

const KNOWN = [...SHARED_PROPERTIES, ...CONSUMER_PROPERTIES, ...PRODUCER_PROPERTIES]
const resolve = (input: KafkaConfig = {}) => resolveConfig(input, {})

function fails(property: string, message: RegExp, value: unknown = 'x'): ConfigError {
  try {
    resolve({ librdkafka: { [property]: value as string } })
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    assert.match(error.message, message)
    return error
  }
  return assert.fail(`${property} was taken`)
}

test('the producer is idempotent, waits for all replicas, places keys as Java does, and does not linger', () => {
  const properties = producerProperties(resolve())
  assert.equal(properties['enable.idempotence'], 'true')
  assert.equal(properties.acks, 'all')
  assert.equal(properties.partitioner, 'murmur2_random')
  assert.equal(properties['linger.ms'], '0')
  assert.equal(properties['message.max.bytes'], '1000000')
  assert.equal(properties['queue.buffering.max.kbytes'], '32768')
  assert.equal(properties['bootstrap.servers'], 'localhost:9092')
  assert.equal(properties['client.software.name'], 'narad')
})

test('a consumer commits nothing by itself and rebalances cooperatively', () => {
  const properties = consumerProperties(resolve({ prefetchBytes: 2_097_152 }), 'orders')
  assert.equal(properties['group.id'], 'orders')
  assert.equal(properties['enable.auto.commit'], 'false')
  assert.equal(properties['enable.auto.offset.store'], 'false')
  assert.equal(properties['partition.assignment.strategy'], 'cooperative-sticky')
  assert.equal(properties['auto.offset.reset'], 'latest')
  assert.equal(properties['session.timeout.ms'], '45000')
})

test('options reach the properties of the client that knows them', () => {
  const config = resolve({
    brokers: ['a:1', '[::1]:2'],
    clientId: 'shop',
    compression: 'zstd',
    lingerMs: 5,
    sendTimeoutMs: 9000,
    sendBufferRecords: 7,
    groupInstanceId: 'pod-1',
    autoOffsetReset: 'earliest',
  })
  const producer = producerProperties(config)
  const consumer = consumerProperties(config, 'g')
  assert.equal(producer['bootstrap.servers'], 'a:1,[::1]:2')
  assert.equal(consumer['client.id'], 'shop')
  assert.deepEqual(
    [producer['compression.type'], producer['linger.ms'], producer['delivery.timeout.ms']],
    ['zstd', '5', '9000'],
  )
  assert.equal(producer['queue.buffering.max.messages'], '7')
  assert.deepEqual([consumer['group.instance.id'], consumer['auto.offset.reset']], ['pod-1', 'earliest'])
  assert.ok(!('group.instance.id' in producer) && !('linger.ms' in consumer))
})

test('every preset and mapped property is one that the client of this kind knows', () => {
  // librdkafka only logs a warning for a property of the other kind.
  const hidden = ['client.software.name']
  const foreign = (properties: Record<string, string>, own: ReadonlySet<string>) =>
    Object.keys(properties).filter((name) => !own.has(name) && !SHARED_PROPERTIES.has(name) && !hidden.includes(name))
  const config = resolve({ ssl: true, sasl: { username: 'u', password: 'p' }, groupInstanceId: 'i' })
  assert.deepEqual(foreign(producerProperties(config), PRODUCER_PROPERTIES), [])
  assert.deepEqual(foreign(consumerProperties(config, 'g'), CONSUMER_PROPERTIES), [])
  assert.deepEqual(foreign(clientProperties(config), new Set()), [])
})

test('the embedded broker’s address is left to who starts it', () => {
  assert.ok(!('bootstrap.servers' in clientProperties(resolve({ brokers: 'embedded' }))))
})

test('any other property goes through under its own name, over the presets, to the clients that know it', () => {
  const config = resolve({
    librdkafka: {
      'fetch.wait.max.ms': 10,
      'batch.size': '5000',
      'socket.keepalive.enable': false,
      'topic.metadata.refresh.interval.ms': 500,
      partitioner: 'consistent_random',
      debug: undefined,
    },
  })
  const producer = producerProperties(config)
  const consumer = consumerProperties(config, 'g')
  assert.deepEqual([consumer['fetch.wait.max.ms'], producer['fetch.wait.max.ms']], ['10', undefined])
  assert.deepEqual([consumer['batch.size'], producer['batch.size']], [undefined, '5000'])
  for (const properties of [producer, consumer, clientProperties(config)]) {
    assert.equal(properties['socket.keepalive.enable'], 'false')
    assert.equal(properties['topic.metadata.refresh.interval.ms'], '500')
    assert.ok(!('debug' in properties))
  }
  assert.equal(producer.partitioner, 'consistent_random')
})

test('with the new group protocol the properties of the classic one are left out', () => {
  const config = resolve({ groupProtocol: 'consumer' })
  const properties = consumerProperties(config, 'g')
  assert.equal(properties['group.protocol'], 'consumer')
  for (const classic of ['session.timeout.ms', 'heartbeat.interval.ms', 'partition.assignment.strategy']) {
    assert.ok(!(classic in properties), classic)
  }
})

test('properties that load or run code are refused, and so are those that narad’s guarantees rest on', () => {
  fails('plugin.library.paths', /^librdkafka\["plugin.library.paths"\] cannot be set: it loads or runs code/)
  fails('sasl.kerberos.kinit.cmd', /shell command/)
  // The default kinit command pastes the principal into a shell.
  fails('sasl.kerberos.principal', /shell command/)
  for (const property of ['ssl.engine.location', 'ssl.engine.id', 'ssl.providers', 'ssl_engine_callback_data']) {
    fails(property, /loads or runs code/)
  }
  fails('enable.auto.commit', /commits what was handled/)
  fails('enable.auto.offset.store', /commits what was handled/)
  fails('partition.assignment.strategy', /cooperative/)
  fails('group.id', /connectConsumer\(group\)/)
  fails('bootstrap.servers', /use the option brokers/)
  fails('test.mock.num.brokers', /brokers: "embedded"/)
  fails('test.mock.anything', /brokers: "embedded"/)
  fails('sasl.password', /use the option sasl/)
  fails('transactional.id', /does not run transactions/)
})

test('a refusal that names an option names one that exists', () => {
  for (const { reason } of REFUSALS) {
    for (const [, name = ''] of reason.matchAll(/the option (\w+)/g)) assert.ok(name in OPTIONS, name)
  }
})

test('every refused property is one that would otherwise get through, or names why it cannot', () => {
  const callbacks = ['interceptors', 'ssl_engine_callback_data', 'test.mock.']
  for (const name of REFUSALS.flatMap(({ properties }) => properties)) {
    const exists = KNOWN.some((known) => (name.endsWith('.') ? known.startsWith(name) : known === name))
    assert.ok(exists || callbacks.includes(name), name)
  }
})

test('a property that librdkafka does not have is an error that names the nearest', () => {
  const error = fails('fetch.wait.max.mss', /no property of librdkafka; did you mean "fetch.wait.max.ms"\?/)
  assert.equal(error.code, 'NARAD_UNKNOWN_OPTION')
  // Spelling that librdkafka itself might fold must not get around a refusal.
  for (const name of ['Plugin.Library.Paths', ' plugin.library.paths', 'topic.acks', 'error_cb', 'opaque', '']) {
    assert.equal(fails(name, /no property of librdkafka/).code, 'NARAD_UNKNOWN_OPTION')
  }
})

test('values of properties are text, numbers or booleans', () => {
  for (const value of [null, {}, [], () => 1, 10n, Number.NaN]) {
    fails('fetch.wait.max.ms', /must be a string, a number or a boolean/, value)
  }
  fails('client.rack', /must not hold the character NUL/, 'a\0b')
})

test('the lists of properties are those of librdkafka’s own documentation', (t) => {
  const path = configurationPage()
  if (path === undefined) return t.skip('librdkafka’s sources are not on this machine')
  const documented = new Map<string, string>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const row = /^([a-z_.0-9]+)\s+\|\s+(\*|C|P)\s+\|/.exec(line)
    if (row === null || line.includes('see dedicated API')) continue
    const [, name = '', kind = ''] = row
    const before = documented.get(name)
    documented.set(name, before === undefined || before === kind ? kind : '*')
  }
  const of = (kind: string) =>
    [...documented]
      .filter((entry) => entry[1] === kind)
      .map(([name]) => name)
      .sort()
  assert.deepEqual([...SHARED_PROPERTIES].sort(), of('*'))
  assert.deepEqual([...CONSUMER_PROPERTIES].sort(), of('C'))
  assert.deepEqual([...PRODUCER_PROPERTIES].sort(), of('P'))
})

/** Where cargo keeps librdkafka's documentation, once it has been built. */
function configurationPage(): string | undefined {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry', 'src')
  if (!existsSync(registry)) return undefined
  return readdirSync(registry)
    .flatMap((index) => readdirSync(join(registry, index)).map((crate) => join(registry, index, crate)))
    .filter((folder) => /rdkafka-sys-[^/\\]*$/.test(folder))
    .map((folder) => join(folder, 'librdkafka', 'CONFIGURATION.md'))
    .find((file) => existsSync(file))
}

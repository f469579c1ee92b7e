import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../lib/config/resolve.ts'
import type { KafkaConfig } from '../../lib/config/types.ts'
import { ConfigError } from '../../lib/errors.ts'

const NO_ENV = {}

function fails(input: unknown, message: RegExp, env: Record<string, string> = {}): ConfigError {
  try {
    resolveConfig(input as KafkaConfig, env)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    assert.match(error.message, message)
    return error
  }
  return assert.fail(`${JSON.stringify(input)} with ${JSON.stringify(env)} was taken`)
}

test('every environment variable reaches its option', () => {
  const config = resolveConfig(undefined, {
    KAFKA_BROKERS: 'a:1,b:2',
    KAFKA_CLIENT_ID: 'shop',
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD: 'p',
    KAFKA_CONSUMER_GROUP: 'g',
    KAFKA_AUTO_OFFSET_RESET: 'earliest',
    KAFKA_CONSUMER_DLQ_TOPIC: 'dead',
    KAFKA_CONSUMER_MAX_RETRIES: '0',
    KAFKA_ENABLE_MIDDLEWARE: 'no',
    KAFKA_CONNECTION_TIMEOUT_MS: '500',
    KAFKA_LOG_LEVEL: 'WARN',
    KAFKA_DEV_MODE: 'log',
  })
  const { brokers, clientId, ssl, sasl, group, autoOffsetReset, dlqTopic, maxRetries } = config
  const { enableMiddleware, connectionTimeoutMs, logLevel, devMode } = config
  assert.deepEqual([brokers, clientId, group, dlqTopic], [['a:1', 'b:2'], 'shop', 'g', 'dead'])
  assert.deepEqual([autoOffsetReset, maxRetries, enableMiddleware], ['earliest', 0, false])
  assert.deepEqual([connectionTimeoutMs, logLevel, devMode], [500, 'warn', 'log'])
  assert.ok(ssl !== false && sasl !== false)
  assert.deepEqual([sasl.mechanism, sasl.username, sasl.password?.reveal()], ['scram-sha-512', 'u', 'p'])
})

test('the names that other teams use for the brokers work, KAFKA_BROKERS counting first', () => {
  assert.deepEqual(resolveConfig({}, { KAFKA_BROKER: 'a:1' }).brokers, ['a:1'])
  assert.deepEqual(resolveConfig({}, { KAFKA_BOOTSTRAP_SERVERS: 'b:1' }).brokers, ['b:1'])
  const all = { KAFKA_BOOTSTRAP_SERVERS: 'c:1', KAFKA_BROKER: 'b:1', KAFKA_BROKERS: 'a:1' }
  assert.deepEqual(resolveConfig({}, all).brokers, ['a:1'])
})

test('input wins over environment, environment over defaults, and undefined counts as not given', () => {
  const env = { KAFKA_CLIENT_ID: 'from-env', KAFKA_CONSUMER_MAX_RETRIES: '5' }
  assert.equal(resolveConfig({ clientId: 'given' }, env).clientId, 'given')
  assert.equal(resolveConfig({ clientId: undefined, maxRetries: undefined }, env).clientId, 'from-env')
  assert.equal(resolveConfig({ maxRetries: 0 }, env).maxRetries, 0)
  assert.equal(resolveConfig({}, NO_ENV).clientId, 'narad')
})

test('an empty variable counts as unset', () => {
  // Compose files and Kubernetes set variables to the empty string when they mean nothing.
  const env = {
    KAFKA_BROKERS: '',
    KAFKA_BROKER: 'b:1',
    KAFKA_SSL: ' ',
    KAFKA_SASL_USERNAME: '',
    KAFKA_CONSUMER_GROUP: '',
  }
  const config = resolveConfig({}, env)
  assert.deepEqual(config.brokers, ['b:1'])
  assert.equal(config.ssl, false)
  assert.equal(config.sasl, false)
  assert.ok(!('group' in config))
})

test('development turns on debug logs and dev mode, which a variable or the input still overrides', () => {
  const env = { NODE_ENV: 'development' }
  assert.deepEqual([resolveConfig({}, env).logLevel, resolveConfig({}, env).devMode], ['debug', 'auto'])
  assert.equal(resolveConfig({ devMode: 'off' }, env).devMode, 'off')
  assert.equal(resolveConfig({}, { ...env, KAFKA_LOG_LEVEL: 'error' }).logLevel, 'error')
  assert.equal(resolveConfig({}, { NODE_ENV: 'production' }).devMode, 'off')
})

test('booleans of variables are words in any letter case, and nothing else', () => {
  const read = (KAFKA_ENABLE_MIDDLEWARE: string) => resolveConfig({}, { KAFKA_ENABLE_MIDDLEWARE }).enableMiddleware
  for (const word of ['true', 'TRUE', '1', 'yes', 'Yes', ' true ']) assert.equal(read(word), true, word)
  for (const word of ['false', 'False', '0', 'no', 'NO']) assert.equal(read(word), false, word)
  for (const word of ['on', 'off', '2', 'y', 'enabled', 'tru']) {
    fails({}, /variable KAFKA_ENABLE_MIDDLEWARE must be one of true, 1, yes, false, 0, no/, {
      KAFKA_ENABLE_MIDDLEWARE: word,
    })
  }
})

test('an unknown option is an error that names the nearest known one', () => {
  const cases: Array<[unknown, RegExp]> = [
    [{ broker: 'a:1' }, /no option "broker": did you mean "brokers"\?/],
    [{ clientID: 'a' }, /did you mean "clientId"\?/],
    [{ connectionTimeout: 1 }, /did you mean "connectionTimeoutMs"\?/],
    [{ bootstrapServers: 'a:1' }, /did you mean "brokers"\?/],
    [{ KAFKA_BROKERS: 'a:1' }, /did you mean "brokers"\?/],
    [{ groupId: 'g' }, /did you mean "group"\?/],
    [{ 'linger.ms': 5 }, /did you mean "lingerMs"\?/],
    [{ ssl: { cA: 'x' } }, /no option "ssl.cA": did you mean "ssl.ca"\?/],
    [{ sasl: { user: 'x' } }, /no option "sasl.user"/],
    [{ sasl: { passwrod: 'x' } }, /did you mean "sasl.password"\?/],
    [{ 'ssl.ca': 'x' }, /no option "ssl.ca"/],
    [{ frobnicate: 1 }, /no option "frobnicate": known are brokers, clientId, /],
    [JSON.parse('{"__proto__":{}}'), /no option "__proto__"/],
    [{ toString: 1 }, /no option "toString"/],
  ]
  for (const [input, message] of cases) assert.equal(fails(input, message).code, 'NARAD_UNKNOWN_OPTION')
})

test('a wrong type says what, where and what it may be', () => {
  const cases: Array<[unknown, RegExp]> = [
    ['localhost:9092', /The configuration must be an object, but is a string/],
    [null, /The configuration must be an object, but is null/],
    [['a:1'], /The configuration must be an object, but is an array/],
    [{ clientId: 5 }, /Option "clientId" must be a string, but is 5 \(a number\)/],
    [{ clientId: '' }, /must not be empty/],
    [{ clientId: 'a\nb' }, /must not hold control characters, but is "a\\nb"/],
    [{ group: 'a\0' }, /must not hold control characters/],
    [
      { maxRetries: '3' },
      /Option "maxRetries" must be a whole number from 0 to \d+, written without a unit, but is "3"/,
    ],
    [{ maxRetries: 1.5 }, /but is 1\.5/],
    [{ maxRetries: Number.NaN }, /but is NaN/],
    [{ maxRetries: -1 }, /but is -1/],
    [{ lingerMs: 900_001 }, /whole number of milliseconds from 0 to 900000/],
    [{ maxRecordBytes: 10n }, /whole number of bytes from 1000/],
    [{ enableMiddleware: 'true' }, /must be true or false \(a boolean\), but is "true"/],
    [{ compression: 'brotli' }, /must be one of "none", "gzip", "snappy", "lz4", "zstd", but is "brotli"/],
    [{ autoOffsetReset: 'none' }, /must be one of "latest", "earliest"/],
    [{ logLevel: 30 }, /must be one of/],
    [{ dlqTopic: 'a b' }, /Option "dlqTopic" may hold only ASCII/],
    [{ logger: {} }, /must have the functions debug, info, warn and error/],
    [{ codec: 'yaml' }, /Option "codec": There is no codec "yaml"/],
    [{ librdkafka: [] }, /Option "librdkafka" must be an object/],
    [{ ssl: 'yes' }, /Option "ssl" must be true or false/],
    [{ sasl: true }, /Option "sasl" must be an object or false/],
    [{ brokers: 5 }, /Option "brokers" must be a string or an array of strings/],
  ]
  for (const [input, message] of cases) assert.equal(fails(input, message).code, 'NARAD_CONFIG_INVALID')
})

test('a wrong variable is named', () => {
  fails(
    {},
    /^Environment variable KAFKA_CONNECTION_TIMEOUT_MS must be a whole number of milliseconds .* but is "10s"/,
    {
      KAFKA_CONNECTION_TIMEOUT_MS: '10s',
    },
  )
  fails({}, /KAFKA_CONSUMER_MAX_RETRIES .* but is "1e3"/, { KAFKA_CONSUMER_MAX_RETRIES: '1e3' })
  fails({}, /KAFKA_BROKER has the entry/, { KAFKA_BROKER: 'a b' })
  fails({}, /KAFKA_CONSUMER_DLQ_TOPIC may hold only/, { KAFKA_CONSUMER_DLQ_TOPIC: 'a/b' })
})

test('signals are true, false, or names of signals that can be handled', () => {
  const signals = (handleSignals: unknown) => resolveConfig({ handleSignals } as KafkaConfig, NO_ENV).handleSignals
  assert.deepEqual(signals(true), ['SIGINT', 'SIGTERM'])
  assert.deepEqual(signals(['SIGHUP', 'SIGHUP']), ['SIGHUP'])
  assert.deepEqual([signals(false), signals([])], [false, false])
  for (const handleSignals of ['SIGTERM', ['TERM'], ['SIGKILL'], [15], 1]) {
    fails({ handleSignals }, /"handleSignals" must be true, false or an array of signals/)
  }
})

test('options that contradict each other are an error with both values', () => {
  fails({ sendTimeoutMs: 5, lingerMs: 5 }, /sendTimeoutMs \(5\) must be greater than lingerMs \(5\)/)
  fails({ sendBufferBytes: 1024 }, /sendBufferBytes \(1024\) must be at least maxRecordBytes \(1000000\)/)
  fails({ librdkafka: { 'message.max.bytes': 40_000_000 } }, /sendBufferBytes \(33554432\) must .*\(40000000\)/)
  fails({ librdkafka: { 'queue.buffering.max.kbytes': 1 } }, /use the option sendBufferBytes/)
  fails({ heartbeatIntervalMs: 45_000 }, /must be less than sessionTimeoutMs \(45000\)/)
  fails({ maxPollIntervalMs: 1000 }, /must be at least sessionTimeoutMs/)
  fails(
    { groupProtocol: 'consumer', sessionTimeoutMs: 9000 },
    /"sessionTimeoutMs" has no effect with groupProtocol "consumer"/,
  )
  fails({ librdkafka: { 'group.protocol': 'consumer', 'heartbeat.interval.ms': 9 } }, /no effect with groupProtocol/)
  assert.doesNotThrow(() => resolveConfig({ groupProtocol: 'consumer' }, NO_ENV))
})

test('a librdkafka property that means an option sets that option, with its limits', () => {
  const config = resolveConfig({ librdkafka: { 'linger.ms': 5, 'message.timeout.ms': '9000' } }, NO_ENV)
  assert.deepEqual([config.lingerMs, config.sendTimeoutMs, config.librdkafka], [5, 9000, {}])
  fails({ librdkafka: { 'linger.ms': -1 } }, /librdkafka\["linger.ms"\] must be a whole number of milliseconds/)
  fails({ librdkafka: { 'linger.ms': 5 }, lingerMs: 5 }, /"lingerMs" and librdkafka\["linger.ms"\] mean the same/)
  fails({ librdkafka: { 'linger.ms': 5, 'queue.buffering.max.ms': 5 } }, /mean the same/)
  assert.equal(resolveConfig({ librdkafka: { 'client.id': 'x' } }, { KAFKA_CLIENT_ID: 'y' }).clientId, 'x')
})

test('the embedded broker takes no TLS and SASL, and variables meant for a cluster do not disturb it', () => {
  const env = { KAFKA_SSL: 'true', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' }
  const config = resolveConfig({ brokers: 'embedded' }, env)
  assert.deepEqual([config.brokers, config.ssl, config.sasl], ['embedded', false, false])
  assert.equal(resolveConfig({}, { KAFKA_BROKERS: 'embedded' }).brokers, 'embedded')
  fails({ brokers: 'embedded', ssl: true }, /Option "ssl" cannot be used with the embedded broker/)
  fails({ brokers: 'embedded', sasl: { username: 'u' } }, /Option "sasl" cannot be used/)
  assert.doesNotThrow(() => resolveConfig({ brokers: 'embedded', ssl: false, sasl: false }, env))
})

test('the result is frozen and shares nothing with the input', () => {
  const brokers = ['a:1']
  const config = resolveConfig({ brokers }, NO_ENV)
  brokers.push('b:1')
  assert.deepEqual(config.brokers, ['a:1'])
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.brokers) && Object.isFrozen(config.librdkafka))
})

test('a polluted prototype gives no options', () => {
  const input = Object.create({ clientId: 'inherited' })
  assert.equal(resolveConfig(input, NO_ENV).clientId, 'narad')
})

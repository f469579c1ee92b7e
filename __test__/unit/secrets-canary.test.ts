import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { consumerProperties, producerProperties } from '../../lib/config/properties.ts'
import { resolveConfig } from '../../lib/config/resolve.ts'
import type { KafkaConfig } from '../../lib/config/types.ts'
import { fromNative, HandlerError, KafkaError } from '../../lib/errors.ts'
import { createLogger } from '../../lib/logger.ts'

// A password reached a log through console.log of a configuration. The canary stands for every secret there is; it is
// looked for in whatever a user can print.

const CANARY = 'c4n4ry-hunter2'
const KEY = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`
const CERT = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'

function assertSilent(what: string, value: unknown): void {
  const shown = [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(value) ?? '',
    String(value),
    value instanceof Error ? (value.stack ?? '') : '',
    ...logged(value),
  ]
  for (const text of shown) assert.ok(!text.includes(CANARY), `${what} shows the secret: ${text}`)
}

/** What the log says of a value that is given to it as an error, as fields, or in a message. */
function logged(value: unknown): string[] {
  const written: string[] = []
  const log = createLogger({ level: 'debug', write: (line) => written.push(line) })
  log.error({ err: value, value }, String(value))
  if (typeof value === 'object' && value !== null) log.info(value, 'whole')
  return written
}

function errorOf(input: unknown, env: Record<string, string> = {}): unknown {
  try {
    resolveConfig(input as KafkaConfig, env)
  } catch (error) {
    assert.ok(error instanceof KafkaError, String(error))
    return error
  }
  return assert.fail('it was taken')
}

test('a resolved configuration shows no secret, however it is printed', () => {
  const config = resolveConfig(
    {
      ssl: { ca: CERT, cert: CERT, key: KEY, passphrase: CANARY },
      sasl: { username: 'u', password: CANARY },
      librdkafka: {
        'ssl.keystore.password': CANARY,
        'sasl.oauthbearer.client.secret': CANARY,
        'sasl.oauthbearer.config': `principal=${CANARY}`,
      },
    },
    {},
  )
  assertSilent('the configuration', config)
  assertSilent('a copy of it', { ...config, sasl: { ...(config.sasl || {}) }, ssl: { ...(config.ssl || {}) } })
  assertSilent('its parts', [config.ssl, config.sasl, config.librdkafka])
  // The native client needs them, and gets them.
  for (const properties of [producerProperties(config), consumerProperties(config, 'g')]) {
    assert.equal(properties['sasl.password'], CANARY)
    assert.equal(properties['ssl.key.pem'], KEY)
    assert.equal(properties['ssl.key.password'], CANARY)
    assert.equal(properties['ssl.keystore.password'], CANARY)
  }
})

test('a configuration from the environment shows no secret either', () => {
  const env = { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: CANARY, KAFKA_SSL_CERT: CERT, KAFKA_SSL_KEY: KEY }
  assertSilent('the configuration', resolveConfig({}, env))
})

test('no error of a configuration shows a secret', () => {
  const user = { username: 'u' }
  const cases: Array<[string, unknown, Record<string, string>?]> = [
    ['an unknown field beside it', { sasl: { ...user, password: CANARY, extra: 1 } }],
    ['a password without a user name', { sasl: { password: CANARY } }],
    ['a password with NUL', { sasl: { ...user, password: `${CANARY}\0` } }],
    ['a password in an array', { sasl: { ...user, password: [CANARY] } }],
    ['a password that is too long', { sasl: { ...user, password: CANARY.repeat(10_000) } }],
    ['sasl as text', { sasl: `u:${CANARY}` }],
    ['a configuration as text', `kafka://u:${CANARY}@host`],
    ['user info in the brokers', { brokers: `u:${CANARY}@host:9092` }],
    ['user info in a broker URL', { brokers: [`sasl://u:${CANARY}@host:9092`] }],
    ['user info in a variable', {}, { KAFKA_BROKERS: `u:${CANARY}@host:9092` }],
    ['a key without its first line', { ssl: { cert: CERT, key: `MIIE${CANARY}` } }],
    ['a key of the wrong type', { ssl: { cert: CERT, key: { pem: CANARY } } }],
    ['a key without certificate', {}, { KAFKA_SSL_KEY: KEY }],
    ['a key as ssl', { ssl: KEY }],
    ['a passphrase of the wrong type', { ssl: { cert: CERT, key: KEY, passphrase: [CANARY] } }],
    ['a passphrase without a key', { ssl: { passphrase: CANARY } }],
    ['a password with oauthbearer', { sasl: { mechanism: 'oauthbearer', password: CANARY } }],
    ['a refused property', { librdkafka: { 'sasl.password': CANARY } }],
    ['an unknown property', { librdkafka: { 'sasl.passwrod': CANARY } }],
    ['a property of the wrong type', { librdkafka: { 'ssl.keystore.password': [CANARY] } }],
    ['a property with NUL', { librdkafka: { 'ssl.keystore.password': `${CANARY}\0` } }],
    ['another option that is wrong', { sasl: { ...user, password: CANARY }, lingerMs: -1 }],
  ]
  for (const [what, input, env] of cases) assertSilent(what, errorOf(input, env))
})

test('an error of the native client shows no secret that its message or stack repeats', () => {
  const message = `SASL login failed: sasl.password=${CANARY}, jaas password="${CANARY}", url kafka://u:${CANARY}@b:9092`
  const raw = Object.assign(new Error(message), { code: 'NARAD_AUTHENTICATION_FAILED', retriable: false, fatal: false })
  assertSilent('the error', fromNative(raw))
  assertSilent('an error with such a cause', new HandlerError('m', { cause: new Error('outer', { cause: raw }) }))
})

test('log fields show no secret', () => {
  const written = logged({
    sasl: { password: CANARY, token: CANARY },
    headers: { authorization: `Bearer ${CANARY}` },
    env: [`KAFKA_SASL_PASSWORD=${CANARY}`],
    key: KEY,
    brokers: `u:${CANARY}@host:9092`,
  })
  assert.equal(written.length, 2)
  for (const line of written) assert.ok(!line.includes(CANARY), line)
})

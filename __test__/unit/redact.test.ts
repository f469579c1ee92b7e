import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isSecretName, redactText, Secret } from '../../lib/redact.ts'

test('a secret shows itself to reveal() alone', () => {
  const secret = new Secret('hunter2')
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: null }),
    inspect({ nested: [secret] }, { depth: null }),
  ]
  for (const text of shown) assert.ok(!text.includes('hunter2'), text)
  assert.equal(secret.reveal(), 'hunter2')
})

test('passwords, tokens, keys and user info are taken out of text', () => {
  const leaks = [
    'sasl.password=hunter2 rejected',
    'KAFKA_SASL_PASSWORD="hunter2"',
    'jaas: org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="hunter2";',
    '{"password":"hunter2","user":"u"}',
    "{ 'apiKey' : 'hunter2' }",
    'kafka://user:hunter2@broker:9092 is down',
    'https://hunter2@example.com/path',
    'cannot reach user:hunter2@broker-1:9092',
    'cannot reach user:hunter2@10.0.0.1:9092,b:9092',
    'Authorization: Bearer hunter2hunter2.abc-def',
    '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY----- trailing',
    '-----BEGIN RSA PRIVATE KEY-----\nhunter2 cut off',
    'https://idp/token?client_secret=hunter2&grant=x',
  ]
  for (const text of leaks) assert.ok(!redactText(text).includes('hunter2'), redactText(text))
})

test('text without secrets is left as it is', () => {
  const harmless = [
    'Option "sasl.password" must be a string, but is a number (not shown).',
    'Group "orders" at "orders" [0] offset 12: not a leader',
    'localhost:9092, [::1]:9093 and http://localhost:8080/topics',
    'see https://example.com/a@b and mail ops@example.com',
    'offset 12:34@56',
  ]
  for (const text of harmless) assert.equal(redactText(text), text)
})

test('redaction takes linear time on hostile text', () => {
  // Unbounded repetitions made 100 kB of letters take minutes.
  const hostile = [
    'a'.repeat(200_000),
    'password'.repeat(25_000),
    '://a'.repeat(50_000),
    '=a:'.repeat(60_000),
    '-----BEGIN '.repeat(20_000),
  ]
  for (const text of hostile) {
    const started = performance.now()
    redactText(text)
    assert.ok(performance.now() - started < 2000, `${text.slice(0, 20)}… took too long`)
  }
})

test('names of secrets are recognised, and the words of Kafka are not', () => {
  for (const name of [
    'password',
    'sasl.password',
    'SASL_PASSWORD',
    'passphrase',
    'ssl.key.pem',
    'clientSecret',
    'authorization',
    'apiKey',
    'sasl.oauthbearer.config',
    'accessToken',
  ]) {
    assert.ok(isSecretName(name), name)
  }
  for (const name of [
    'key',
    'keys',
    'topic',
    'client.id',
    'bypass',
    'passed',
    'partition',
    'username',
    'ssl.ca.location',
  ]) {
    assert.ok(!isSecretName(name), name)
  }
})

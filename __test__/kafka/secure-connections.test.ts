// TLS and SASL on listeners of a real broker: what works, and what a setting that is wrong leads to (S1, S2).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import {
  AuthenticationError,
  ConfigError,
  ConnectionError,
  createKafkaService,
  type KafkaConfig,
  type KafkaError,
  type OauthToken,
} from 'narad'
import { run } from '../helpers/command.ts'
import { waitForCollection } from '../helpers/garbage.ts'
import { ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type ListenerName, type SecureKafka, startSecureKafka } from '../helpers/secure-kafka.ts'
import { makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const USER = { name: 'alice', password: 'open-sesame-42' }
const WRONG = 'wrong-secret-43'
/** How long an error may take that needs no waiting: two busy cores. */
const FAST_MS = 3_000
/** What a peer that says nothing is given. */
const CONNECTION_MS = 3_000

type Settings = Pick<KafkaConfig, 'ssl' | 'sasl' | 'librdkafka'>

const login = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = USER.password) =>
  ({ mechanism, username: USER.name, password }) as const

/** A JWT without a signature, as the broker of the tests takes it. */
function jwt(claims: object): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}
const seconds = () => Math.floor(Date.now() / 1_000)
const token = (lifeS = 3_600) => jwt({ sub: USER.name, iat: seconds() - 1, exp: seconds() + lifeS })

describe('Secure connections', { skip: ownClusterSkip() }, () => {
  let kafka: SecureKafka
  before(async () => {
    kafka = await startSecureKafka(USER)
  })
  after(() => kafka?.stop())

  const at = (listener: ListenerName | 'PLAINTEXT') =>
    listener === 'PLAINTEXT' ? kafka.cluster.brokers : kafka.cluster.listener(listener)

  const working: Record<string, { listener: ListenerName; settings: () => Settings }> = {
    'TLS with an own authority by its file': { listener: 'TLS', settings: () => ({ ssl: { ca: kafka.ca } }) },
    'TLS with an own authority by its text, among others': {
      listener: 'TLS',
      settings: () => ({ ssl: { ca: [kafka.otherCa, kafka.ca].map((file) => readFileSync(file, 'utf8')) } }),
    },
    'TLS with a certificate of the client whose key is encrypted': {
      listener: 'MUTUAL',
      settings: () => ({
        ssl: { ca: kafka.ca, cert: kafka.client.certificate, key: kafka.client.key, passphrase: USER.password },
      }),
    },
    'PLAIN over TLS': { listener: 'LOGIN', settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('plain') }) },
    'SCRAM-SHA-256 over TLS': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('scram-sha-256') }),
    },
    'SCRAM-SHA-512 over TLS': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('scram-sha-512') }),
    },
    'OAUTHBEARER with tokens of a function': {
      listener: 'LOGIN',
      settings: () => ({
        ssl: { ca: kafka.ca },
        sasl: { mechanism: 'oauthbearer', token: () => ({ value: token() }) },
      }),
    },
    'OAUTHBEARER with tokens that librdkafka makes': {
      listener: 'LOGIN',
      settings: () => ({
        ssl: { ca: kafka.ca },
        sasl: { mechanism: 'oauthbearer' },
        librdkafka: { 'enable.sasl.oauthbearer.unsecure.jwt': true, 'sasl.oauthbearer.config': 'principal=alice' },
      }),
    },
    'PLAIN without TLS': { listener: 'OPENLOGIN', settings: () => ({ sasl: login('plain') }) },
  }
  for (const [name, { listener, settings }] of Object.entries(working)) {
    test(`S1: ${name} sends, handles, reads, and writes dead letters`, async (t) => {
      const service = makeService(t, { brokers: at(listener), ...settings() })
      await service.connectProducer()
      const topic = randomTopic()
      const received = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(
        topic,
        (value, context) => {
          if (value === 2) throw new TypeError('no')
          received.handler(value, context)
        },
        { retry: false, fromBeginning: true },
      )
      await service.send(topic, [1, 2])
      await received.count(1)
      await waitFor(() => service.metrics()?.groups[0]?.topics[0]?.deadLettered === 1, { what: 'the dead letter' })
      let replayed = 0
      await service.replay({
        topic,
        into: () => {
          replayed += 1
        },
      })
      assert.equal(replayed, 2)
    })
  }

  // Neither variable was looked at: an authority that a machine or container was given in the usual ways was not trusted.
  for (const variable of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
    test(`S1: TLS trusts the authorities of the system, to which ${variable} adds`, async (t) => {
      const places = { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, NODE_EXTRA_CA_CERTS: undefined }
      const env = { ...places, KAFKA_SSL: 'true', KAFKA_CONNECTION_TIMEOUT_MS: String(CONNECTION_MS) }
      const send = ['produce', '-b', at('TLS'), '-t', randomTopic(), '--value', '1']
      const refused = await run(t, send, { env })
      assert.equal(refused.code, 3)
      assert.match(refused.stderr, /is not trusted: its authority is not among the trusted ones/)
      const trusted = { ...env, [variable]: kafka.ca }
      const sent = await run(t, send, { env: trusted })
      assert.equal(sent.code, 0, sent.stderr)
      const doctor = await run(t, ['doctor', '-b', at('TLS')], { env: trusted })
      assert.equal(doctor.code, 0, doctor.lines.join('\n'))
    })
  }

  const refused: Record<
    string,
    {
      listener: ListenerName | 'PLAINTEXT'
      settings: () => Settings
      error: typeof KafkaError
      says: RegExp
      waits?: true
    }
  > = {
    'a wrong password with PLAIN': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('plain', WRONG) }),
      error: AuthenticationError,
      says: /Invalid username or password/,
    },
    'a wrong password with SCRAM-SHA-256': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('scram-sha-256', WRONG) }),
      error: AuthenticationError,
      says: /invalid credentials with SASL mechanism SCRAM-SHA-256/,
    },
    'a wrong password with SCRAM-SHA-512': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca }, sasl: login('scram-sha-512', WRONG) }),
      error: AuthenticationError,
      says: /invalid credentials with SASL mechanism SCRAM-SHA-512/,
    },
    'a mechanism that the broker does not have': {
      listener: 'OPENLOGIN',
      settings: () => ({ sasl: login('scram-sha-256') }),
      error: AuthenticationError,
      says: /Unsupported SASL mechanism: broker's supported mechanisms: PLAIN/,
    },
    'a token that has expired': {
      listener: 'LOGIN',
      settings: () => ({
        ssl: { ca: kafka.ca },
        sasl: { mechanism: 'oauthbearer', token: () => ({ value: token(-9) }) },
      }),
      error: AuthenticationError,
      says: /The token that sasl.token gave has expired/,
    },
    'a token that the broker refuses': {
      listener: 'LOGIN',
      settings: () => ({
        ssl: { ca: kafka.ca },
        sasl: {
          mechanism: 'oauthbearer',
          token: () => ({ value: jwt({ sub: WRONG, exp: seconds() - 600 }), expiresAtMs: Date.now() + 60_000 }),
        },
      }),
      error: AuthenticationError,
      says: /SASL authentication error: .*invalid_token/,
    },
    'a function for tokens that fails': {
      listener: 'LOGIN',
      settings: () => ({
        ssl: { ca: kafka.ca },
        sasl: { mechanism: 'oauthbearer', token: () => Promise.reject(new Error(`fetch failed: token=${WRONG}`)) },
      }),
      error: AuthenticationError,
      says: /The function sasl.token failed: fetch failed/,
    },
    'an authority that did not sign': {
      listener: 'TLS',
      settings: () => ({ ssl: { ca: kafka.otherCa } }),
      error: AuthenticationError,
      says: /certificate \(subject=\/CN=broker, issuer=\/CN=authority\) is not trusted: its authority is not among the trusted/,
    },
    'the authorities of the system': {
      listener: 'TLS',
      settings: () => ({ ssl: true }),
      error: AuthenticationError,
      says: /is not trusted: its authority is not among the trusted ones/,
    },
    'a certificate of another host': {
      listener: 'OTHERHOST',
      settings: () => ({ ssl: { ca: kafka.ca } }),
      error: AuthenticationError,
      says: /certificate \(subject=\/CN=other, .*is not trusted: it is for another host/,
    },
    'a certificate that has expired': {
      listener: 'EXPIRED',
      settings: () => ({ ssl: { ca: kafka.ca } }),
      error: AuthenticationError,
      says: /certificate \(subject=\/CN=expired, .*is not trusted: it has expired/,
    },
    'no certificate where the broker wants one': {
      listener: 'MUTUAL',
      settings: () => ({ ssl: { ca: kafka.ca } }),
      error: ConnectionError,
      says: /The broker wants a certificate of the client that it trusts: set ssl\.cert and ssl\.key/,
      waits: true,
    },
    'a wrong passphrase of the key': {
      listener: 'MUTUAL',
      settings: () => ({
        ssl: { ca: kafka.ca, cert: kafka.client.certificate, key: kafka.client.key, passphrase: WRONG },
      }),
      error: ConfigError,
      says: /or ssl\.passphrase is not what it is encrypted with/,
    },
    'plaintext on a TLS port': {
      listener: 'TLS',
      settings: () => ({}),
      error: ConnectionError,
      says: /They take connections and close them: the listener may want TLS \(ssl\) or a login \(sasl\)/,
      waits: true,
    },
    'a login in plaintext on a TLS port': {
      listener: 'LOGIN',
      settings: () => ({ sasl: login('plain') }),
      error: ConnectionError,
      says: /the listener may want TLS \(ssl\)\./,
      waits: true,
    },
    'TLS without a login where one is wanted': {
      listener: 'LOGIN',
      settings: () => ({ ssl: { ca: kafka.ca } }),
      error: ConnectionError,
      says: /the listener may want a login \(sasl\)\./,
      waits: true,
    },
    'TLS on a plaintext port': {
      listener: 'PLAINTEXT',
      settings: () => ({ ssl: { ca: kafka.ca } }),
      error: ConnectionError,
      says: /The listener seems to speak no TLS/,
      waits: true,
    },
    'a login on a port without one': {
      listener: 'PLAINTEXT',
      settings: () => ({ sasl: login('plain') }),
      error: AuthenticationError,
      says: /The listener takes no login/,
    },
  }
  describe('that cannot be', { concurrency: 6 }, () => {
    for (const [name, { listener, settings, error: expected, says, waits = false }] of Object.entries(refused)) {
      test(`S2: ${name} rejects ${waits ? 'in time' : 'at once'}, names the cause and shows no secret`, async (t) => {
        const logged: unknown[] = []
        const log = (...given: unknown[]) => void logged.push(given)
        const service = makeService(t, {
          brokers: at(listener),
          connectionTimeoutMs: CONNECTION_MS,
          logger: { debug: log, info: log, warn: log, error: log },
          logLevel: 'debug',
          ...settings(),
        })
        const start = performance.now()
        for (const connect of [() => service.connectProducer(), () => service.connectConsumer(randomGroup())]) {
          await assert.rejects(connect, (error: KafkaError) => {
            assert.ok(error instanceof expected, `${error}`)
            assert.match(error.message, says)
            assert.match(error.stack ?? '', says)
            const shown = inspect(error, { depth: 9 }) + JSON.stringify(error) + inspect(service.config, { depth: 9 })
            assert.doesNotMatch(shown, new RegExp(`${USER.password}|${WRONG}`))
            return true
          })
        }
        const tookMs = performance.now() - start
        assert.ok(tookMs < (waits ? 2 * CONNECTION_MS + 2_000 : 2 * FAST_MS), `${tookMs} ms`)
        assert.equal(service.isConnected, false)
        assert.doesNotMatch(
          inspect(logged, { depth: 9, maxArrayLength: null }),
          new RegExp(`${USER.password}|${WRONG}`),
        )
      })
    }
  })

  test('S1: a token is renewed before it ends, for producers and groups', async (t) => {
    const given: OauthToken[] = []
    const provider = () => {
      const next = { value: token(3), principal: USER.name }
      given.push(next)
      return next
    }
    const service = makeService(t, {
      brokers: at('LOGIN'),
      ssl: { ca: kafka.ca },
      sasl: { mechanism: 'oauthbearer', token: provider },
    })
    await service.connectProducer()
    const received = new Received<number>()
    await service.connectConsumer(randomGroup())
    const topic = randomTopic()
    assert.equal(given.length, 1)
    await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
    await waitFor(() => given.length === 3, { what: 'two renewals', timeoutMs: 20_000 })
    await service.send(topic, 1)
    await received.count(1)
    await service.disconnect()
    assert.ok(given.length < 5, `${given.length} tokens`)
  })

  // The clients of their own that ask the coordinators of groups and for the times of records had no token: each question
  // took its whole time limit, and no time was known.
  test('S1: with tokens of a function, groups are described with their lag in time', async (t) => {
    const service = makeService(t, {
      brokers: at('LOGIN'),
      ssl: { ca: kafka.ca },
      sasl: { mechanism: 'oauthbearer', token: () => ({ value: token() }) },
    })
    const [topic, group] = [randomTopic(), randomGroup()]
    await service.connectProducer()
    await service.send(topic, [1, 2])
    await service.admin.groups.resetOffsets(group, { to: 'beginning', topics: topic })
    const start = performance.now()
    const lags = await service.admin.groups.offsets(group, { time: true })
    assert.equal(
      lags.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
      2,
    )
    assert.ok(
      lags.every(({ lagMs }) => typeof lagMs === 'number'),
      JSON.stringify(lags),
    )
    assert.ok(performance.now() - start < FAST_MS, `${performance.now() - start} ms`)
  })

  // The timer of the next token kept the service for as long as the token lived.
  test('S1: a service with tokens of a function that is dropped is collected', async () => {
    const drop = async () => {
      const sasl = { mechanism: 'oauthbearer', token: () => ({ value: token() }) } as const
      const service = createKafkaService({ brokers: at('LOGIN'), ssl: { ca: kafka.ca }, sasl, logLevel: 'silent' })
      await service.connectProducer()
      return new WeakRef(service)
    }
    const dropped = await drop()
    await waitForCollection([dropped], 'the service to be collected')
  })

  test('S1: PLAIN without TLS warns once', async (t) => {
    const warnings: string[] = []
    const warn = (...given: unknown[]) => void warnings.push(given.filter((one) => typeof one === 'string').join(' '))
    const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
    const service = makeService(t, { brokers: at('OPENLOGIN'), sasl: login('plain'), logger, logLevel: 'warn' })
    await service.connectProducer()
    await service.connectConsumer(randomGroup())
    assert.equal(warnings.filter((text) => text.includes('SASL PLAIN without TLS')).length, 1, warnings.join('\n'))
  })
})

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import {
  ArgumentError,
  createKafkaService,
  EncodeError,
  type KafkaConfig,
  KafkaError,
  type KafkaService,
  RecordTooLargeError,
  SendError,
  TopicError,
} from 'narad'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received, STOPPING } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const CANARY = 'canary-7d1f4a90'
const FORGED = 'x\r\n2026-01-01T00:00:00.000Z error narad: forged\u2028\u001b[2J\u202e'

/** Characters that forge, reorder or break a line. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Cs}]/u

const bed = embeddedBed()

/** A service that logs everything to stderr, which is kept. */
function loggingService(t: TestContext, config: KafkaConfig): { service: KafkaService; log(): string } {
  const { mock } = t.mock.method(process.stderr, 'write', () => true)
  const service = createKafkaService({ logLevel: 'debug', ...config }).init()
  t.after(async () => {
    await service.disconnect({ timeoutMs: 2_000 })
  })
  return { service, log: () => mock.calls.map(({ arguments: [text] }) => String(text)).join('') }
}

async function failureOf(promise: Promise<unknown>): Promise<KafkaError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof KafkaError, inspect(error))
    return error
  }
  return assert.fail('it did not fail')
}

const pem = (what: string) => `-----BEGIN ${what}-----\n${CANARY}\n-----END ${what}-----\n`

/** Everything that an error shows to whoever prints it. */
function shown(error: KafkaError): string {
  return [error.message, error.stack, String(error), JSON.stringify(error), inspect(error, { depth: 10 })].join('\n')
}

describe('Hostile input', () => {
  test('U1: topics that would be something else elsewhere are refused, and shown without their control characters', async (t) => {
    const service = await makeProducer(t, { brokers: await bed.brokers() })
    await service.connectConsumer(randomGroup())
    const topics = [FORGED, '../../etc/passwd', 'a\0b', '\ud800', 'a'.repeat(100_000), '__proto__\n', '$(id)', '^.*']
    for (const topic of topics) {
      for (const refused of [service.send(topic, 1), service.subscribe(topic, () => {})]) {
        const error = await failureOf(refused)
        assert.ok(error instanceof TopicError)
        assert.doesNotMatch(error.message, UNSAFE)
        assert.ok(error.message.length < 1_000)
      }
    }
  })

  test('U1: __proto__ and its kin are names like others, as topic, key, header and in the payload', async (t) => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']
    const brokers = await bed.brokers()
    const service = await makeProducer(t, { brokers })
    const received = new Received<Record<string, unknown>>()
    await bed.topic(1, '__proto__')
    await service.connectConsumer(randomGroup())
    await service.subscribe<Record<string, unknown>>('__proto__', received.handler, { fromBeginning: true })
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    for (const name of names) {
      const headers = Object.fromEntries([[name, name]])
      await service.send('__proto__', JSON.parse(text), { key: name, headers })
    }
    await received.count(names.length)
    assert.deepEqual(
      received.records.map(({ key }) => key),
      names,
    )
    for (const { value, headers, key } of received.records) {
      assert.equal(JSON.stringify(value), text)
      assert.deepEqual(Object.entries(headers), [[key, key]])
    }
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })

  test('U1: line breaks, terminal sequences and bytes that are not UTF-8 go through keys, headers and values unchanged', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a, 0xc3, 0x28])
    const received: Array<[Buffer | null, string | undefined, Buffer | null | undefined, Buffer]> = []
    await service.connectConsumer(randomGroup())
    await service.subscribe<Buffer>(
      topic,
      (value, { rawKey, rawHeaders: [header], key, headers }) => {
        assert.equal(typeof key, 'string')
        assert.equal(typeof headers[FORGED], 'string')
        received.push([Buffer.from(rawKey ?? ''), header?.[0], Buffer.from(header?.[1] ?? ''), Buffer.from(value)])
      },
      { codec: 'buffer' },
    )
    await service.sendRecords(topic, [
      { key: bytes, value: bytes, headers: { [FORGED]: bytes } },
      { key: FORGED, value: FORGED, headers: { [FORGED]: FORGED } },
    ])
    await waitFor(() => received.length === 2, { what: 'both records' })
    const forged = Buffer.from(FORGED)
    assert.deepEqual(received, [
      [bytes, FORGED, bytes, bytes],
      [forged, FORGED, forged, forged],
    ])
  })

  test('U1: lone surrogates survive in JSON, and are refused where they would be lost', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const received = new Received<unknown>()
    await service.connectConsumer(randomGroup())
    await service.subscribe(topic, received.handler)
    const lone = { 'a\ud800': '\udfff' }
    await service.send(topic, lone)
    assert.ok((await failureOf(service.send(topic, 1, { key: '\ud800' }))) instanceof ArgumentError)
    assert.ok((await failureOf(service.send(topic, 1, { headers: { a: '\ud800' } }))) instanceof ArgumentError)
    assert.ok((await failureOf(service.send(topic, 1, { headers: { '\ud800': 'a' } }))) instanceof ArgumentError)
    assert.ok((await failureOf(service.send(topic, '\ud800', { codec: 'string' }))) instanceof EncodeError)
    await service.send(topic, 'last')
    await received.count(2)
    assert.deepEqual(received.values, [lone, 'last'])
  })

  test('U1: nesting that is too deep for JSON is an error of its own send, and a deep value that arrives is handled', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    let deep: unknown[] = []
    for (let depth = 0; depth < 200_000; depth += 1) deep = [deep]
    const error = await failureOf(service.send(topic, deep))
    assert.ok(error instanceof EncodeError)
    assert.match(error.message, /call stack/)
    const seen: string[] = []
    await service.connectConsumer(randomGroup())
    await service.subscribe(topic, (value) => {
      seen.push(Array.isArray(value) ? 'deep' : String(value))
    })
    const depth = 200_000
    await service.sendRecords(topic, [{ value: '['.repeat(depth) + ']'.repeat(depth) }, { value: '"after"' }])
    await waitFor(() => seen.length === 2, { what: 'both records' })
    assert.deepEqual(seen, ['deep', 'after'])
  })

  test('U1: 100 MB are refused at once by the record that holds them, and the others are sent', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const huge = Buffer.alloc(100_000_000, 'x')
    const start = performance.now()
    const [alone] = [await failureOf(service.send(topic, huge, { codec: 'buffer' }))]
    assert.ok(alone instanceof RecordTooLargeError)
    assert.match(alone.message, /100000000 bytes.*maxRecordBytes/)
    const mixed = await failureOf(service.sendRecords(topic, [{ value: 'a' }, { value: huge }, { value: 'b' }]))
    assert.ok(mixed instanceof SendError)
    assert.deepEqual(
      mixed.results?.map((result) => (result instanceof KafkaError ? result.code : result.offset)),
      [0, 'NARAD_RECORD_TOO_LARGE', 1],
    )
    assert.ok((await failureOf(service.send(topic, huge.toString('latin1')))) instanceof RecordTooLargeError)
    assert.ok(performance.now() - start < 10_000)
    for (const error of [alone, mixed]) assert.ok(shown(error).length < 20_000, 'the payload is not in the error')
  })

  test('U1: without dead letters an undecodable value stops its partition with an error that does not show it, and others go on', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(4)]
    const errors: KafkaError[] = []
    const service = makeService(t, { brokers, onError: (error) => errors.push(error) })
    const received = new Received<unknown>()
    await service.connectProducer()
    await service.connectConsumer(randomGroup())
    await service.subscribe(topic, received.handler, STOPPING)
    const bad = [Buffer.from([0x22, 0xff, 0x22]), `{"password": ${CANARY}`, `["${CANARY}"`]
    for (const [partition, value] of bad.entries()) await service.sendRecords(topic, [{ value, partition }])
    await service.send(topic, 'good', { partition: 3 })
    await received.count(1)
    await waitFor(() => errors.length === 3, { what: 'three errors' })
    for (const error of errors) {
      assert.doesNotMatch(shown(error), new RegExp(CANARY))
      assert.equal(error.topic, topic)
    }
  })
})

describe('Secrets and logs', () => {
  test('U1: no secret of the configuration is in the log or in the error when its PEM texts are broken', async (t) => {
    const { service, log } = loggingService(t, {
      brokers: await bed.brokers(),
      sasl: { mechanism: 'plain', username: 'user', password: CANARY },
      ssl: { key: pem('PRIVATE KEY'), cert: pem('CERTIFICATE'), passphrase: CANARY },
      connectionTimeoutMs: 800,
    })
    const errors = [await failureOf(service.connectProducer()), await failureOf(service.connectConsumer('group'))]
    const printed = [...errors.map(shown), log(), inspect(service, { depth: 10 }), JSON.stringify(service.config)]
    assert.doesNotMatch(printed.join('\n'), new RegExp(CANARY))
  })

  test('U1: no secret is in the log or in the error when the broker knows no SASL', async (t) => {
    const { service, log } = loggingService(t, {
      brokers: await bed.brokers(),
      sasl: { mechanism: 'scram-sha-256', username: 'user', password: CANARY },
      librdkafka: { debug: 'security,broker' },
      connectionTimeoutMs: 800,
    })
    const error = await failureOf(service.connectProducer())
    assert.equal(error.code, 'NARAD_AUTHENTICATION_FAILED')
    assert.match(log(), /SASL Handshake not supported/)
    assert.doesNotMatch(`${shown(error)}\n${log()}`, new RegExp(CANARY))
  })

  test('U1: what a handler throws about a record is one line of the log, without secrets', async (t) => {
    const { service, log } = loggingService(t, { brokers: await bed.brokers() })
    const topic = await bed.topic()
    await service.connectProducer()
    await service.connectConsumer(randomGroup())
    await service.subscribe(topic, () => {
      throw new Error(`${FORGED} while calling https://user:${CANARY}@example.com/ with password=${CANARY}`)
    })
    await service.send(topic, 1, { key: FORGED, headers: { [FORGED]: FORGED } })
    await waitFor(() => log().includes('forged'), { what: 'the failure to be logged' })
    await service.disconnect()
    assert.doesNotMatch(log(), new RegExp(CANARY))
    const lines = log().trimEnd().split('\n')
    for (const line of lines) assert.doesNotMatch(line, UNSAFE)
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info |warn |error) narad: /)
    assert.equal(lines.filter((line) => /^\S+ error narad: forged/.test(line)).length, 0)
  })
})

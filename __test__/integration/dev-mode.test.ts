import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ConnectionError, type DevMode, TopicError } from 'narad'
import { TestBroker } from 'narad/testing'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { randomGroup } from '../helpers/names.ts'
import { type NodeProcess, startNode } from '../helpers/process.ts'
import { makeService, Received, type ServiceOptions } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const ROOT = join(__dirname, '..', '..')
const CHILD = join(ROOT, '__test__', 'children', 'dev-mode.ts')
const WAITS = join(ROOT, '__test__', 'children', 'waits-for-a-broker.ts')
/** How long `auto` waits for a broker, and what two busy cores may add. */
const AUTO_MS = 2_000
const GRACE_MS = 700

const WOULD_SEND = [
  "[DEV] Would send to test-topic: { message: 'Hello World' }",
  '[DEV] Would send to test-topic: 1',
  '[DEV] Would send to test-topic: null',
  "[DEV] Would send to test-topic: 'text'",
]

async function nobody(): Promise<string> {
  const [port] = await freePorts(1)
  return `127.0.0.1:${port}`
}

/** What narad logs, as `level: message`. */
function logLines(): { lines: string[]; logger: NonNullable<ServiceOptions['logger']> } {
  const lines: string[] = []
  const method = (level: string) => (first: object | string, message?: string) => {
    lines.push(`${level}: ${typeof first === 'string' ? first : message}`)
  }
  const logger = { debug: () => {}, info: method('info'), warn: method('warn'), error: method('error') }
  return { lines, logger }
}

/** Takes what is printed while `work` runs. */
async function printed(t: TestContext, work: () => Promise<unknown>): Promise<string[]> {
  const { mock } = t.mock.method(console, 'log', () => {})
  await work()
  const lines = mock.calls.map(({ arguments: [line] }) => String(line))
  mock.restore()
  return lines
}

interface ChildOptions {
  env: Record<string, string | undefined>
  script?: string
}

/** The environment without anything that configures narad. */
function cleanEnvironment(): Record<string, undefined> {
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith('KAFKA_') || name === 'NODE_ENV')
      .map((name) => [name, undefined]),
  )
}

async function runChild(t: TestContext, { env, script = CHILD }: ChildOptions): Promise<NodeProcess> {
  const child = startNode(t, script, { env: { ...cleanEnvironment(), ...env } })
  assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
  return child
}

function isLogOnly({ lines }: NodeProcess): void {
  assert.deepEqual(
    lines.filter((line) => line.startsWith('[DEV]')),
    WOULD_SEND,
  )
  const metadata = lines.find((line) => line.startsWith('{')) ?? '{}'
  const { topic, partition, offset } = JSON.parse(metadata) as Record<string, unknown>
  assert.deepEqual([topic, partition, offset], ['test-topic', -1, -1])
  assert.deepEqual(lines.slice(-2), [
    'mode log-only, connected false',
    'left {"undelivered":0,"undeliveredByTopic":{},"groups":[]}',
  ])
}

describe('Dev mode', () => {
  test('off: no broker is an error when connecting', async (t) => {
    const service = makeService(t, { brokers: await nobody(), devMode: 'off', connectionTimeoutMs: 500 })
    await assert.rejects(service.connectProducer(), ConnectionError)
    assert.deepEqual([service.mode, service.isConnected], ['disconnected', false])
  })

  test('log: prints what would be sent, asks no broker, and says nothing else', async (t) => {
    const child = await runChild(t, { env: { KAFKA_BROKERS: await nobody(), KAFKA_DEV_MODE: 'log' } })
    isLogOnly(child)
    // not even that there is no broker, which it would find out by waiting
    assert.equal(child.stderr, '')
  })

  test('prints values as they are, but nothing that is named or looks like a secret', async (t) => {
    // All was printed as it is, and what is printed in a container is a log.
    const service = makeService(t, { devMode: 'log' })
    await service.connectProducer()
    const value = {
      user: 'a',
      at: new Date(0),
      login: { password: 'hunter2', apiKey: { id: 7 } },
      urls: ['http://b:pw@c/'],
    }
    const lines = await printed(t, () => service.send('test-topic', [value, 'password=hunter2', { tokens: 3 }]))
    assert.deepEqual(
      lines.map((line) => line.replaceAll(/\s+/g, ' ')),
      [
        "{ user: 'a', at: 1970-01-01T00:00:00.000Z, login: { password: [redacted], apiKey: [redacted] }, urls: [ 'http://[redacted]@c/' ] }",
        "'password=[redacted]'",
        '{ tokens: [redacted] }',
      ].map((shown) => `[DEV] Would send to test-topic: ${shown}`),
    )
    assert.deepEqual(value.login.apiKey, { id: 7 }, 'what is sent is left alone')
  })

  // Each try to connect logged librdkafka's lines as well, for as long as there was no broker.
  test('auto is what NODE_ENV=development means: one warning, and what would be sent', async (t) => {
    const brokers = await nobody()
    const child = await runChild(t, {
      env: { KAFKA_BROKERS: brokers, NODE_ENV: 'development', KAFKA_LOG_LEVEL: 'info' },
    })
    isLogOnly(child)
    const lines = child.stderr.trimEnd().split('\n')
    assert.equal(lines.length, 1, child.stderr)
    assert.match(
      child.stderr,
      /warn +narad: Dev mode: no broker, so sends are only logged until one answers \(.*refused/,
    )
  })

  test('without NODE_ENV=development no broker is an error', async (t) => {
    const env = { KAFKA_BROKERS: await nobody(), KAFKA_CONNECTION_TIMEOUT_MS: '500', KAFKA_LOG_LEVEL: 'silent' }
    const child = await runChild(t, { env })
    assert.match(child.lines.join('\n'), /^ConnectionError NARAD_CONNECTION_TIMEOUT /)
    assert.equal(child.lines.length, 1)
  })

  test('auto with a broker is live at once', async (t) => {
    const broker = await TestBroker.start({ topics: ['topic'] })
    t.after(() => broker.stop())
    const service = makeService(t, { brokers: broker.brokers, devMode: 'auto' })
    await service.connectProducer()
    assert.deepEqual([service.mode, service.isConnected], ['live', true])
    assert.equal((await service.send('topic', 1)).offset, 0)
  })

  test('auto turns log-only after two seconds, and live with one line when a broker answers', async (t) => {
    const broker = await TestBroker.start({ topics: ['topic'] })
    t.after(() => broker.stop())
    await broker.brokerDown(1)
    const { lines, logger } = logLines()
    const service = makeService(t, { brokers: broker.brokers, devMode: 'auto', logLevel: 'info', logger })
    const events: string[] = []
    // Who was told that it is connected found the service still printing what it sent.
    service.on('connected', () => events.push(service.mode))
    const received = new Received<string>()
    const output = await printed(t, async () => {
      const start = performance.now()
      await service.connectProducer()
      const took = performance.now() - start
      assert.ok(took > AUTO_MS - 50 && took < AUTO_MS + GRACE_MS, `took ${took} ms`)
      await service.connectConsumer(randomGroup())
      await service.subscribe<string>('topic', received.handler, { fromBeginning: true })
      assert.ok(performance.now() - start < took + 200, 'only the first call waits')
      await service.send('topic', 'not sent')
    })
    assert.deepEqual(output, ["[DEV] Would send to topic: 'not sent'"])
    assert.deepEqual([service.mode, service.isConnected, events], ['log-only', false, []])
    await broker.brokerUp(1)
    await waitFor(() => service.mode === 'live', { what: 'the service to be live' })
    assert.deepEqual([service.isConnected, events], [true, ['live']])
    await service.send('topic', 'sent')
    await received.count(1)
    assert.deepEqual(received.values, ['sent'])
    const devMode = lines.filter((line) => line.includes('Dev mode'))
    assert.equal(devMode.length, 2, lines.join('\n'))
    assert.match(devMode[0] ?? '', /^warn: Dev mode: no broker/)
    assert.equal(devMode[1], 'info: Dev mode: a broker answers, the service is live')
  })

  test('auto: calls that connect at the same time wait two seconds together, and all go live', async (t) => {
    const broker = await TestBroker.start({ topics: ['one', 'two'] })
    t.after(() => broker.stop())
    await broker.brokerDown(1)
    const service = makeService(t, { brokers: broker.brokers, devMode: 'auto' })
    const [one, two] = [new Received<string>(), new Received<string>()]
    const start = performance.now()
    const [first, second] = await Promise.all([
      service.connectConsumer(randomGroup()),
      service.connectConsumer(randomGroup()),
    ])
    assert.ok(performance.now() - start < AUTO_MS + GRACE_MS)
    assert.equal(service.mode, 'log-only')
    await first.subscribe<string>('one', one.handler, { fromBeginning: true })
    await second.subscribe<string>('two', two.handler, { fromBeginning: true })
    await broker.brokerUp(1)
    await waitFor(() => service.mode === 'live', { what: 'the service to be live' })
    await Promise.all([service.send('one', 'first'), service.send('two', 'second')])
    await Promise.all([one.count(1), two.count(1)])
    const { groups } = await service.disconnect()
    assert.deepEqual(groups.map(({ group }) => group).sort(), [first.group, second.group].sort())
    assert.ok(groups.every(({ leftGroup }) => leftGroup))
  })

  // Bug: nothing held a worker that only subscribes while there was no broker: it ended at once, with code 0. And the
  // absence of a broker, of which there is to be one warning, was logged by each try.
  test('auto: a worker that only subscribes waits for a broker, and says once that there is none', async (t) => {
    const broker = await TestBroker.start({ topics: ['test-topic'] })
    t.after(() => broker.stop())
    await broker.brokerDown(1)
    const env = { KAFKA_BROKERS: broker.brokers, NODE_ENV: 'development' }
    const child = startNode(t, WAITS, { env: { ...cleanEnvironment(), ...env } })
    await waitFor(() => child.lines.includes('subscribed, mode log-only'), { what: 'the subscription' })
    await broker.brokerUp(1)
    await waitFor(() => child.stderr.includes('the service is live'), { what: 'going live' })
    const producer = makeService(t, { brokers: broker.brokers })
    await producer.connectProducer()
    // its start is fixed some time after it has gone live
    let isOver = false
    void child.ended.then(() => {
      isOver = true
    })
    await waitFor(
      async () => {
        if (!isOver) await producer.send('test-topic', { id: 1 })
        return isOver
      },
      { what: 'the first record' },
    )
    assert.ok(child.lines.includes('handled {"id":1}'), child.lines.join())
    assert.equal(child.stderr.match(/Dev mode: no broker/g)?.length, 1, child.stderr)
    assert.doesNotMatch(child.stderr, /brokers are down/)
  })

  test('auto: disconnect while log-only ends the tries, and the process with it', async (t) => {
    const broker = await TestBroker.start()
    t.after(() => broker.stop())
    await broker.brokerDown(1)
    const service = makeService(t, { brokers: broker.brokers, devMode: 'auto' })
    const events: string[] = []
    service.on('connected', () => events.push('connected'))
    await service.connectProducer()
    const start = performance.now()
    assert.deepEqual(await service.disconnect(), { undelivered: 0, undeliveredByTopic: {}, groups: [] })
    assert.ok(performance.now() - start < GRACE_MS)
    await broker.brokerUp(1)
    await makeService(t, { brokers: broker.brokers }).connectProducer()
    assert.deepEqual([service.mode, events], ['disconnected', []])
  })

  test('log-only checks what it is given as a live service does', async (t) => {
    const service = makeService(t, { brokers: await nobody(), devMode: 'log' })
    await service.connectProducer()
    await assert.rejects(service.send('a b', 1), TopicError)
    await assert.rejects(service.send('topic', undefined), /undefined/)
    await assert.rejects(
      service.subscribe('a b', () => {}),
      TopicError,
    )
  })

  test('log-only prints what a value says as util.inspect does, on lines of its own making alone', async (t) => {
    const service = makeService(t, { brokers: await nobody(), devMode: 'log' })
    await service.connectProducer()
    const [line] = await printed(t, () => service.send('topic', 'a\r\n[DEV] Would send to other: 1\u001b[31m'))
    assert.equal(line, "[DEV] Would send to topic: 'a\\r\\n[DEV] Would send to other: 1\\x1B[31m'")
  })
})

describe('Where the native part cannot be loaded', () => {
  /** The package as it is, but for its native part. */
  function withoutNative(t: TestContext): string {
    const folder = mkdtempSync(join(tmpdir(), 'narad-no-native-'))
    t.after(() => rmSync(folder, { recursive: true }))
    for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    cpSync(CHILD, join(folder, 'dev-mode.ts'))
    return join(folder, 'dev-mode.ts')
  }

  for (const devMode of ['log', 'auto'] satisfies DevMode[]) {
    test(`${devMode}: the service is log-only all the same`, async (t) => {
      const child = await runChild(t, { env: { KAFKA_DEV_MODE: devMode }, script: withoutNative(t) })
      isLogOnly(child)
      if (devMode === 'log') assert.equal(child.stderr, '')
      else assert.match(child.stderr, /^[^\n]*warn +narad: Dev mode: [^\n]*npm run build:native[^\n]*\n$/)
    })
  }

  test('off: connecting names the package that is missing and the command that builds it', async (t) => {
    const child = await runChild(t, { env: { KAFKA_DEV_MODE: 'off' }, script: withoutNative(t) })
    const [line = ''] = child.lines
    assert.equal(child.lines.length, 1)
    assert.match(line, /^NativeLoadError NARAD_NATIVE_MISSING /)
    assert.match(line, new RegExp(`narad-${process.platform}-${process.arch}`))
    assert.match(line, /npm run build:native/)
  })
})

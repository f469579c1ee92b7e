// `narad why`: what blocks a service, asked of the port of `narad run`.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { type CommandEnd, narad, run } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

/** `narad run` with a handler of this source, and who asks it. */
async function setUp(scope: Scope, handler: string) {
  const [broker, topic, group] = [await TestBroker.start(), randomTopic(), randomGroup()]
  scope.after(() => broker.stop())
  await broker.createTopic(topic, { partitions: 1 })
  const folder = await mkdtemp(join(tmpdir(), 'narad-why-'))
  scope.after(() => rm(folder, { recursive: true, force: true }))
  const [port] = (await freePorts(1)) as [number]
  const file = join(folder, 'handlers.mjs')
  await writeFile(file, `${handler}\nexport default { ${JSON.stringify(topic)}: charge }`)
  const env = { KAFKA_BROKERS: `embedded://${broker.brokers}` }
  const service = await makeProducer(scope, { brokers: broker.brokers })
  const child = narad(scope, ['run', file, '-g', group, '--from-beginning', '--health-port', String(port)], { env })
  await waitFor(() => child.stderr.includes('Subscribed'), { what: 'the service' })
  const url = `http://localhost:${port}/health/kafka`
  const why = (...args: string[]) => run(scope, ['why', ...args, '--url', url])
  const whyUntil = (fits: (end: CommandEnd) => boolean) =>
    waitFor(
      async () => {
        const end = await why(group)
        return fits(end) && end
      },
      { what: 'an answer that fits', timeoutMs: 30_000 },
    )
  return { topic, group, service, port, url, why, whyUntil }
}

describe('narad why', () => {
  test('says that nothing blocks, then which record hangs in which handler, with 5', async (t) => {
    const { topic, group, service, why, whyUntil } = await setUp(
      t,
      'const charge = ({ hang }) => hang && new Promise(() => {})',
    )
    await service.send(topic, { hang: false })
    const idle = await whyUntil(({ lines }) => lines[0]?.includes(', 0 records with their handlers') ?? false)
    assert.deepEqual([idle.code, idle.lines.at(-1)], [0, '  no record blocks'], idle.stderr)
    const since = `  last rebalance: partitions were assigned \\d+s ago: this member subscribed, or its topics changed`
    assert.match(idle.lines[1] ?? '', new RegExp(`^${since}$`))

    // a key that would move the cursor and turn text around
    await service.sendRecords(topic, [{ key: 'a\x1b[2J\u202e\x9b', value: '{"hang":true}' }])
    const hangs = await whyUntil(({ code }) => code === 5)
    assert.equal(hangs.lines[0], `${group}: consuming, 1 partition, 1 record with its handler, 0 held`)
    const line = hangs.lines.at(-1) ?? ''
    const place = `  ${topic} [0] offset 1 key "a\\u001b[2J\\u202e\\u009b"`
    assert.ok(line.startsWith(`${place}: handler charge, attempt 1, has run for `), line)

    const { code, lines } = await why('-o', 'json')
    const told = JSON.parse(lines.join('\n'))
    assert.deepEqual([code, lines.length, told.group, told.ready, told.reasons], [5, 1, group, true, []])
    const [{ runningMs, ...record }] = told.blocking
    assert.deepEqual(record, {
      ...{ topic, partition: 0, offset: 1, key: 'a\x1b[2J\u202e\x9b' },
      ...{ doing: 'handler', attempt: 1, handler: 'charge', blocks: true },
    })
    assert.ok(runningMs > 1_000)
    assert.ok(!['\x1b', '\x9b', '\u202e'].some((unsafe) => lines.join('').includes(unsafe)))
  })

  test('says when a record is tried again, and what it failed with', async (t) => {
    const { topic, service, whyUntil } = await setUp(
      t,
      `const charge = () => { throw Object.assign(new Error('no route to db'), { retryAfterMs: 60_000 }) }`,
    )
    await service.sendRecords(topic, [{ key: 'a', value: '1' }])
    const { lines } = await whyUntil(({ code }) => code === 5)
    assert.match(lines.at(-1) ?? '', / offset 0 key "a": waits for attempt 2 in .+, after Error: no route to db$/)
  })

  test('knows no other group, with 1, and tells what the service has', async (t) => {
    const { group, why } = await setUp(t, 'const charge = () => {}')
    const { code, stderr } = await why('other')
    assert.deepEqual([code, stderr], [1, `narad: the service has ${group}, and not other\n`])
  })

  test('is told details by this machine alone', async (t) => {
    const { port, url, group } = await setUp(t, 'const charge = () => {}')
    const ask = (host: string, headers: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ port, host })
        let text = ''
        socket.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        socket.on('error', reject).on('close', () => resolve(text))
        socket.write(`GET /health/kafka HTTP/1.1\r\n${headers}connection: close\r\n\r\n`)
      })
    const asked = async (host: string, headers: string) => (await ask(host, headers)).includes(group)
    assert.equal(await asked('127.0.0.1', `host: 127.0.0.1:${port}\r\n`), true)
    assert.equal(await asked('127.0.0.1', `host: localhost\r\n`), true)
    assert.equal(await asked('127.0.0.1', `host: evil.example:${port}\r\n`), false, 'a name that was led here')
    assert.equal(await asked('127.0.0.1', `host: localhost\r\nx-forwarded-for: 203.0.113.1\r\n`), false, 'a proxy')
    assert.equal(await asked('127.0.0.1', `host: localhost\r\nforwarded: for=203.0.113.1\r\n`), false, 'a proxy')
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')
    if (outside === undefined) return t.diagnostic('this machine has no address but its own')
    assert.equal(await asked(outside.address, `host: localhost\r\n`), false, 'the network')
    const { code, stderr } = await run(t, ['why', '--url', url.replace('localhost', outside.address)])
    assert.deepEqual([code, stderr.includes('tells no details: give its route `details: true`')], [1, true], stderr)
  })

  test('ends with 3 where nobody answers, with 1 where it is no health port, with 2 for what is no address', async (t) => {
    const server = createServer((_, response) => response.writeHead(404).end('not found'))
    await new Promise<void>((resolve) => server.listen(0, resolve))
    t.after(() => server.close())
    const other = await run(t, ['why', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`])
    assert.deepEqual([other.code, other.stderr.includes('answers 404, and not as a health port does')], [1, true])
    const nobody = await run(t, ['why', '--url', 'http://127.0.0.1:1/health/kafka'])
    assert.deepEqual([nobody.code, nobody.stderr.includes('does not answer')], [3, true], nobody.stderr)
    assert.equal((await run(t, ['why', '--url', 'localhost'])).code, 2)
  })
})

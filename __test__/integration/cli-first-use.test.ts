// What people type who use the command for the first time, and get wrong.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { narad, run } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

async function startBroker(scope: Scope) {
  const broker = await TestBroker.start()
  scope.after(() => broker.stop())
  return { broker, env: { KAFKA_BROKERS: `embedded://${broker.brokers}` } }
}

async function makeFolder(scope: Scope) {
  const folder = await mkdtemp(join(tmpdir(), 'narad-first-'))
  scope.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('A handler that fails', () => {
  test('is told of also where its error throws at being read', async (t) => {
    // The line of it was made of what threw, which ended the command.
    const { broker, env } = await startBroker(t)
    const [topic, folder] = [randomTopic(), await makeFolder(t)]
    await broker.createTopic(topic)
    const file = join(folder, 'handlers.mjs')
    const fails = `throw Object.assign(new Error(), { toString() { throw new Error('not this') } })`
    await writeFile(file, `export default { ${JSON.stringify(topic)}: () => { ${fails} } }`)
    const service = await makeProducer(t, { brokers: broker.brokers })
    await service.send(topic, 1)
    const child = narad(t, ['consume', '--handlers', file, '-g', randomGroup(), '--from-beginning'], { env })
    await waitFor(() => child.stderr.includes('ms: an error that cannot be read'), { what: 'the retry' })
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })

  test('is told once for each attempt with its error, and without the payload where that is not wanted', async (t) => {
    // The record was seen to come again and again, and nothing said why.
    const { broker, env } = await startBroker(t)
    const [topic, folder, group] = [randomTopic(), await makeFolder(t), randomGroup()]
    await broker.createTopic(topic)
    const file = join(folder, 'handlers.mjs')
    const fails = `throw new Error('password=hunter2 is refused\\x1b[2J, says attempt ' + context.attempt)`
    await writeFile(file, `export default { ${JSON.stringify(topic)}: (message, context) => { ${fails} } }`)
    const service = await makeProducer(t, { brokers: broker.brokers })
    await service.send(topic, 'payload')
    const args = ['consume', '--handlers', file, '-g', group, '--from-beginning', '--quiet']
    const child = narad(t, args, { env: { ...env, KAFKA_CONSUMER_MAX_RETRIES: '1' } })
    await waitFor(() => child.stderr.includes('dead letter'), { what: 'the dead letter', timeoutMs: 15_000 })
    const told = child.stderr.split('\n').filter((line) => line.includes('says attempt'))
    assert.equal(told.length, 2, child.stderr)
    const place = `\\[handler\\] ${topic} \\[0\\] @ 0 failed in attempt 1, again in \\d+ ms`
    const error = String.raw`Error: password=\[redacted\] is refused\\u001b\[2J, says attempt 1`
    assert.match(told[0] ?? '', new RegExp(`^${place}: ${error}$`))
    assert.match(told[1] ?? '', /became a dead letter .*says attempt 2/)
    assert.ok(!child.stderr.includes('payload') && !child.stderr.includes('hunter2'), child.stderr)
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })
})

describe('A handlers file', () => {
  test('that is not there, or does not load, is told in one line with its place', async (t) => {
    // A stack of Node's loader was told, and never the line of the file.
    const folder = await makeFolder(t)
    const cases: Array<[name: string, text: string | undefined, told: RegExp]> = [
      ['none.mjs', undefined, /^narad: there is no handlers file \/.*none\.mjs$/],
      ['throws.mjs', "const x = 1\nthrow new TypeError('at load')", /TypeError: at load \(file:.*throws\.mjs:2:7\)$/],
      ['wrong.cjs', 'const x = 1\nmodule.exports = ;', /SyntaxError: Unexpected token ';' \(\/.*wrong\.cjs:2\)$/],
      [
        'imports.mjs',
        "import 'no-such-package'",
        /Cannot find package 'no-such-package' imported from .*imports\.mjs$/,
      ],
    ]
    for (const [name, text, told] of cases) {
      const file = join(folder, name)
      if (text !== undefined) await writeFile(file, text)
      const { code, stderr } = await run(t, ['run', file, '-g', 'g', '-b', 'localhost:1'])
      assert.equal(code, 2, stderr)
      assert.match(stderr.slice(0, -1), told)
    }
  })
})

describe('A broker that is not there', () => {
  const env = { KAFKA_CONNECTION_TIMEOUT_MS: '300' }

  test('is told in one line, which says where to look and what finds out more', async (t) => {
    // Neither the variable nor the option was named, and how often librdkafka had tried in which state was.
    const { code, stderr } = await run(t, ['topics', 'list', '-b', 'localhost:1'], { env })
    assert.equal(code, 3)
    assert.match(
      stderr,
      /^narad: no broker reached within 300 ms: localhost:1[^\n]* refused\. Look at KAFKA_BROKERS, [^\n]* -b; "npx narad doctor"[^\n]*\n$/,
    )
  })

  test('is told with the stack by --verbose', async (t) => {
    const { stderr } = await run(t, ['topics', 'list', '-b', 'localhost:1', '--verbose'], { env })
    assert.match(stderr, /^ConnectionError: no broker reached[\s\S]*\n {4}at /m)
  })
})

test('narad health takes an address without a scheme as http, and no other scheme', async (t) => {
  // It took "localhost:3000" for a URL of the scheme "localhost", and said that this was unknown.
  const server = createServer((_, response) => response.end('{"ready":true}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}/health/ready`
  const answer = await run(t, ['health', address])
  assert.deepEqual([answer.code, answer.lines.join('')], [0, '{  "ready": true}'], answer.stderr)
  const other = await run(t, ['health', `ftp://${address}`])
  assert.deepEqual([other.code, other.stderr.includes('is no URL, such as http://')], [2, true])
})

test('narad doctor says of the embedded broker that there is no connection to look at', async (t) => {
  // It said "a broker in this process, of which nothing can be wrong".
  const { code, lines } = await run(t, ['doctor', '-b', 'embedded'])
  assert.equal(code, 0)
  assert.match(lines.join('\n'), /^ok {4}configuration: embedded, .*there is no connection to look at; no TLS/)
})

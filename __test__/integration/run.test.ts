// `narad run`: handlers as a service.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { narad, run } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { resourcesSkip } from '../helpers/resources.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

async function setUp(scope: Scope) {
  const [broker, topic] = [await TestBroker.start(), randomTopic()]
  scope.after(() => broker.stop())
  await broker.createTopic(topic)
  const folder = await mkdtemp(join(tmpdir(), 'narad-run-'))
  scope.after(() => rm(folder, { recursive: true, force: true }))
  const [health, metrics] = (await freePorts(2)) as [number, number]
  const file = join(folder, 'handlers.mjs')
  const write = (says: string) =>
    writeFile(file, `export default { ${JSON.stringify(topic)}: ({ id }) => console.log(${JSON.stringify(says)}, id) }`)
  await write('first')
  const service = await makeProducer(scope, { brokers: broker.brokers })
  const env = { KAFKA_BROKERS: `embedded://${broker.brokers}` }
  const args = ['run', file, '-g', randomGroup(), '--from-beginning', '--health-port', String(health)]
  return { topic, folder, file, write, service, env, args, health, metrics }
}

const ask = async (port: number, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
}

describe('narad run', () => {
  test('handles records, answers probes and scrapes, and ends cleanly on SIGTERM', async (t) => {
    const { topic, service, env, args, health, metrics } = await setUp(t)
    const child = narad(t, [...args, '--metrics-port', String(metrics)], { env })
    await service.send(topic, { id: 1 })
    await child.waitForLine('first 1')
    assert.deepEqual((await ask(health, '/health/live')).status, 200)
    const ready = await ask(health, '/health/ready')
    assert.deepEqual([ready.status, JSON.parse(ready.text).ready, ready.type], [200, true, 'application/json'])
    assert.deepEqual(JSON.parse((await ask(health, '/health/kafka')).text).status, 'connected')
    assert.equal((await ask(health, '/metrics')).status, 404, 'it has a port of its own')
    const page = await ask(metrics, '/metrics')
    assert.match(page.type ?? '', /^text\/plain; version=0\.0\.4/)
    const escaped = topic.replaceAll('.', '\\.')
    assert.match(page.text, /^# HELP \S+ .+\n# TYPE \S+ (?:counter|gauge|histogram)\n/)
    assert.match(page.text, new RegExp(`^narad_\\S*\\{[^}]*topic="${escaped}"[^}]*\\} 1$`, 'm'))
    assert.match(page.text, /_bucket\{.*le="\+Inf"\} \d/)
    for (const line of page.text.trimEnd().split('\n'))
      assert.match(line, /^(?:# (?:HELP|TYPE) \S+ .+|\w+(?:\{.*\})? \S+)$/)
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })

  // While it joined, SIGTERM closed the service under it, which it took for a failure: exit code 1, and a deployment that
  // takes a pod away early counted a crash.
  test('ends cleanly on SIGTERM while it waits for a broker', async (t) => {
    const { file, health } = await setUp(t)
    const silent = createServer((socket) => void socket.on('error', () => undefined))
    const asked = once(silent, 'connection')
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    t.after(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const args = ['run', file, '-g', randomGroup(), '--health-port', String(health), '-b', `127.0.0.1:${port}`]
    const child = narad(t, args)
    const [socket] = (await asked) as [Socket]
    t.after(() => socket.destroy())
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })

  test('--watch begins anew when the file changes, and ends cleanly', async (t) => {
    const { topic, service, write, env, args } = await setUp(t)
    const child = narad(t, [...args, '--watch'], { env })
    await service.send(topic, { id: 1 })
    await child.waitForLine('first 1')
    const subscriptions = () => child.stderr.split('[consumer] Subscribed').length - 1
    await waitFor(() => subscriptions() === 1, { what: 'the first subscription' })
    await write('second')
    await waitFor(() => subscriptions() === 2, { what: 'the second subscription', timeoutMs: 30_000 })
    await service.send(topic, { id: 2 })
    await child.waitForLine('second 2')
    assert.ok(!child.lines.includes('second 1'), 'what the first had handled was committed')
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })

  test('--watch lets a record be handled to its end when a terminal signals the whole group', async (t) => {
    // The handler's process had SIGINT from the terminal, from Node's watcher, and the watcher another from the command.
    // The second ended it at once.
    const { topic, service, file, env, args } = await setUp(t)
    const handler = `({ id }) => new Promise((resolve) => {
      console.log('begun', id)
      process.once('SIGINT', () => setTimeout(() => resolve(console.log('handled', id)), 1_000))
    })`
    await writeFile(file, `export default { ${JSON.stringify(topic)}: ${handler} }`)
    const child = narad(t, [...args, '--watch'], { env, detached: true })
    await service.send(topic, { id: 1 })
    await child.waitForLine('begun 1')
    process.kill(-child.pid, 'SIGINT')
    assert.deepEqual(await child.ended, { code: 0, signal: null })
    assert.deepEqual(child.lines, ['begun 1', 'handled 1'])
  })

  test('--watch lets a record be handled to its end when its terminal is closed', async (t) => {
    // Nothing handed SIGHUP on: the command ended, and what it watched went on without a terminal, for ever.
    const { topic, service, file, env, args, health } = await setUp(t)
    const handler = `({ id }) => new Promise((resolve) => {
      console.log('begun', id)
      process.once('SIGTERM', () => setTimeout(() => resolve(console.log('handled', id)), 500))
    })`
    await writeFile(file, `export default { ${JSON.stringify(topic)}: ${handler} }`)
    const child = narad(t, [...args, '--watch'], { env })
    await service.send(topic, { id: 1 })
    await child.waitForLine('begun 1')
    assert.deepEqual(await child.kill('SIGHUP'), { code: 0, signal: null })
    assert.deepEqual(child.lines, ['begun 1', 'handled 1'])
    await assert.rejects(ask(health, '/health/live'), 'nobody is left who answers')
  })

  test('--watch waits for a better file where one does not load', async (t) => {
    const { topic, service, file, write, env, args } = await setUp(t)
    await writeFile(file, 'export default {')
    const child = narad(t, [...args, '--watch'], { env })
    await waitFor(() => child.stderr.includes('could not be loaded'), { what: 'the file to be refused' })
    await write('mended')
    await service.send(topic, { id: 1 })
    await child.waitForLine('mended 1')
    assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
  })

  test('--watch ends with 1 when what it watches with was killed', { skip: resourcesSkip }, async (t) => {
    // An end by a signal has no exit code, which would be 0 for who called it.
    const { topic, service, env, args } = await setUp(t)
    const child = narad(t, [...args, '--watch'], { env })
    await service.send(topic, { id: 1 })
    await child.waitForLine('first 1')
    const watcher = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')[0])
    process.kill(-watcher, 'SIGKILL')
    assert.deepEqual(await child.ended, { code: 1, signal: null })
  })

  test('says that its port is taken, with 2', async (t) => {
    const { env, args, health } = await setUp(t)
    const first = narad(t, args, { env })
    await waitFor(() => first.stderr.includes('Subscribed'), { what: 'the first service' })
    const { code, stderr } = await run(t, args, { env })
    assert.deepEqual(
      [code, stderr.includes(`port ${health} is taken: name another with --health-port`)],
      [2, true],
      stderr,
    )
    const none = narad(t, [...args.slice(0, -1), '0', '-v'], { env })
    await waitFor(() => none.stderr.includes('Subscribed'), { what: 'a service without a port' })
    assert.deepEqual(await none.kill('SIGINT'), { code: 0, signal: null })
  })
})

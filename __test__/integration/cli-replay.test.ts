import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { ended, run, narad as start } from '../helpers/command.ts'
import { randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

async function setUp(scope: Scope) {
  const broker = await TestBroker.start()
  scope.after(() => broker.stop())
  const [topic, into] = [randomTopic(), randomTopic()]
  for (const name of [topic, into]) await broker.createTopic(name, { partitions: 2 })
  const service = await makeProducer(scope, { brokers: broker.brokers })
  await service.send(topic, [{ id: 0 }, { id: 1 }, { id: 2 }], { partition: 0, key: 'a' })
  await service.send(topic, [{ id: 3 }, { id: 4 }], { partition: 1, key: 'b' })
  const env = { KAFKA_BROKERS: `embedded://${broker.brokers}` }
  const narad = (...args: string[]) => run(scope, ['replay', topic, ...args], { env })
  const arrived = async () => {
    const values: unknown[] = []
    for await (const { value, headers } of service.read(into, { to: 'end' })) {
      assert.ok(headers['x-replayed-from']?.startsWith(topic))
      values.push((value as { id: number }).id)
    }
    return values.sort()
  }
  return { topic, into, env, narad, arrived }
}

describe('narad replay', () => {
  test('counts what it would replay, and replays it with --execute', async (t) => {
    const { topic, into, narad, arrived } = await setUp(t)
    const plan = await narad('--into', into)
    assert.deepEqual([plan.code, plan.lines], [0, [`${topic}: 5 records to replay into ${into}`]])
    assert.match(plan.stderr, /nothing was changed; --execute does it/)
    assert.deepEqual(await arrived(), [])
    const done = await narad('--into', into, '--execute', '-o', 'json')
    const { replayed, isComplete, positions } = JSON.parse(done.lines[0] as string)
    assert.deepEqual([done.code, replayed, isComplete, positions], [0, 5, true, { 0: 3, 1: 2 }])
    assert.deepEqual(await arrived(), [0, 1, 2, 3, 4])
  })

  test('replays a part: from offsets by partition, before a place, of a key', async (t) => {
    const { topic, into, narad, arrived } = await setUp(t)
    const some = await narad('--into', into, '--from', '0:1', '--to', '2', '--execute')
    assert.deepEqual([some.code, some.lines], [0, [`${topic}: 1 record replayed into ${into}`]], some.stderr)
    const ofKey = await narad('--into', into, '--key', 'b', '--execute')
    assert.deepEqual(ofKey.lines, [
      `${topic}: 2 records replayed into ${into}`,
      '  3 not among those that were asked for',
    ])
    assert.deepEqual(await arrived(), [1, 3, 4])
  })

  test('calls the function of a handlers file with --execute alone', async (t) => {
    const { topic, narad } = await setUp(t)
    const folder = await mkdtemp(join(tmpdir(), 'narad-replay-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'handlers.mjs')
    await writeFile(file, `export default { '${topic}': ({ id }) => console.error('handled ' + id) }`)
    const plan = await narad('--handlers', file)
    assert.deepEqual([plan.code, /handled/.test(plan.stderr)], [0, false])
    const done = await narad('--handlers', file, '--execute')
    assert.equal(done.code, 0, done.stderr)
    assert.deepEqual(
      done.stderr.match(/handled \d/g)?.sort(),
      [0, 1, 2, 3, 4].map((id) => `handled ${id}`),
    )
  })

  test('ends with 1 where a signal ended it before its end', async (t) => {
    // It ended with 0, as if all had been replayed.
    const { topic, into, env, arrived } = await setUp(t)
    const child = start(t, ['replay', topic, '--into', into, '--rate', '1', '--execute'], { env })
    await waitFor(async () => (await arrived()).length > 0, { what: 'the first record' })
    await child.kill('SIGINT')
    const { code, stderr } = await ended(child)
    assert.deepEqual([code, /ended before its end; go on with --from \d/.test(stderr)], [1, true], stderr)
  })

  // There was no bar, and where stderr is a file nothing is to be drawn.
  test('draws a bar on a terminal, on stderr alone', async (t) => {
    const { topic, into, env } = await setUp(t)
    const args = ['replay', topic, '--into', into, '--rate', '2', '--execute']
    const nodeArgs = ['--import', 'data:text/javascript,process.stderr.isTTY=true']
    const [terminal, file] = await Promise.all([run(t, args, { env, nodeArgs }), run(t, args, { env })])
    for (const { code, lines } of [terminal, file]) {
      assert.deepEqual([code, lines], [0, [`${topic}: 5 records replayed into ${into}`]])
    }
    assert.match(terminal.stderr, /\[Knarad: \[#+-+\] +\d+ % {2}\d of 5 records\r/)
    assert.ok(terminal.stderr.endsWith('\r\x1b[K'), 'the bar goes away')
    assert.equal(file.stderr, '')
  })

  // What a handler threw was told as it came, with the password that was in it.
  test('shows no secret of what a handler throws', async (t) => {
    const { topic, narad } = await setUp(t)
    const folder = await mkdtemp(join(tmpdir(), 'narad-replay-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'handlers.mjs')
    const fails = `throw new Error('postgres://bob:hunter2@db failed, password=hunter2')`
    await writeFile(file, `export default { '${topic}': () => { ${fails} } }`)
    const end = await narad('--handlers', file, '--execute')
    assert.equal(end.code, 1)
    assert.match(end.stderr, /db failed/)
    assert.doesNotMatch(end.stderr, /hunter2/)
  })

  test('ends with 2 for what is no replay', async (t) => {
    const { into, narad } = await setUp(t)
    const cases: Array<[args: string[], text: RegExp]> = [
      [[], /needs --into or --handlers/],
      [['--into', into, '--handlers', 'x.mjs'], /needs --into or --handlers/],
      [['--into', into, '--from', 'noon'], /--from must be beginning/],
      [['--into', into, '--rate', '0'], /--rate must be at least 1/],
      [['--into', '..'], /topic/i],
      // it did not say what to do about it
      [['--into', randomTopic(), '--execute'], /no such topic.*\n.*"narad topics list" shows.* makes it\n/],
    ]
    for (const [args, text] of cases) {
      const end = await narad(...args)
      assert.deepEqual([end.code, end.lines], [2, []], `${args.join(' ')}: ${end.stderr}`)
      assert.match(end.stderr, text)
    }
  })
})

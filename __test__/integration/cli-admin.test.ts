// Administration from the command line on the embedded broker: what it does there, and that it says what it cannot do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { ended, run, narad as start } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'
import { waitFor } from '../helpers/wait.ts'

async function setUp(scope: Scope) {
  const broker = await TestBroker.start()
  scope.after(() => broker.stop())
  const [topic, group] = [randomTopic(), randomGroup()]
  await broker.createTopic(topic, { partitions: 2 })
  const service = await makeProducer(scope, { brokers: broker.brokers })
  await service.send(topic, [1, 2, 3], { partition: 0 })
  const env = { KAFKA_BROKERS: `embedded://${broker.brokers}` }
  return { broker, env, topic, group, service, narad: (...args: string[]) => run(scope, args, { env }) }
}

const rowsOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>)

describe('narad topics and narad cluster', () => {
  test('list and describe, as a table and as JSON', async (t) => {
    const { topic, narad } = await setUp(t)
    const table = await narad('topics', 'list')
    assert.deepEqual([table.code, table.stderr], [0, ''])
    assert.deepEqual(
      table.lines.map((line) => line.split(/ +/)),
      [
        ['TOPIC', 'PARTITIONS', 'REPLICAS'],
        [topic, '2', '1'],
      ],
    )
    const described = rowsOf((await narad('topics', 'describe', topic, '-o', 'json')).lines)
    const logs = described.map(({ partition, beginning, end }) => [partition, beginning, end])
    assert.deepEqual(logs, [
      [0, 0, 3],
      [1, 0, 0],
    ])
    const [broker] = rowsOf((await narad('cluster', '-o', 'json')).lines)
    assert.deepEqual([broker?.['id'], broker?.['isController']], [1, false])
  })

  test('end with what is wrong: what the embedded broker cannot do with 1, usage with 2', async (t) => {
    const { topic, narad } = await setUp(t)
    const cases: Array<[args: string[], code: number, text: RegExp]> = [
      [['topics', 'delete', topic, '--execute'], 1, /embedded broker cannot delete topics/],
      [['topics', 'alter', topic, '-s', 'retention.ms=1', '--execute'], 1, /cannot tell the settings/],
      [['topics', 'create', randomTopic(), '--execute'], 1, /cannot create a topic for another process/],
      [['topics', 'describe', randomTopic()], 2, /no such topic/],
      [['topics', 'create', topic], 2, /is there already: --if-not-exists/],
      [['topics', 'add-partitions', topic, '2'], 2, /has 2 partitions already/],
      [['topics', 'add-partitions', topic, '0'], 2, /whole number from 1/],
      [['topics', 'alter', topic], 2, /needs --set name=value or --unset name/],
      [['topics', 'delete-records', topic, '--before', 'noon'], 2, /--before must be beginning/],
      [['topics', 'lst'], 2, /Did you mean list/],
    ]
    for (const [args, code, text] of cases) {
      const end = await narad(...args)
      assert.deepEqual([end.code, end.lines], [code, []], `${args.join(' ')}: ${end.stderr}`)
      assert.match(end.stderr, text)
    }
  })
})

describe('narad groups and narad lag', () => {
  // Nothing was shown on a terminal while brokers took their time.
  test('tell on a terminal for how long they have waited for slow brokers', async (t) => {
    const { broker, topic, group } = await setUp(t)
    const [host = '', port = ''] = broker.brokers.split(':')
    const proxy = await startTcpProxy({ target: { host, port: Number(port) }, delayMs: 100 })
    t.after(() => proxy.stop())
    const reset = ['groups', 'reset-offsets', group, '-t', topic, '--to', 'beginning', '--execute']
    const env = { KAFKA_BROKERS: `embedded://127.0.0.1:${proxy.port}` }
    const nodeArgs = ['--import', 'data:text/javascript,process.stderr.isTTY=true']
    const { code, lines, stderr } = await run(t, reset, { env, nodeArgs })
    assert.deepEqual([code, lines.length], [0, 3], stderr)
    assert.match(
      stderr,
      new RegExp(`^(?:\\r\\x1b\\[Knarad: resetting the offsets of ${group}, for \\d+s)+\\r\\x1b\\[K$`),
    )
  })

  test('reset offsets after a plan that changes nothing, and tell the lag', async (t) => {
    const { topic, group, service, narad } = await setUp(t)
    const reset = ['groups', 'reset-offsets', group, '-t', topic, '-p', '0', '--to', '-2', '-o', 'json']
    const plan = await narad(...reset)
    assert.deepEqual([plan.code, plan.stderr], [0, 'narad: nothing was changed; --execute does it\n'])
    assert.deepEqual(rowsOf(plan.lines), [{ group, topic, partition: 0, from: null, to: 1, executed: false }])
    assert.deepEqual(await service.admin.groups.offsets(group), [])
    const done = await narad(...reset, '--execute')
    assert.deepEqual([done.code, done.stderr], [0, ''])
    assert.deepEqual(rowsOf(done.lines), [{ group, topic, partition: 0, from: null, to: 1, executed: true }])

    // a difference with a sign was taken for Kafka's -1 and -2, which mean the end and the beginning
    const table = async (to: string) => (await narad(...reset.slice(0, -4), '--to', to)).lines[1]?.split(/ {2,}/).at(-1)
    assert.deepEqual([await table('beginning'), await table('end'), await table('1')], ['1 again', '2 skipped', '0'])

    const { code, lines } = await narad('lag', group, '--partitions', '--window', '0s', '-o', 'json')
    const [row] = rowsOf(lines)
    assert.deepEqual([code, row?.['committed'], row?.['end'], row?.['lag']], [0, 1, 3, 2])
    assert.ok(Number(row?.['lagMs']) >= 0)
    const behind = await narad('lag', group, '--window', '0s', '--fail-above', '1')
    assert.deepEqual([behind.code, behind.stderr], [4, `narad: group ${group} is 2 records behind, more than 1\n`])
    assert.equal((await narad('lag', group, '--window', '0s', '--fail-above', '2')).code, 0)
  })

  test('know at once that a group without a lag is ok, and over a window that one is stalled', async (t) => {
    const { topic, group, service, narad } = await setUp(t)
    await service.admin.groups.resetOffsets(group, { to: 'end', topics: topic })
    const start = performance.now()
    const ok = await narad('lag', group)
    assert.match(ok.lines[1] ?? '', new RegExp(`^${group} +${topic} +2 +0 +0s +ok$`))
    assert.ok(performance.now() - start < 8_000, 'it does not look for the whole window')
    await service.send(topic, [4, 5], { partition: 1 })
    const stalled = await narad('lag', group, '--window', '300ms', '--interval', '100ms')
    assert.match(stalled.lines[1] ?? '', new RegExp(`^${group} +${topic} +2 +2 +\\d+s +stalled$`))
  })

  test('know that a group is stalled when it takes longer than the window to read how old its records are', async (t) => {
    // The looks before were forgotten then, and the verdict of the last one alone was unknown.
    const { topic, group, service, narad } = await setUp(t)
    await service.admin.groups.resetOffsets(group, { to: 'end', topics: topic })
    await service.send(topic, [4, 5], { partition: 1 })
    const { lines } = await narad('lag', group, '--window', '1ms')
    assert.match(lines[1] ?? '', / stalled$/)
  })

  test('watch until the lag is above what is allowed', async (t) => {
    const { topic, group, service, narad } = await setUp(t)
    await service.admin.groups.resetOffsets(group, { to: 'end', topics: topic })
    const watching = narad('lag', group, '--watch', '--interval', '50ms', '--fail-above', '4', '-o', 'json')
    await service.send(topic, [1, 2, 3, 4, 5], { partition: 1 })
    const { code, lines } = await watching
    assert.equal(code, 4)
    assert.equal(rowsOf(lines).at(-1)?.['lag'], 5)
  })

  test('go on watching after a look that fails, which is told', async (t) => {
    // The first look that failed ended the watch.
    const { broker, env, topic, group, service } = await setUp(t)
    await service.admin.groups.resetOffsets(group, { to: 'end', topics: topic })
    const child = start(t, ['lag', group, '--watch', '--interval', '50ms', '-o', 'json'], { env })
    await child.waitForLine(group)
    await broker.failRequests('OffsetFetch', 'GROUP_AUTHORIZATION_FAILED')
    await waitFor(() => child.stderr.startsWith('narad: '), { what: 'the error' })
    const { length } = child.lines
    await waitFor(() => child.lines.length > length, { what: 'another look' })
    await child.kill('SIGINT')
    assert.equal((await ended(child)).code, 0)
  })

  test('end with what is wrong: what the embedded broker cannot do with 1, usage with 2', async (t) => {
    const { topic, group, narad } = await setUp(t)
    const cases: Array<[args: string[], code: number, text: RegExp]> = [
      [['groups', 'list'], 1, /cannot list groups/],
      [['lag'], 1, /cannot list groups/],
      [['groups', 'delete', group, '--execute'], 1, /cannot tell the state/],
      [['groups', 'reset-offsets', group, '--ago', '1h', '-t', topic], 1, /cannot find offsets by time/],
      [['groups', 'reset-offsets', group], 2, /needs --to or --ago/],
      [['groups', 'reset-offsets', group, '--to', 'end', '--ago', '1h'], 2, /needs --to or --ago/],
      [['groups', 'reset-offsets', group, '--ago', 'long'], 2, /duration such as 90s/],
      [['groups', 'reset-offsets', group, '--to', 'end', '-p', '0'], 2, /"partitions" needs the one topic/],
    ]
    for (const [args, code, text] of cases) {
      const end = await narad(...args)
      assert.deepEqual([end.code, end.lines], [code, []], `${args.join(' ')}: ${end.stderr}`)
      assert.match(end.stderr, text)
    }
  })
})

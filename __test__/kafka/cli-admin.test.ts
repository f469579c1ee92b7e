// Administration from the command line on Kafka, with its own tools as witnesses.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { run } from '../helpers/command.ts'
import { groupOffsets } from '../helpers/java-tools.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

async function setUp(scope: Scope) {
  const brokers = await bed.brokers()
  const service = await makeProducer(scope, { brokers })
  const narad = (...args: string[]) => run(scope, [...args, '-o', 'json'], { env: { KAFKA_BROKERS: brokers } })
  /** The rows of a command that succeeds. */
  const rows = async (...args: string[]) => {
    const { code, lines, stderr } = await narad(...args)
    assert.equal(code, 0, stderr)
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  return { brokers, service, narad, rows }
}

describe('The command line administers Kafka', { skip: bed.skip }, () => {
  test('topics: each change is planned, and done with --execute', async (t) => {
    const { service, rows } = await setUp(t)
    const { topics } = service.admin
    const topic = randomTopic()
    const isThere = async () => (await topics.list()).some((one) => one.topic === topic)
    const create = ['topics', 'create', topic, '-p', '2', '--set', 'retention.ms=100000']
    const created = { topic, partitions: 2, configs: { 'retention.ms': '100000' }, exists: false }
    assert.deepEqual(await rows(...create), [{ ...created, executed: false }])
    assert.equal(await isThere(), false)
    assert.deepEqual(await rows(...create, '--execute'), [{ ...created, executed: true }])
    assert.deepEqual(await rows(...create, '--if-not-exists', '--execute'), [
      { ...created, exists: true, executed: true },
    ])

    const retention = async () => (await topics.configs(topic)).find(({ name }) => name === 'retention.ms')?.value
    const alter = ['topics', 'alter', topic, '-s', 'retention.ms=5000']
    const altered = { topic, name: 'retention.ms', from: '100000', to: '5000' }
    assert.deepEqual(await rows(...alter), [{ ...altered, executed: false }])
    assert.equal(await retention(), '100000')
    assert.deepEqual(await rows(...alter, '--execute'), [{ ...altered, executed: true }])
    await waitFor(async () => (await retention()) === '5000', { what: 'the setting' })
    const configs = await rows('topics', 'describe', topic, '--configs')
    assert.equal(configs.find(({ name }) => name === 'retention.ms')?.['source'], 'topic')

    await service.send(topic, [1, 2, 3], { partition: 0 })
    const deleteRecords = ['topics', 'delete-records', topic, '--before', '+2', '-p', '0']
    const deleted = { topic, partition: 0, from: 0, to: 2, records: 2, end: 3 }
    assert.deepEqual(await rows(...deleteRecords), [{ ...deleted, executed: false }])
    assert.equal((await topics.offsets(topic))[0]?.beginning, 0)
    assert.deepEqual(await rows(...deleteRecords, '--execute'), [{ ...deleted, executed: true }])
    assert.equal((await topics.offsets(topic))[0]?.beginning, 2)

    assert.deepEqual(await rows('topics', 'add-partitions', topic, '3'), [{ topic, from: 2, to: 3, executed: false }])
    await rows('topics', 'add-partitions', topic, '3', '--execute')
    await waitFor(async () => (await topics.describe(topic)).partitions.length === 3, { what: 'three partitions' })

    assert.deepEqual(await rows('topics', 'delete', topic), [{ topic, partitions: 3, records: 1, executed: false }])
    assert.equal(await isThere(), true)
    await rows('topics', 'delete', topic, '--execute')
    await waitFor(async () => !(await isThere()), { what: 'the topic to be gone' })
  })

  test('groups: offsets are reset, in use they are not, and the Java tools see it', async (t) => {
    const { brokers, service, narad, rows } = await setUp(t)
    const [topic, group] = [await bed.topic(), randomGroup()]
    const now = Date.now()
    const ages = [7_200_000, 3_600_000, 60_000]
    await service.sendRecords(
      topic,
      ages.map((age) => ({ value: '1', timestamp: now - age })),
    )
    const reset = ['groups', 'reset-offsets', group, '-t', topic, '--execute']
    await rows(...reset, '--ago', '90m')
    assert.deepEqual((await groupOffsets(brokers, group))[0]?.committed, 1)
    await rows(...reset, '--to', new Date(now - 1_800_000).toISOString())
    assert.deepEqual((await groupOffsets(brokers, group))[0]?.committed, 2)

    const member = makeService(t, { brokers, clientId: 'a-member' })
    await member.connectConsumer(group)
    await member.subscribe(topic, () => {})
    const [row] = await rows('groups', 'describe', group)
    assert.deepEqual([row?.['state'], row?.['clientId']], ['Stable', 'a-member'])
    const [described] = await rows('groups', 'describe', group, '--members')
    assert.deepEqual(described?.['partitions'], [{ topic, partition: 0 }])
    for (const args of [
      [...reset, '--to', 'end'],
      ['groups', 'delete', group],
    ]) {
      const { code, stderr } = await narad(...args)
      assert.equal(code, 1)
      assert.match(stderr, /members, now 1: stop them first/)
    }
    await member.disconnect()
    await rows('groups', 'delete', group, '--execute')
    assert.ok((await rows('groups', 'list')).every((one) => one['group'] !== group))
    assert.match((await narad('groups', 'describe', group)).stderr, /no such group/)
  })

  test('lag: ok, slow, stalled and stopped are told from each other', async (t) => {
    const { brokers, service, rows } = await setUp(t)
    const [topic, group] = [await bed.topic(), randomGroup()]
    const verdict = async (...args: string[]) => (await rows('lag', group, ...args))[0]?.['verdict']
    await service.admin.groups.resetOffsets(group, { to: 'beginning', topics: topic })
    assert.equal(await verdict(), 'ok')
    await service.send(topic, [1, 2, 3])
    assert.equal(await verdict(), 'stopped')

    const member = makeService(t, { brokers, commitIntervalMs: 50 })
    let handled = 0
    let mode: 'hang' | 'crawl' | 'run' = 'hang'
    let wake = () => {}
    await member.connectConsumer(group)
    const slowly = async () => {
      handled += 1
      if (mode === 'hang') await new Promise<void>((resolve) => (wake = resolve))
      if (mode === 'crawl') await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await member.subscribe(topic, slowly, { concurrency: 1, ordering: 'partition' })
    await waitFor(() => handled === 1, { what: 'a record that hangs' })
    assert.equal(await verdict('--window', '1s', '--interval', '200ms'), 'stalled')

    mode = 'crawl'
    wake()
    const flood = setInterval(
      () =>
        void service.send(
          topic,
          Array.from({ length: 100 }, () => 0),
        ),
      50,
    )
    t.after(() => clearInterval(flood))
    await waitFor(() => handled > 3, { what: 'records that are handled' })
    assert.equal(await verdict('--window', '2s', '--interval', '400ms'), 'slow')

    clearInterval(flood)
    mode = 'run'
    assert.equal(await verdict(), 'ok')
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { type DeadLetter, deadLetterDesk, type KafkaService, PermanentError, type RecordContext } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { ended, narad, run } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { noSettings } from '../helpers/no-settings.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const RETRY = { maxRetries: 0, topics: [{ delayMs: 3_600_000 }, { delayMs: 60_000 }] }

interface Charge {
  id: number
  type?: string
}

/** A group that cannot handle what it is told to refuse, and its dead letters. */
async function setUp(scope: Scope, bed: Bed, retry: object | false = RETRY) {
  const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
  const service = await makeProducer(scope, { brokers })
  await service.connectConsumer(group)
  const handled: RecordContext[] = []
  const state = { refuses: (_: Charge): Error | undefined => new PermanentError('no such account') }
  const handler = (charge: Charge, context: RecordContext) => {
    const error = state.refuses(charge)
    if (error !== undefined) throw error
    handled.push(context)
  }
  await service.subscribe(topic, handler, { group, ordering: 'none', retry, outage: false } as object)
  const dlq = `${topic}.${group}.dlq`
  const desk = deadLetterDesk(service)
  const letters = async (settled = false) => {
    const found: DeadLetter[] = []
    for await (const letter of desk.letters(dlq, { settled })) found.push(letter)
    return found
  }
  const lettersAre = (count: number) =>
    waitFor(async () => (await letters(true)).length >= count, { what: `${count} letters` })
  return { brokers, topic, group, service, handled, state, dlq, desk, letters, lettersAre }
}

const ids = (service: KafkaService, topic: string, values: readonly Charge[]) =>
  service.send(topic, values, { key: ({ id }) => `k${id}`, headers: { trace: 'x' }, timestamp: 1_700_000_000_000 })

/** What holds for looking through dead letters, and for bringing them back. */
export function describeDeadLetterDesk(bed: Bed): void {
  describe(`The dead-letter desk on ${bed.name}`, { skip: bed.skip }, () => {
    test('a replay goes to the retry topic of the group: its handler sees the records of their places, another group nothing', async (t) => {
      const { topic, group, service, handled, state, dlq, desk, letters, lettersAre } = await setUp(t, bed)
      const others = new Received()
      const other = randomGroup()
      await service.connectConsumer(other)
      await service.subscribe(topic, others.handler, { group: other })
      const places = await ids(service, topic, [{ id: 1 }, { id: 2 }, { id: 3 }])
      await lettersAre(3)
      await others.count(3)
      const retry = `${topic}.${group}.retry.1m`
      const plan = await desk.plan(dlq)
      assert.deepEqual([plan.into, plan.letters, plan.withoutTarget], [{ [retry]: 3 }, 3, []])
      assert.equal((await letters()).length, 3, 'a plan changes nothing')
      state.refuses = () => undefined
      const told: number[] = []
      const report = await desk.replay(dlq, { onProgress: ({ sent }) => told.push(sent) })
      assert.deepEqual([report.into, report.isComplete, told.at(-1)], [{ [retry]: 3 }, true, 3])
      await waitFor(() => handled.length >= 3, { what: 'the replayed records' })
      assert.deepEqual(
        handled.map(({ topic: from, partition, offset }) => `${from}/${partition}/${offset}`).sort(),
        places.map(({ partition, offset }) => `${topic}/${partition}/${offset}`).sort(),
      )
      const [first] = handled
      assert.deepEqual(
        [first?.headers['trace'], first?.headers['x-narad-dlq-replays'], first?.timestamp, first?.attempt],
        ['x', '1', 1_700_000_000_000, 2],
      )
      const again = await desk.replay(dlq)
      assert.deepEqual([again.into, again.settled], [{}, 3])
      assert.deepEqual([await letters(), (await letters(true)).length], [[], 3])
      await others.count(3)
      assert.deepEqual(
        (await desk.list()).filter((one) => one.topic === dlq),
        [{ topic: dlq, partitions: 2, letters: 3, settled: 3 }],
      )
    })

    test('a record that fails again is replayed so often and no more', async (t) => {
      const { service, topic, dlq, desk, lettersAre } = await setUp(t, bed)
      await ids(service, topic, [{ id: 1 }])
      for (const times of [1, 2]) {
        await lettersAre(times)
        assert.deepEqual(Object.values((await desk.replay(dlq, { maxReplays: 2 })).into), [1])
      }
      await lettersAre(3)
      const last = await desk.replay(dlq, { maxReplays: 2 })
      assert.deepEqual([last.into, last.guarded, last.settled], [{}, 1, 2])
      assert.deepEqual(Object.values((await desk.plan(dlq)).into), [1], 'three times, where nothing is said')
    })

    test('without a retry topic letters are left, unless all groups of the topic may see them', async (t) => {
      const { service, topic, group, handled, state, dlq, desk, lettersAre } = await setUp(t, bed, false)
      await ids(service, topic, [{ id: 1 }, { id: 2 }])
      await lettersAre(2)
      const none = await desk.replay(dlq)
      assert.deepEqual([none.into, none.withoutTarget], [{}, [{ topic, group, letters: 2 }]])
      state.refuses = () => undefined
      assert.deepEqual((await desk.replay(dlq, { into: 'source' })).into, { [topic]: 2 })
      await waitFor(() => handled.length >= 2, { what: 'the replayed records' })
      assert.deepEqual(handled.map(({ key }) => key).sort(), ['k1', 'k2'])
    })

    test('letters are told apart by what they failed with, and chosen by what they are', async (t) => {
      const { service, topic, state, dlq, desk, lettersAre } = await setUp(t, bed, { ...RETRY, topics: undefined })
      state.refuses = ({ id, type }) =>
        id === 3 ? new PermanentError('three') : Object.assign(new Error(`no ${type}`), { name: 'OddError' })
      const paid = { type: 'paid' }
      await ids(service, topic, [
        { id: 1, ...paid },
        { id: 2, ...paid },
        { id: 3, ...paid },
        { id: 4, type: 'sent' },
      ])
      await lettersAre(4)
      const stats = await desk.stats(dlq)
      assert.deepEqual(stats.map(({ fingerprint: { name, type }, letters }) => [name, type, letters]).sort(), [
        ['OddError', 'paid', 2],
        ['OddError', 'sent', 1],
        ['PermanentError', 'paid', 1],
      ])
      assert.equal(stats[0]?.letters, 2)
      assert.match(stats[0]?.fingerprint.frame ?? '', /refuses \(behaviours\/dead-letter-desk\.ts\)/)
      const keys = async (filter: object) => {
        const found: string[] = []
        for await (const { key } of desk.letters(dlq, { filter })) found.push(String(key))
        return found.sort().join(' ')
      }
      assert.equal(await keys({ class: 'permanent' }), 'k3')
      assert.equal(await keys({ type: 'paid', name: 'OddError' }), 'k1 k2')
      assert.equal(await keys({ key: 'k4' }), 'k4')
      assert.equal(await keys({ fingerprint: stats[0]?.fingerprint.id.slice(0, 6) }), 'k1 k2')
      assert.equal(await keys({ since: new Date(Date.now() + 60_000) }), '')
      assert.equal(await keys({ until: new Date(Date.now() + 60_000) }), 'k1 k2 k3 k4')
      await assert.rejects(desk.letters(dlq, { filter: { klass: 'x' } as object }).next(), /Unknown option "klass"/)
    })

    // Neither knew of the other: each letter was sent twice, and no copy was marked as a repeat.
    test('two replays at the same time share the letters, and none is sent twice without a mark', async (t) => {
      const { brokers, service, topic, dlq, lettersAre } = await setUp(t, bed)
      const into = await bed.topic(2)
      const count = 40
      await ids(
        service,
        topic,
        Array.from({ length: count }, (_, id) => ({ id })),
      )
      await lettersAre(count)
      const desks = [service, await makeProducer(t, { brokers })].map(deadLetterDesk)
      const reports = await Promise.all(desks.map((one) => one.replay(dlq, { into: { topic: into }, rate: 20 })))
      const copies = new Map<string, Array<string | null | undefined>>()
      for await (const { headers } of service.read(into, { to: 'end' })) {
        const id = String(headers['x-narad-dlq-id'])
        copies.set(id, [...(copies.get(id) ?? []), headers['x-narad-dlq-repeat']])
      }
      assert.equal(copies.size, count)
      for (const marks of copies.values()) assert.ok(marks.filter((mark) => mark == null).length <= 1, marks.join())
      const sum = (of: (report: (typeof reports)[number]) => number) => reports.reduce((all, one) => all + of(one), 0)
      const sent = sum((report) => report.into[into] ?? 0)
      assert.equal(sent, [...copies.values()].flat().length)
      assert.equal(sent + sum(({ elsewhere, settled }) => elsewhere + settled), 2 * count)
      assert.ok(sent < 1.5 * count, `${sent} copies of ${count} letters`)
      assert.equal((await desks[0]?.plan(dlq, { into: { topic: into } }))?.settled, count)
    })

    test('parked letters are kept as they are, and no longer open', async (t) => {
      const { service, topic, dlq, desk, letters, lettersAre } = await setUp(t, bed)
      await ids(service, topic, [{ id: 1 }, { id: 2 }])
      await lettersAre(2)
      // Whether a signal ended it was not told.
      assert.deepEqual(await desk.park(dlq, { signal: AbortSignal.abort() }), { letters: 0, isComplete: false })
      assert.deepEqual(await desk.park(dlq, { filter: { key: 'k1' } }), { letters: 1, isComplete: true })
      assert.deepEqual(
        (await letters()).map(({ key }) => String(key)),
        ['k2'],
      )
      const parked: DeadLetter[] = []
      for await (const letter of desk.letters(`${dlq}.parked`)) parked.push(letter)
      assert.deepEqual(
        parked.map(({ key, error, replays }) => [String(key), error.message, replays]),
        [['k1', 'no such account', 0]],
      )
      assert.deepEqual(Object.values((await desk.replay(dlq)).into), [1])
    })

    test('the command ends with 1 where a signal ended a replay before its end', async (t) => {
      // It ended with 0, as if all had been replayed.
      const { brokers, service, topic, dlq, desk, lettersAre } = await setUp(t, bed)
      await ids(service, topic, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }])
      await lettersAre(5)
      const env = { KAFKA_BROKERS: bed.address(brokers) }
      const child = narad(t, ['dlq', 'replay', dlq, '--rate', '1', '--execute'], { env })
      await waitFor(async () => (await desk.plan(dlq)).settled > 0, { what: 'the first letter to be replayed' })
      await child.kill('SIGINT')
      const { code, stderr } = await ended(child)
      assert.deepEqual([code, stderr], [1, 'narad: ended before its end; call it again to go on\n'])
    })

    test('the command replays into no topic that is not there, and says what makes it', async (t) => {
      // The topic was made by what was sent there, and the letters were settled: a mistyped name took them away.
      const { brokers, service, topic, dlq, letters, lettersAre } = await setUp(t, bed)
      await ids(service, topic, [{ id: 1 }])
      await lettersAre(1)
      const missing = randomTopic()
      for (const execute of [[], ['--execute']]) {
        const args = ['dlq', 'replay', dlq, '--into', missing, ...execute]
        const { code, lines, stderr } = await run(t, args, { env: { KAFKA_BROKERS: bed.address(brokers) } })
        assert.deepEqual([code, lines], [2, []], stderr)
        assert.match(stderr, new RegExp(`${missing}.*\\n.*"narad topics list" shows .*; .* makes it\\n`))
      }
      assert.ok((await service.admin.topics.list()).every(({ topic: there }) => there !== missing))
      assert.equal((await letters()).length, 1)
    })

    test('the command says of a topic without letters, and of a class that there is not, what is wrong', async (t) => {
      // Both showed no letters, as if all were well.
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, [1, 2])
      const env = { KAFKA_BROKERS: bed.address(brokers) }
      for (const command of ['show', 'stats']) {
        const { code, stderr } = await run(t, ['dlq', command, topic], { env })
        assert.deepEqual([code, stderr], [0, `narad: ${topic} has 2 records, but no dead letters of narad\n`])
        const wrong = await run(t, ['dlq', command, topic, '--class', 'nonsense'], { env })
        assert.deepEqual([wrong.code, wrong.lines], [2, []])
        assert.match(wrong.stderr, /permanent, transient/)
      }
    })

    test('the command lists, counts, shows, plans and replays; a letter as a test fails until its handler is mended', async (t) => {
      const { brokers, service, topic, group, handled, state, dlq, lettersAre } = await setUp(t, bed)
      const env = { KAFKA_BROKERS: bed.address(brokers) }
      await service.send(topic, { id: 7, type: 'paid' }, { key: Buffer.from([0xff]), partition: 1 })
      await lettersAre(1)
      const narad = async (...args: string[]) => {
        const { code, lines, stderr } = await run(t, ['dlq', ...args], { env })
        assert.equal(code, 0, stderr)
        return lines.join('\n')
      }
      assert.match(await narad('list'), new RegExp(`^${dlq} +2 +1 +0 +1$`, 'm'))
      const [stats] = (await narad('stats', dlq, '-o', 'json')).split('\n')
      assert.deepEqual(JSON.parse(stats ?? '').letters, 1)
      assert.match(await narad('show', dlq), /1\/0 .* open .*PermanentError: no such account/)
      const full = await narad('show', dlq, '1/0')
      assert.match(full, new RegExp(`record +${topic} \\[1\\] @ 0\ngroup +${group}\n`))
      assert.match(full, /error +PermanentError: no such account\n +at /)
      assert.match(full, /key +0xff\n[\s\S]*"id": 7/)

      const folder = await mkdtemp(join(tmpdir(), 'narad-dlq-'))
      t.after(() => rm(folder, { recursive: true, force: true }))
      const handlers = join(folder, 'handlers.cjs')
      const program = await narad('show', dlq, '--as-test', '--handlers', handlers)
      const runs = async (handler: string) => {
        const cwd = resolve(__dirname, '..', '..')
        const names = `const { ack, BusinessError, deadLetter, retry } = require(${JSON.stringify(cwd)})`
        await writeFile(handlers, `${names}\nmodule.exports = { ${JSON.stringify(topic)}: ${handler} }`)
        const code = `const { after: afterAll, before: beforeAll, test } = require('node:test')\n${program}`
        const { status, stdout } = spawnSync(process.execPath, ['-e', code], {
          cwd,
          encoding: 'utf8',
          env: { ...process.env, ...noSettings() },
        })
        return { status, stdout }
      }
      const broken = await runs('async ({ id }, { key }) => { throw new RangeError("no account " + id + key) }')
      assert.equal(broken.status, 1)
      assert.match(broken.stdout, /no account 7\uFFFD/)
      // What a handler returned was not looked at: one that made the record a dead letter again passed. What it threw failed
      // the test, also where the record is done.
      for (const [verdict, told] of [
        ['deadLetter("no account again")', /no account again/],
        ['retry()', /The handler asked for a retry/],
      ] as const) {
        const again = await runs(`async () => ${verdict}`)
        assert.equal(again.status, 1, verdict)
        assert.match(again.stdout, told)
      }
      for (const mending of ['async () => {}', 'async () => ack', '() => { throw new BusinessError("closed") }']) {
        const mended = await runs(mending)
        assert.equal(mended.status, 0, mended.stdout)
      }

      const planned = await narad('replay', dlq)
      assert.match(planned, new RegExp(`1 letter\n +1 to replay into ${topic}\\.${group}\\.retry\\.1m$`))
      state.refuses = () => undefined
      assert.match(await narad('replay', dlq, '--execute'), /1 replayed into/)
      await waitFor(() => handled.length === 1, { what: 'the replayed record' })
      assert.deepEqual(handled[0]?.rawKey, Buffer.from([0xff]))
    })
  })
}

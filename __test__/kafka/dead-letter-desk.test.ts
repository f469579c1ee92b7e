import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEAD_LETTER_HEADERS, deadLetterDesk, RETRY_HEADERS, type RecordInput } from 'narad'
import { describeDeadLetterDesk } from '../behaviours/dead-letter-desk.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { narad, run } from '../helpers/command.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()
const LETTERS = 10_000

describeDeadLetterDesk(bed)

function letter(topic: string, group: string, offset: number): RecordInput {
  return {
    key: `k${offset}`,
    value: `{"id":${offset}}`,
    partition: offset % 3,
    headers: {
      [DEAD_LETTER_HEADERS.topic]: topic,
      [DEAD_LETTER_HEADERS.partition]: String(offset % 3),
      [DEAD_LETTER_HEADERS.offset]: String(offset),
      [DEAD_LETTER_HEADERS.group]: group,
      [DEAD_LETTER_HEADERS.id]: `${topic}/${offset % 3}/${offset}/${group}`,
    },
  }
}

describe('The dead-letter desk on Kafka alone', { skip: bed.skip }, () => {
  test('a plan and a replay say which retry topics no member of their group reads', async (t) => {
    // Letters were replayed into a topic that nobody read, and nothing said so.
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const dlq = await bed.topic(1, `${topic}.${group}.dlq`)
    const retry = await bed.topic(1, `${topic}.${group}.retry.1m`)
    const service = await makeProducer(t, { brokers })
    await service.sendRecords(dlq, [letter(topic, group, 0)])
    const desk = deadLetterDesk(service)
    assert.deepEqual((await desk.plan(dlq)).unread, [{ topic: retry, group }], 'there is no such group')
    const text = `narad: nobody reads ${retry} now: no member of group ${group} has it`
    assert.ok((await run(t, ['dlq', 'replay', dlq, '-b', brokers])).stderr.startsWith(text))

    const [json] = (await run(t, ['dlq', 'replay', dlq, '-b', brokers, '-o', 'json'])).lines
    assert.deepEqual(JSON.parse(json ?? '').unread, [{ topic: retry, group }])
    const member = await makeProducer(t, { brokers })
    await member.connectConsumer(group)
    const retries = { maxRetries: 0, topics: [{ delayMs: 60_000 }] }
    await member.subscribe(topic, () => {}, { ordering: 'none', retry: retries })
    assert.deepEqual((await desk.plan(dlq)).unread, [])
    await member.disconnect()
    const report = await desk.replay(dlq)
    assert.deepEqual([report.into, report.unread], [{ [retry]: 1 }, [{ topic: retry, group }]])
  })

  test('a purge deletes what was replayed or parked up to the first open letter, and open ones where it is told to', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const dlq = await bed.topic(3, `${topic}.${group}.dlq`)
    const retry = await bed.topic(3, `${topic}.${group}.retry.1m`)
    const service = await makeProducer(t, { brokers })
    const desk = deadLetterDesk(service)
    await service.sendRecords(
      dlq,
      Array.from({ length: 12 }, (_, offset) => letter(topic, group, offset)),
    )
    for (const key of ['k0', 'k1', 'k3', 'k4', 'k9', 'k10']) await desk.replay(dlq, { filter: { key } })
    const told: unknown[] = []
    const planned = await desk.purge(dlq, { dryRun: true, onProgress: (progress) => told.push(progress) })
    assert.deepEqual(planned, { letters: 4, open: 0, before: { 0: 2, 1: 2, 2: 0 } })
    assert.deepEqual(told.at(-1), { read: 12, total: 12 })
    const left = async () => {
      const keys: string[] = []
      for await (const { key } of desk.letters(dlq, { settled: true })) keys.push(String(key))
      return keys.length
    }
    assert.equal(await left(), 12)
    const args = ['dlq', 'purge', dlq, '-b', brokers]
    assert.deepEqual((await run(t, args)).lines, [`${dlq}: 4 letters to delete`])
    assert.deepEqual((await run(t, [...args, '--execute'])).lines, [`${dlq}: 4 letters deleted`])
    assert.equal(await left(), 8)
    assert.equal((await desk.plan(dlq)).into[retry], 6, 'what is open is still there')
    assert.deepEqual((await desk.purge(dlq, { before: new Date(1), open: true })).letters, 0)
    assert.deepEqual((await run(t, [...args, '--open', '--execute'])).lines, [
      `${dlq}: 8 letters deleted, of which 6 were open`,
    ])
    assert.equal(await left(), 0)
    assert.deepEqual(
      (await desk.list()).find((one) => one.topic === dlq),
      { topic: dlq, partitions: 3, letters: 0, settled: 0 },
    )
  })

  test('a replay that is killed three times and called again sends each letter once, or marks it as a repeat', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const dlq = await bed.topic(3, `${topic}.${group}.dlq`)
    const retry = await bed.topic(3, `${topic}.${group}.retry.1m`)
    const service = await makeProducer(t, { brokers })
    await service.sendRecords(
      dlq,
      Array.from({ length: LETTERS }, (_, offset) => letter(topic, group, offset)),
    )
    const sent = async () => {
      const offsets = await service.admin.topics.offsets(retry)
      return offsets.reduce((sum, { end }) => sum + end, 0)
    }
    const args = ['dlq', 'replay', dlq, '-b', brokers, '--execute']
    for (const count of [1_000, 3_000, 6_000]) {
      const child = narad(t, [...args, '--rate', '5000'])
      await waitFor(async () => (await sent()) >= count, { what: `${count} replayed letters`, timeoutMs: 30_000 })
      await child.kill('SIGKILL')
      assert.ok((await sent()) < LETTERS, 'it was killed before its end')
    }
    const { code, lines, stderr } = await run(t, args)
    assert.equal(code, 0, stderr)
    t.diagnostic(lines.join(' '))
    const copies = new Map<string, boolean[]>()
    const now = Date.now()
    for await (const { headers } of service.read(retry, { to: 'end', codec: 'buffer' })) {
      const id = headers[DEAD_LETTER_HEADERS.id] ?? ''
      copies.set(id, [...(copies.get(id) ?? []), headers[DEAD_LETTER_HEADERS.repeat] === 'true'])
      assert.ok(Number(headers[RETRY_HEADERS.due]) <= now, 'due at once')
    }
    assert.equal(copies.size, LETTERS, 'none is lost')
    const twice = [...copies.values()].filter((marks) => marks.length > 1)
    assert.ok(
      twice.every(([first, ...others]) => first === false && others.every((isMarked) => isMarked)),
      'the copies of a letter but the first say so',
    )
    assert.ok(twice.length <= 300, `a batch for each kill at most, but ${twice.length}`)
    assert.match((await run(t, args)).lines.join('\n'), /10000 replayed or parked before/)
  })
})

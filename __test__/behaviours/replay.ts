import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ArgumentError, type KafkaService, message, NotConnectedError, type ReplayProgress } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { makeProducer, makeService, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** Sends the numbers to one partition. */
async function send(service: KafkaService, topic: string, values: readonly number[], partition = 0) {
  return await service.send(topic, values, { partition })
}

/** What holds for every replay. */
export function describeReplay(bed: Bed): void {
  describe(`Replay on ${bed.name}`, { skip: bed.skip }, () => {
    test('a handler gets every record of the topic once, a partition in order, and none that comes meanwhile', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      for (const partition of [0, 1]) await send(service, topic, numbers(1_000), partition)
      const seen: number[][] = [[], []]
      let sending: Promise<unknown> | undefined
      const report = await service.replay<number>({
        topic,
        into: async (value, { partition }) => {
          seen[partition]?.push(value)
          sending ??= send(service, topic, numbers(10, 1_000))
          await sending
        },
      })
      assert.deepEqual(seen, [numbers(1_000), numbers(1_000)])
      assert.deepEqual(report, {
        ...{ read: 2_000, replayed: 2_000, filtered: 0, undecodable: 0, total: 2_000 },
        ...{ positions: { 0: 1_000, 1: 1_000 }, isComplete: true },
      })
    })

    test('a topic gets copies with key, value, headers and timestamp, and a header says where each comes from', async (t) => {
      const [brokers, topic, into] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const timestamp = Date.now() - 5_000
      await service.send(topic, [
        message({ a: 1 }).key('k').header('x', 'y').correlationId('c').timestamp(timestamp),
        message(null).key('gone'),
      ])
      await service.sendRecords(topic, [{ value: 'no json', headers: { many: ['1', '2'], none: null } }])
      const report = await service.replay({ topic, into })
      assert.deepEqual([report.replayed, report.undecodable], [3, 0])
      const copies = await readAll<Buffer | null>(t, brokers, into, 3, 'buffer')
      assert.deepEqual(
        copies.map(({ key, value }) => [key, value?.toString() ?? null]),
        [
          ['k', '{"a":1}'],
          ['gone', null],
          [null, 'no json'],
        ],
      )
      assert.equal(copies[0]?.timestamp, timestamp)
      assert.deepEqual(
        copies.map(({ headers }) => headers),
        [
          { x: 'y', 'x-correlation-id': 'c', 'x-replayed-from': `${topic}/0/0` },
          { 'x-replayed-from': `${topic}/0/1` },
          { many: '2', none: null, 'x-replayed-from': `${topic}/0/2` },
        ],
      )
      // a copy of a copy says where the copy is
      await service.replay({ topic: into, from: 2, into })
      const again = await readAll<Buffer>(t, brokers, into, 4, 'buffer')
      assert.equal(again[3]?.headers['x-replayed-from'], `${into}/0/2`)
    })

    test('it begins and ends at offsets, for all partitions or each, and a filter chooses', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      for (const partition of [0, 1, 2]) await send(service, topic, numbers(10), partition)
      const replayed = async (options: object) => {
        const seen: string[] = []
        const report = await service.replay<number>({
          topic,
          into: (value, { partition }) => void seen.push(`${partition}:${value}`),
          ...options,
        })
        return { seen: seen.sort(), report }
      }
      const some = await replayed({ from: 7, to: 8 })
      assert.deepEqual(some.seen, ['0:7', '1:7', '2:7'])
      const each = await replayed({ from: { 0: 9, 2: 8 } })
      assert.deepEqual(each.seen, ['0:9', '2:8', '2:9'])
      assert.deepEqual([each.report.total, each.report.positions], [3, { 0: 10, 2: 10 }])
      const beyond = await replayed({ from: { 1: 8 }, to: 1_000 })
      assert.deepEqual(beyond.seen, ['1:8', '1:9'])
      const even = await replayed({ to: { 1: 4 }, filter: async (value: number) => value % 2 === 0 })
      assert.deepEqual([even.seen, even.report.read, even.report.filtered], [['1:0', '1:2'], 4, 2])
      assert.deepEqual((await replayed({ from: 'end' })).report.read, 0)
      await assert.rejects(replayed({ from: 11 }), { code: 'NARAD_OFFSET_OUT_OF_RANGE' })
    })

    test('a rate holds, and progress is told', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(300))
      const told: ReplayProgress[] = []
      const start = performance.now()
      await service.replay({ topic, into: () => {}, rate: 200, onProgress: (progress) => told.push(progress) })
      const tookMs = performance.now() - start
      assert.ok(tookMs > 1_300 && tookMs < 10_000, `${tookMs} ms`)
      assert.ok(told.length >= 2, `${told.length}`)
      const [first, last] = [told[0] as ReplayProgress, told.at(-1) as ReplayProgress]
      assert.ok(first.replayed > 0 && first.replayed < 300)
      assert.deepEqual([first.total, last.replayed], [300, 300])
    })

    test('its signal ends it after the record at hand, and its positions are where another goes on', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      for (const partition of [0, 1]) await send(service, topic, numbers(100), partition)
      const abort = new AbortController()
      const seen: string[] = []
      const into = (value: number, { partition }: { partition: number }) => {
        seen.push(`${partition}:${value}`)
        if (seen.length === 120) abort.abort()
      }
      const report = await service.replay<number>({ topic, into, signal: abort.signal })
      assert.deepEqual([report.isComplete, report.replayed, seen.length], [false, 120, 120])
      const rest = await service.replay<number>({ topic, into, from: report.positions })
      assert.deepEqual([rest.isComplete, rest.replayed, new Set(seen).size], [true, 80, 200])
      // in a long pause of a low rate too
      const slow = new AbortController()
      const slowly = service.replay({ topic, into: () => slow.abort(), rate: 0.01, signal: slow.signal })
      assert.equal((await slowly).replayed, 1)
      const never = await service.replay({ topic, into: () => {}, signal: AbortSignal.abort() })
      assert.deepEqual([never.read, never.isComplete], [0, false])
    })

    test('what a handler throws ends it, with the positions of what was done told before', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.sendRecords(
        topic,
        ['0', 'no json', '2', '3'].map((value) => ({ value })),
      )
      let last: ReplayProgress | undefined
      const replaying = service.replay<number>({
        topic,
        into: (value) => {
          if (value === 3) throw new Error('at three')
        },
        onProgress: (progress) => {
          last = progress
        },
      })
      await assert.rejects(replaying, { message: 'at three' })
      assert.deepEqual([last?.positions, last?.undecodable, last?.replayed], [{ 0: 3 }, 1, 2])
    })

    test('disconnect ends it with an error', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(100))
      let begun = 0
      const into = () => {
        begun += 1
      }
      const replaying = service.replay({ topic, into, rate: 10 })
      const rejected = assert.rejects(replaying, { code: 'NARAD_CLOSED' })
      await waitFor(() => begun > 0, { what: 'the first record' })
      await service.disconnect()
      await rejected
      await assert.rejects(makeService(t, { brokers }).replay({ topic, into }), NotConnectedError)
    })

    test('options are checked', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const into = () => {}
      for (const wrong of [
        { topic: 't' },
        { topic: 't', into: 5 },
        { topic: 't', into, rate: 0 },
        { topic: 't', into, from: {} },
        { topic: 't', into, from: { 0: -1 } },
        { topic: 't', into, to: 'last' },
        { topic: 't', into, filter: 1 },
      ]) {
        await assert.rejects(service.replay(wrong as never), ArgumentError, JSON.stringify(wrong))
      }
      await assert.rejects(service.replay({ topic: 't', into, form: 1 } as never), /Did you mean "from"/)
    })
  })
}

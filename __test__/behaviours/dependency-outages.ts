// What holds on the embedded broker and on real Kafka when something that handlers need is down.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DeadLetterEvent, OutageEvent, RecordContext } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const KEYS = 200
const QUICK = { maxRetries: 2, initialDelayMs: 20, maxDelayMs: 100 }

/** Something that handlers need. */
class Dependency {
  isDown = true
  calls = 0
  /** The values that were written, by key. */
  readonly rows = new Map<string, number[]>()

  write(key: string, value: number): void {
    this.calls += 1
    if (this.isDown) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    this.rows.set(key, [...(this.rows.get(key) ?? []), value])
  }

  get written(): number {
    return [...this.rows.values()].reduce((sum, values) => sum + values.length, 0)
  }
}

export function dependencyOutages(bed: Bed): void {
  describe(`An outage of what handlers need on ${bed.name}`, { skip: bed.skip }, () => {
    for (const mode of ['single records', 'batches'] as const) {
      test(`holds 200 keys until it ends: no dead letter, and each key in order, for ${mode}`, async (t) => {
        const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
        const service = await makeProducer(t, { brokers, commitIntervalMs: 50 })
        const values = Array.from({ length: KEYS * 3 }, (_, at) => at)
        await service.send(topic, values, { key: (value) => `k${value % KEYS}` })
        const [outages, letters]: [OutageEvent[], DeadLetterEvent[]] = [[], []]
        service.on('outage', (event) => outages.push(event))
        service.on('deadLetter', (event) => letters.push(event))
        const database = new Dependency()
        await service.connectConsumer(group)
        const write = (value: number, { key }: RecordContext) => database.write(key ?? '', value)
        if (mode === 'batches') {
          await service.subscribe<number>(
            topic,
            (batch, { records }) => {
              for (const [at, value] of batch.entries()) write(value, records[at] as RecordContext)
            },
            { batch: { maxMessages: 50 }, fromBeginning: true, retry: QUICK },
          )
        } else await service.subscribe<number>(topic, write, { fromBeginning: true, retry: QUICK })
        await waitFor(() => outages.length === 1, { what: 'the outage', timeoutMs: 30_000 })
        const calls = database.calls
        await waitFor(() => database.calls > calls + 5, { what: 'probes', timeoutMs: 30_000 })
        database.isDown = false
        await waitFor(() => database.written === values.length, { what: 'all records', timeoutMs: 30_000 })
        for (const [key, row] of database.rows) {
          const first = Number(key.slice(1))
          assert.deepEqual(row, [first, first + KEYS, first + 2 * KEYS])
        }
        assert.deepEqual([letters, outages.map(({ state }) => state)], [[], ['began', 'ended']])
        const [began, ended] = outages as [OutageEvent, OutageEvent]
        assert.deepEqual([began.group, began.topics, began.error.message], [group, [topic], 'connect ECONNREFUSED'])
        assert.ok((ended.durationMs ?? 0) >= 0 && ended.sinceMs === began.sinceMs)
      })
    }

    test('is not one bad key among good ones: that becomes a dead letter', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const values = Array.from({ length: KEYS }, (_, at) => at)
      await service.send(topic, values, { key: (value) => `k${value % 50}` })
      const [outages, letters]: [OutageEvent[], DeadLetterEvent[]] = [[], []]
      service.on('outage', (event) => outages.push(event))
      service.on('deadLetter', (event) => letters.push(event))
      let handled = 0
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(
        topic,
        (value) => {
          if (value % 50 === 7) throw new Error('bad')
          handled += 1
        },
        { fromBeginning: true, retry: QUICK },
      )
      await waitFor(() => handled === KEYS - 4 && letters.length === 4, { what: 'all records', timeoutMs: 30_000 })
      assert.deepEqual(outages, [])
    })

    test('ends with a disconnect at once, and the records come again', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.send(
        topic,
        Array.from({ length: 50 }, (_, at) => at),
        { key: String },
      )
      const database = new Dependency()
      let outages = 0
      service.on('outage', () => {
        outages += 1
      })
      await service.connectConsumer(group)
      const write = (value: number, { key }: RecordContext) => database.write(key ?? '', value)
      await service.subscribe<number>(topic, write, { fromBeginning: true })
      await waitFor(() => outages === 1, { what: 'the outage' })
      const report = await service.disconnect({ timeoutMs: 10_000 })
      assert.deepEqual(report.groups, [{ group, unfinished: 0, leftGroup: true, blocked: [] }])
      database.isDown = false
      await service.init({ brokers, logLevel: 'silent' }).connectConsumer(group)
      await service.subscribe<number>(topic, write, { fromBeginning: true })
      await waitFor(() => database.written === 50, { what: 'all records' })
    })
  })
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const CONSUMES = join(__dirname, '..', 'children', 'consumes-failing.ts')
const RECORDS = 100_000
const KEYS = 1_000
const KILLS = 10
/** What was handled longer ago than this has been committed: the interval, and a record before it that is held. */
const UNCOMMITTED_MS = 1_000
const bed = kafkaBed()

describe('A consumer', { skip: bed.skip }, () => {
  test('C4, N4: that is killed ten times loses none of 100,000 records, of which some fail, and keeps the order of keys', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const producer = await makeProducer(t, { brokers })
    const values = Array.from({ length: RECORDS }, (_, index) => index)
    await producer.send(topic, values, { key: (value) => `k${value % KEYS}` })

    const parked = new Set<number>()
    /** How long before the end of its run each record was handled last. */
    const ages = new Map<number, number>()
    const last = new Map<number, number>()
    let [duplicates, disordered, oldestMs, letters] = [0, 0, 0, 0]
    const read = (lines: readonly string[], endedAt: number) => {
      for (const line of lines) {
        const [word, value, at] = line.split(' ')
        if (word !== 'handled') continue
        const record = Number(value)
        const key = record % KEYS
        const age = ages.get(record)
        if (age === undefined) {
          if (record < (last.get(key) ?? -1)) disordered += 1
          last.set(key, record)
        } else {
          duplicates += 1
          oldestMs = Math.max(oldestMs, age)
        }
        ages.set(record, endedAt - Number(at))
      }
    }
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const child = startNode(t, CONSUMES, { args: [brokers, topic, group] })
      await waitFor(() => child.lines.length > RECORDS / (KILLS + 4), { what: `run ${kill}`, timeoutMs: 60_000 })
      const killedAt = Date.now()
      await child.kill('SIGKILL')
      read(child.lines, killedAt)
    }
    const reader = makeService(t, { brokers })
    await reader.connectConsumer(randomGroup())
    const letter = (value: number) => {
      letters += 1
      parked.add(value)
    }
    await reader.subscribe<number>(`${topic}.${group}.dlq`, letter, { fromBeginning: true })
    const child = startNode(t, CONSUMES, { args: [brokers, topic, group] })
    const lost = () => values.filter((value) => (value % 97 === 0 ? !parked.has(value) : !ages.has(value)))
    let readTo = 0
    const isAllThere = () => {
      read(child.lines.slice(readTo), Date.now())
      readTo = child.lines.length
      return lost().length === 0
    }
    await waitFor(isAllThere, { what: 'every record', timeoutMs: 60_000, intervalMs: 200 }).catch(() => {})
    const figures = { lost: lost().length, disordered, duplicates, oldestMs, lettersTwice: letters - parked.size }
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual([figures.lost, disordered], [0, 0])
    assert.ok(oldestMs < UNCOMMITTED_MS, `a record was handled again that had been done ${oldestMs} ms before the kill`)
  })
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { describeRetryTopics } from '../behaviours/retry-topics.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const RETRIES = join(__dirname, '..', 'children', 'retries.ts')
const RECORDS = 4_000
const KILLS = 4
const bed = kafkaBed()

describeRetryTopics(bed)

describe('Retry topics', { skip: bed.skip }, () => {
  test('N4: a consumer killed between them loses no record and handles none early', { timeout: 120_000 }, async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const producer = await makeProducer(t, { brokers })
    const values = Array.from({ length: RECORDS }, (_, index) => index)
    await producer.send(topic, values, { key: (value) => `k${value % 100}` })
    const done = new Set<number>()
    let [twice, early, letters] = [0, 0, 0]
    const read = (lines: readonly string[]) => {
      for (const line of lines) {
        const [word, value] = line.split(' ')
        if (word === 'early') early += 1
        if (word !== 'handled') continue
        if (done.has(Number(value))) twice += 1
        done.add(Number(value))
      }
    }
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const child = startNode(t, RETRIES, { args: [brokers, topic, group] })
      // some are done, some wait in either retry topic, and some were just written there
      await waitFor(() => child.lines.length > RECORDS / (KILLS * 4), { what: `run ${kill}`, timeoutMs: 30_000 })
      await child.kill('SIGKILL')
      read(child.lines)
    }
    const reader = makeService(t, { brokers })
    await reader.connectConsumer(randomGroup())
    const letter = (value: number) => {
      letters += 1
      done.add(value)
    }
    await reader.subscribe<number>(`${topic}.${group}.dlq`, letter, { fromBeginning: true, dlq: false })
    const child = startNode(t, RETRIES, { args: [brokers, topic, group] })
    let readTo = 0
    const isAllThere = () => {
      read(child.lines.slice(readTo))
      readTo = child.lines.length
      return done.size === RECORDS
    }
    await waitFor(isAllThere, { what: 'every record', timeoutMs: 60_000, intervalMs: 100 }).catch(() => {})
    t.diagnostic(JSON.stringify({ lost: RECORDS - done.size, early, twice, letters }))
    assert.deepEqual([RECORDS - done.size, early], [0, 0])
  })

  test('are created to keep their records for longer than the delay', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const service = await makeProducer(t, { brokers })
    await service.connectConsumer(group)
    const retry = { topics: [{ delayMs: 3_600_000 }] }
    await service.subscribe(topic, () => {}, { ordering: 'none', retry })
    const args = ['--bootstrap-server', brokers, '--describe', '--topic', `${topic}.${group}.retry.1h`]
    const { stdout } = await javaTool('org.apache.kafka.tools.TopicCommand', args)
    assert.match(stdout, /PartitionCount: 3\b/)
    for (const config of ['cleanup.policy=delete', 'retention.ms=608400000', 'retention.bytes=-1']) {
      assert.ok(stdout.includes(config), stdout)
    }
  })
})

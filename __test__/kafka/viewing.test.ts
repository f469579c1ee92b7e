import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { describeViewing } from '../behaviours/viewing.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { CLI, run } from '../helpers/command.ts'
import { randomTopic } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'

const bed = kafkaBed()

describeViewing(bed)

describe('narad consume --topic on Kafka alone', { skip: bed.skip }, () => {
  test('begins at a time, of day or in milliseconds', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    for (const hour of [10, 11, 12]) {
      await service.send(topic, hour, { timestamp: Date.UTC(2026, 0, 31, hour) })
    }
    for (const [start, values] of [
      ['2026-01-31T10:30:00Z', ['11', '12']],
      [`@${Date.UTC(2026, 0, 31, 12)}`, ['12']],
      ['2026-01-31', ['10', '11', '12']],
    ] as const) {
      const shown = await run(t, ['consume', '-b', brokers, '-t', topic, '-e', '-o', start])
      assert.deepEqual(shown.lines, values, shown.stderr)
    }
  })

  test('says that a topic is not there, and makes none', async (t) => {
    const [brokers, topic] = [await bed.brokers(), randomTopic()]
    for (const _ of [1, 2]) {
      const { code, stderr } = await run(t, ['consume', '-b', brokers, '-t', topic, '-e'])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /does not exist/)
    }
  })

  test('ends quietly when nobody reads on', async () => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const scope: Array<() => unknown> = []
    const service = await makeProducer({ after: (end) => void scope.push(end as () => unknown) }, { brokers })
    await service.send(
      topic,
      Array.from({ length: 50_000 }, (_, index) => index),
    )
    for (const end of scope) await end()
    const pipe = `"${process.execPath}" "${CLI}" consume -b ${brokers} -t ${topic} -o beginning; echo "$?" >&2`
    const { stdout, stderr } = spawnSync('sh', ['-c', `(${pipe}) | head -n 3`], { encoding: 'utf8' })
    assert.deepEqual([stdout, stderr], ['0\n1\n2\n', '0\n'])
  })
})

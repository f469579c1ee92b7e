import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message } from 'narad'
import { describeReplay } from '../behaviours/replay.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { makeProducer } from '../helpers/service.ts'

const bed = kafkaBed()

describeReplay(bed)

describe('Replay by time on Kafka', { skip: bed.skip }, () => {
  test('begins and ends at the first record of a time or later', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const startMs = Date.now() - 100_000
    const values = Array.from({ length: 10 }, (_, index) => message(index).timestamp(startMs + index * 1_000))
    await service.send(topic, values)
    const seen: number[] = []
    const into = (value: number) => void seen.push(value)
    await service.replay<number>({ topic, from: new Date(startMs + 2_500), to: { timestamp: startMs + 6_000 }, into })
    assert.deepEqual(seen, [3, 4, 5])
    const future = await service.replay<number>({ topic, from: { 0: 8 }, to: new Date(Date.now() + 60_000), into })
    assert.deepEqual([seen.slice(3), future.isComplete], [[8, 9], true])
  })
})

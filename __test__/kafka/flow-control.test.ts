import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message } from 'narad'
import { describeFlowControl } from '../behaviours/flow-control.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, Received } from '../helpers/service.ts'

const bed = kafkaBed()

describeFlowControl(bed)

describe('Seeking by time on Kafka', { skip: bed.skip }, () => {
  test('goes on at the first record of the time or later, and at the end where there is none', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    const service = await makeProducer(t, { brokers })
    await service.connectConsumer(randomGroup())
    const received = new Received<number>()
    const subscription = await service.subscribe<number>(topic, received.handler)
    const startMs = Date.now() - 100_000
    const values = Array.from({ length: 10 }, (_, index) => message(index).timestamp(startMs + index * 1_000))
    await service.send(topic, values)
    await received.count(10)
    await subscription.seek({ topic, partition: 0 }, new Date(startMs + 6_500))
    await received.count(13)
    await subscription.seek({ topic }, { timestamp: startMs + 8_000 })
    await received.count(15)
    await subscription.seek({ topic }, { timestamp: Date.now() + 100_000 })
    await service.send(topic, message(10).timestamp(Date.now()))
    await received.count(16)
    assert.deepEqual(received.values.slice(10), [7, 8, 9, 8, 9, 10])
  })
})

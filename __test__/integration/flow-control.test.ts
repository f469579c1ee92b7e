import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EmbeddedBrokerError } from 'narad'
import { describeFlowControl } from '../behaviours/flow-control.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'

const bed = embeddedBed()

describeFlowControl(bed)

// It takes every time for the end: records would be passed over in silence.
test('seek to a time is refused on the embedded broker', async (t) => {
  const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
  const service = makeService(t, { brokers })
  await service.connectConsumer(randomGroup())
  const subscription = await service.subscribe(topic, () => {})
  await assert.rejects(
    subscription.seek({ topic }, new Date()),
    (error) => error instanceof EmbeddedBrokerError && error.code === 'NARAD_EMBEDDED_UNSUPPORTED',
  )
})

test('a subscription that only logs can be paused, and ignores what names partitions', async (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  await service.connectConsumer('g')
  const subscription = await service.subscribe('orders', () => {})
  assert.deepEqual([subscription.group, subscription.topics, subscription.isPaused], ['g', ['orders'], false])
  subscription.pause({ topic: 'orders', partition: 0 })
  await subscription.seek({ topic: 'orders' }, 'end')
  assert.equal(subscription.isPaused, false)
  subscription.pause()
  assert.equal(subscription.isPaused, true)
  subscription.resume()
  assert.equal(subscription.isPaused, false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomTopic } from '../helpers/names.ts'
import { rawConsumer } from '../helpers/native-consumer.ts'

// A call that waits for a broker must not outlive the group it was asked through.
test('creating topics fails at its timeout where no broker answers, and at once when the group is closed', async (t) => {
  const { consumer, close } = rawConsumer(t, { 'bootstrap.servers': 'localhost:1' })
  const topics = [{ topic: randomTopic(), partitions: 1, config: {} }]
  const late = await consumer.createTopics(topics, 500)
  assert.equal(late?.code, 'NARAD_CONNECTION_TIMEOUT')
  const waiting = consumer.createTopics(topics, 5_000)
  const start = performance.now()
  await close(1_000)
  assert.equal((await waiting)?.code, 'NARAD_CLOSED')
  assert.ok(performance.now() - start < 2_000)
})

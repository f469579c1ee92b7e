import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RecordTooLargeError, SendError } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { createTopic } from '../helpers/kafka.ts'
import { randomTopic } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { makeProducer, readAll } from '../helpers/service.ts'

const FLOODS = join(__dirname, '..', 'children', 'floods.ts')
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const bed = kafkaBed()

describe('Sending to Kafka', { skip: bed.skip }, () => {
  test("P1: a record over the broker's limit rejects alone, and others of its tick are sent", async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers, maxRecordBytes: 5_000_000 })
    const tooLarge = 'x'.repeat(2_000_000)
    const large = service.send(topic, tooLarge, { key: 'big' })
    const small = numbers(20).map((value) => service.send(topic, value))
    await assert.rejects(large, (error) => {
      assert.ok(error instanceof RecordTooLargeError)
      assert.deepEqual([error.topic, error.key, error.maybeInLog], [topic, 'big', false])
      assert.equal(error.kafkaCode, 'MSG_SIZE_TOO_LARGE')
      return /max\.message\.bytes/.test(error.message)
    })
    await Promise.all(small)
    const error = await service.send(topic, ['first', tooLarge, 'last']).catch((failure: unknown) => failure)
    assert.ok(error instanceof SendError && error.results)
    assert.deepEqual(
      error.results.map((result) => result instanceof RecordTooLargeError),
      [false, true, false],
    )
    const records = await readAll(t, brokers, topic, 22)
    assert.deepEqual(
      records.map(({ value }) => value),
      [...numbers(20), 'first', 'last'],
    )
  })

  test("P1: with batch.size below a topic's limit, a record over it rejects alone", async (t) => {
    const [brokers, topic] = [await bed.brokers(), randomTopic()]
    await createTopic(brokers, topic, { configs: { 'max.message.bytes': '50000' } })
    const service = await makeProducer(t, { brokers, librdkafka: { 'batch.size': 40_000 } })
    const values = numbers(100).map((value) => `${value}`.padEnd(value === 50 ? 60_000 : 2_000, 'x'))
    const error = await service.send(topic, values).catch((failure: unknown) => failure)
    assert.ok(error instanceof SendError && error.results)
    assert.deepEqual(
      error.results.flatMap((result, index) => (result instanceof RecordTooLargeError ? [index] : [])),
      [50],
    )
    const records = await readAll(t, brokers, topic, 99)
    assert.deepEqual(
      records.map(({ value }) => value),
      values.filter((_, index) => index !== 50),
    )
  })

  test('P2: sends wait in order while the queue is full, and its memory stays bounded', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers, sendBufferRecords: 500, sendBufferBytes: 1_000_000 })
    const pad = 'x'.repeat(500)
    const arrays = numbers(20).map((index) =>
      service.send(
        topic,
        numbers(2_000, index * 2_000).map((value) => ({ value, pad })),
      ),
    )
    const lone = numbers(5_000, 40_000).map((value) => service.send(topic, { value, pad }))
    const results = [...(await Promise.all(arrays)).flat(), ...(await Promise.all(lone))]
    assert.deepEqual(
      results.map(({ offset }) => offset),
      numbers(45_000),
    )
    const records = await readAll<{ value: number }>(t, brokers, topic, 45_000)
    assert.deepEqual(
      records.map(({ value }) => value.value),
      numbers(45_000),
    )
  })

  test('P5: a million sends that are not awaited are all delivered before disconnect resolves', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
    const child = startNode(t, FLOODS, { args: [brokers, topic, '1000000'] })
    const line = await child.waitForLine(/^{/, 150_000)
    const { ok, failed, undelivered } = JSON.parse(line)
    assert.deepEqual([ok, failed, undelivered], [1_000_000, 0, 0])
    const end = await child.ended
    assert.deepEqual(end, { code: 0, signal: null }, child.stderr)
    const service = await makeProducer(t, { brokers })
    const ends = await Promise.all([0, 1, 2].map((partition) => service.send(topic, 0, { partition })))
    assert.equal(
      ends.reduce((sum, { offset }) => sum + offset, 0),
      1_000_000,
    )
  })
})

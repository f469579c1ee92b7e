import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DONE, HELD, NOT_RUN } from '../../lib/consumer/batch.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { type Raw, rawConsumer } from '../helpers/native-consumer.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = embeddedBed()
const offsets = ({ batches }: Raw) =>
  batches.flatMap((batch) => Array.from({ length: batch.records }, (_, index) => batch.block.offset(index)))

/** Reports records by their offset. */
function report({ consumer, batches }: Raw, fate: number, ...chosen: number[]): void {
  for (const batch of batches) {
    const indices = Array.from({ length: batch.records }, (_, index) => index)
    const own = indices.filter((index) => chosen.includes(batch.block.offset(index)))
    if (own.length > 0)
      consumer.complete(
        batch.id,
        Uint32Array.from(own, (index) => index * 4 + fate),
      )
  }
}

// The records behind one that is tried again used up what may be out, and every other key waited for it.
test('held records leave room for others until there are too many of them', async (t) => {
  const brokers = await bed.brokers()
  const topic = await bed.topic()
  // in one request: the embedded broker hands over one at a time, and the batches here are to be full
  const producer = await makeProducer(t, { brokers, lingerMs: 50 })
  await producer.send(topic, [...Array(12).keys()], { partition: 0 })
  const raw = rawConsumer(t, { 'bootstrap.servers': brokers, 'group.protocol': 'consumer' })
  const limits = { batchRecords: 4, batchBytes: 1e6, batchWaitMs: 0, outRecords: 4, outBytes: 1e6 }
  const held = { heldRecords: 6, heldBytes: 1e6 }
  const subscription = { id: 1, topics: [topic], fromBeginning: true, ordering: 'key' as const, ...limits, ...held }
  assert.equal(await raw.consumer.subscribe(subscription, 10_000), null)
  const come = (count: number) => waitFor(() => offsets(raw).length >= count, { what: `${count} records` })

  await come(4)
  report(raw, HELD, 0, 1, 2, 3)
  await come(8)
  // with these the held ones are too many: what is done makes no room then
  report(raw, HELD, 4, 5)
  report(raw, DONE, 6, 7)
  await raw.consumer.listTopics(5_000)
  assert.deepEqual(offsets(raw), [0, 1, 2, 3, 4, 5, 6, 7])
  report(raw, NOT_RUN, 5)
  await come(12)
  assert.deepEqual(offsets(raw), [...Array(12).keys()])

  report(raw, DONE, 0, 1, 2, 3)
  report(raw, DONE, 8, 9, 10, 11)
  // a close waits for what is held
  const closing = raw.close(10_000)
  report(raw, NOT_RUN, 4)
  assert.deepEqual(await closing, { unfinished: 0, leftGroup: true })
  assert.deepEqual(raw.errors, [])
})

// The size of a batch was that of keys and values alone: a thousand records with large headers were one block, of up to a
// gigabyte.
test('a batch is bounded by the headers of its records as well, and no record is lost or overtaken by it', async (t) => {
  const [brokers, topic] = [await bed.brokers(), await bed.topic()]
  const producer = await makeProducer(t, { brokers, lingerMs: 50 })
  const [pad, values] = ['x'.repeat(4_000), [...Array(200).keys()]]
  await producer.send(topic, values, { partition: 0, headers: { pad } })
  const raw = rawConsumer(t, { 'bootstrap.servers': brokers, 'group.protocol': 'consumer' })
  const limits = { batchRecords: 1_000, batchBytes: 65_536, batchWaitMs: 0, outRecords: 4_000, outBytes: 1e8 }
  const held = { heldRecords: 1_000, heldBytes: 1e8 }
  const subscription = { id: 1, topics: [topic], fromBeginning: true, ordering: 'key' as const, ...limits, ...held }
  assert.equal(await raw.consumer.subscribe(subscription, 10_000), null)
  await waitFor(() => offsets(raw).length >= values.length, { what: 'all records' })
  assert.deepEqual(offsets(raw), values)
  for (const { block, records } of raw.batches) {
    const sizes = Array.from({ length: records }, (_, row) => block.headersLength(row))
    assert.ok(sizes.every((size) => size > pad.length))
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= limits.batchBytes, `${records} records`)
  }
})

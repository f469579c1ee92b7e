import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { KafkaError } from 'narad'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

/** Deletes the records of partition 0 before `offset`. */
async function deleteRecords(scope: Scope, topic: string, offset: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'narad-offsets-'))
  scope.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'offsets.json')
  await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset }] }))
  const args = ['--bootstrap-server', await bed.brokers(), '--offset-json-file', file]
  await javaTool('org.apache.kafka.tools.DeleteRecordsCommand', args)
}

// Records that were deleted unread were passed over without a word.
describe('B12: the start of the log moves past the position of the group', { skip: bed.skip }, () => {
  for (const autoOffsetReset of ['earliest', 'latest'] as const) {
    test(`reading goes on at the ${autoOffsetReset} record, and an error event says what happened`, async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
      const producer = await makeProducer(t, { brokers })
      await producer.send(topic, [0, 1, 2])
      const before = new Received<number>()
      const first = makeService(t, { brokers })
      await first.connectConsumer(group)
      await first.subscribe<number>(topic, before.handler, { fromBeginning: true })
      await before.count(3)
      await first.disconnect()
      await producer.send(topic, [3, 4, 5, 6, 7])
      await deleteRecords(t, topic, 6)

      const errors: KafkaError[] = []
      const received = new Received<number>()
      const second = makeService(t, { brokers, autoOffsetReset, onError: (error) => errors.push(error) })
      await second.connectConsumer(group)
      await second.subscribe<number>(topic, received.handler)
      await waitFor(() => errors.length > 0, { what: 'an error about the position' })
      const [error] = errors as [KafkaError]
      assert.deepEqual(
        [error.code, error.topic, error.partition, error.kafkaCode],
        ['NARAD_OFFSET_OUT_OF_RANGE', topic, 0, 'OFFSET_OUT_OF_RANGE'],
      )
      assert.match(error.message, /offset 3:/)
      // the end is asked for after the event
      const isRead = async () => {
        await producer.send(topic, 8)
        return received.values.includes(8)
      }
      await waitFor(isRead, { what: 'a record that was sent afterwards', intervalMs: 100 })
      assert.deepEqual(
        received.values.filter((value) => value < 8),
        autoOffsetReset === 'earliest' ? [6, 7] : [],
      )
      assert.equal(errors.length, 1)
      await second.disconnect()
    })
  }
})

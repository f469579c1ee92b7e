import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecordContext } from '../../lib/consumer/record.ts'
import { DeadLetterTopics } from '../../lib/delivery/dead-letter-topics.ts'
import { DeadLetterWriter } from '../../lib/delivery/dead-letter-writer.ts'
import type { FailureClass } from '../../lib/delivery/failure.ts'
import { Parking } from '../../lib/delivery/parking.ts'
import { retryRecord } from '../../lib/delivery/retry-record.ts'
import { RetryTopics } from '../../lib/delivery/retry-topics.ts'
import { RetryWriter } from '../../lib/delivery/retry-writer.ts'
import { RecordTooLargeError, RetryTopicError, SendError } from '../../lib/errors.ts'
import { DEAD_LETTER_HEADERS, RETRY_HEADERS } from '../../lib/headers.ts'
import type { HeaderList, RecordMetadata } from '../../lib/message.ts'
import type { Columns } from '../../lib/producer/packer.ts'
import { batchOf } from '../helpers/native-batch.ts'
import { FakeTopicAdmin } from '../helpers/topic-admin.ts'

const HISTORY = { attempts: 4, firstFailureMs: 1_000, lastFailureMs: 9_000 }
const MINUTE_MS = 60_000

/** Parking of topic `orders`, or of its retry topics of one of the delays. */
function setUp(delaysMs: readonly number[], here?: number) {
  const admin = new FakeTopicAdmin({ orders: 4 })
  const sent: Array<{ topic: string; columns: Columns }> = []
  const bed = { sent, answer: (_topic: string): void => {} }
  const sender = {
    async sendOne(topic: string, columns: Columns): Promise<RecordMetadata> {
      bed.answer(topic)
      sent.push({ topic, columns })
      return { topic, partition: columns.partitions?.[0] ?? -1, offset: sent.length, timestamp: 1 }
    },
  }
  const byDelay = new Map(delaysMs.map((ms) => [ms, new RetryTopics('billing', ms, admin)]))
  const parking = new Parking(
    new DeadLetterWriter(sender, new DeadLetterTopics({ group: 'billing', topic: undefined, admin })),
    {
      all: delaysMs.map((ms) => byDelay.get(ms) as RetryTopics),
      writer: new RetryWriter(sender),
      here: here === undefined ? undefined : byDelay.get(here),
    },
  )
  const park = (failureClass: FailureClass, { topic = 'orders', headers = [] as HeaderList } = {}) => {
    const place = { topic, partition: 3, group: 'billing' }
    const record = { offset: 41, timestamp: 7, key: 'k', value: 'v', headers }
    const context = new RecordContext(batchOf(1, [record]).block, 0, place)
    return parking.park({ class: failureClass, error: new Error('no luck') }, context, HISTORY)
  }
  const headersOf = (index: number) =>
    Object.fromEntries((sent[index]?.columns.headers?.[0] ?? []).map(([name, value]) => [name, String(value)]))
  return Object.assign(bed, { park, headersOf })
}

/** The headers of a record that has been in so many retry topics. */
function afterTier(tier: number): HeaderList {
  const place = { topic: 'orders', partition: 3, group: 'billing' }
  const context = new RecordContext(batchOf(1, [{ offset: 41, timestamp: 7 }]).block, 0, place)
  return retryRecord(context, { ...HISTORY, dueMs: 1, tier }).headers
}

describe('A record that is given up', () => {
  test('goes to the first retry topic, due its delay after the failure, in the partition of the same number', async () => {
    const bed = setUp([MINUTE_MS, 5 * MINUTE_MS])
    assert.deepEqual(await bed.park('transient'), { topic: 'orders.billing.retry.1m', afterMs: MINUTE_MS })
    assert.deepEqual(bed.sent[0]?.columns.partitions, [3])
    // the topic keeps it by the time at which it was written
    assert.equal(bed.sent[0]?.columns.timestamps, undefined)
    assert.equal(bed.headersOf(0)[RETRY_HEADERS.due], String(9_000 + MINUTE_MS))
    assert.equal(bed.headersOf(0)[RETRY_HEADERS.tier], '1')
  })

  test('goes on to the next one, and after the last becomes a dead letter of its first place', async () => {
    const first = setUp([MINUTE_MS, 5 * MINUTE_MS], MINUTE_MS)
    const next = await first.park('transient', { headers: afterTier(1) })
    assert.deepEqual(next, { topic: 'orders.billing.retry.5m', afterMs: 5 * MINUTE_MS })
    assert.equal(first.headersOf(0)[RETRY_HEADERS.tier], '2')
    const last = setUp([MINUTE_MS, 5 * MINUTE_MS], 5 * MINUTE_MS)
    const letter = await last.park('transient', { headers: afterTier(2) })
    assert.deepEqual(letter, { topic: 'orders.billing.dlq', afterMs: undefined })
    const headers = last.headersOf(0)
    assert.equal(headers[DEAD_LETTER_HEADERS.id], 'orders/3/41/billing')
    assert.equal(headers[DEAD_LETTER_HEADERS.attempts], '4')
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('x-narad-retry')),
      [],
    )
  })

  test('goes through the same delay as often as it is named', async () => {
    const bed = setUp([MINUTE_MS, MINUTE_MS, MINUTE_MS], MINUTE_MS)
    const { park } = bed
    const topics = [
      await park('transient', { headers: afterTier(1) }),
      await park('transient', { headers: afterTier(2) }),
    ]
    topics.push(await park('transient', { headers: afterTier(3) }))
    assert.deepEqual(
      topics.map(({ topic }) => topic),
      ['orders.billing.retry.1m', 'orders.billing.retry.1m', 'orders.billing.dlq'],
    )
  })

  test('becomes a dead letter at once when no retry would mend it', async () => {
    for (const bed of [setUp([MINUTE_MS]), setUp([MINUTE_MS, 5 * MINUTE_MS], MINUTE_MS)]) {
      const { topic } = await bed.park('permanent', { headers: afterTier(1) })
      assert.equal(topic, 'orders.billing.dlq')
    }
  })

  test('begins at the first retry topic though its headers were copied from a record of one', async () => {
    // A handler that hands all headers on would have had its records skip retry topics.
    const bed = setUp([MINUTE_MS, 5 * MINUTE_MS])
    assert.equal((await bed.park('transient', { headers: afterTier(1) })).topic, 'orders.billing.retry.1m')
  })

  test('becomes a dead letter when it is too large for its retry topic', async () => {
    const bed = setUp([MINUTE_MS])
    bed.answer = (topic) => {
      if (topic.includes('.retry.')) throw new RecordTooLargeError('too large')
    }
    assert.deepEqual(await bed.park('transient'), { topic: 'orders.billing.dlq', afterMs: undefined })
  })

  test('rejects when it is not acknowledged in its retry topic, and may be written again', async () => {
    const bed = setUp([MINUTE_MS])
    const cause = new SendError('no acknowledgement')
    bed.answer = () => {
      throw cause
    }
    await assert.rejects(bed.park('transient'), (error) => {
      assert.ok(error instanceof RetryTopicError)
      const { code, topic, partition, offset, group } = error
      assert.deepEqual([code, topic, partition, offset, group], ['NARAD_RETRY_FAILED', 'orders', 3, 41, 'billing'])
      assert.match(error.message, /^The retry of orders \[3\] offset 41 in group billing was not written: no ackn/)
      return error.cause === cause
    })
    bed.answer = () => {}
    assert.equal((await bed.park('transient')).topic, 'orders.billing.retry.1m')
  })

  test('stays beside its topic when it was written to a retry topic by hand', async () => {
    // Its place is in the retry topic: the next one would have been that of the retry topic.
    const topic = 'orders.billing.retry.1m'
    const bed = setUp([MINUTE_MS, 5 * MINUTE_MS], MINUTE_MS)
    assert.equal((await bed.park('transient', { topic })).topic, 'orders.billing.retry.5m')
    assert.equal((await bed.park('permanent', { topic })).topic, 'orders.billing.dlq')
    assert.equal(bed.headersOf(1)[DEAD_LETTER_HEADERS.id], 'orders.billing.retry.1m/3/41/billing')
  })
})

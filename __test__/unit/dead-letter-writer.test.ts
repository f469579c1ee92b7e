import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecordContext } from '../../lib/consumer/record.ts'
import type { FailureHistory } from '../../lib/delivery/dead-letter.ts'
import { DeadLetterTopics } from '../../lib/delivery/dead-letter-topics.ts'
import { DeadLetterWriter } from '../../lib/delivery/dead-letter-writer.ts'
import { AuthorizationError, DeadLetterError, RecordTooLargeError, SendError, TopicError } from '../../lib/errors.ts'
import { DEAD_LETTER_HEADERS } from '../../lib/headers.ts'
import type { RecordMetadata } from '../../lib/message.ts'
import type { Columns } from '../../lib/producer/packer.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { FakeTopicAdmin } from '../helpers/topic-admin.ts'

const HISTORY: FailureHistory = {
  failure: { class: 'transient', error: new Error('no luck') },
  attempts: 4,
  firstFailureMs: 1_000,
  lastFailureMs: 9_000,
}

interface Sent {
  topic: string
  columns: Columns
}

type Answer = (sent: Sent) => Promise<void> | void

function setUp(there: Record<string, number> = { orders: 4 }) {
  const admin = new FakeTopicAdmin(there)
  const sent: Sent[] = []
  const bed = {
    admin,
    sent,
    /** Throws to refuse what was sent. */
    answer: (() => {}) as Answer,
    writer: new DeadLetterWriter(
      {
        async sendOne(topic, columns): Promise<RecordMetadata> {
          sent.push({ topic, columns })
          await bed.answer({ topic, columns })
          return { topic, partition: columns.partitions?.[0] ?? -1, offset: sent.length, timestamp: 1 }
        },
      },
      new DeadLetterTopics({ group: 'billing', topic: undefined, admin }),
    ),
    write: (record: BatchRecord = {}, partition = 3) =>
      bed.writer.write(
        new RecordContext(batchOf(1, [{ offset: 41, key: 'k', value: 'v', ...record }]).block, 0, {
          topic: 'orders',
          partition,
          group: 'billing',
        }),
        HISTORY,
      ),
  }
  return bed
}

const failure = (promise: Promise<unknown>): Promise<DeadLetterError> =>
  promise.then(
    () => assert.fail('it did not reject'),
    (error) => {
      assert.ok(error instanceof DeadLetterError)
      return error
    },
  )
const textOf = ({ columns }: Sent) => columns.values[0]?.toString()
const namesOf = ({ columns }: Sent) => columns.headers?.[0]?.map(([name]) => name) ?? []

describe('A dead letter is written', () => {
  test('with everything, without a time, to the partition of the same number', async () => {
    const bed = setUp()
    const metadata = await bed.write({ headers: [['own', 'x']] })
    assert.deepEqual(metadata, { topic: 'orders.billing.dlq', partition: 3, offset: 1, timestamp: 1 })
    const [{ topic, columns }] = bed.sent as [Sent]
    assert.equal(topic, 'orders.billing.dlq')
    const { values, keys, partitions, timestamps } = columns
    assert.deepEqual(
      { values, keys, partitions, timestamps },
      {
        values: [Buffer.from('v')],
        keys: [Buffer.from('k')],
        partitions: [3],
        timestamps: undefined,
      },
    )
    assert.equal(namesOf({ topic, columns })[0], 'own')
    assert.ok(namesOf({ topic, columns }).includes(DEAD_LETTER_HEADERS.id))
  })

  test('to another partition where there are fewer', async () => {
    const bed = setUp({ orders: 9, 'orders.billing.dlq': 2 })
    assert.equal((await bed.write({}, 7)).partition, 1)
    assert.equal((await bed.write({}, 1)).partition, 1)
    assert.equal((await bed.write({}, 8)).partition, 0)
  })

  test('to a topic that is created when a pattern has found its topic later', async () => {
    const bed = setUp()
    assert.equal(bed.admin.created.length, 0)
    await bed.write()
    await bed.write()
    assert.equal(bed.admin.created.length, 1)
    assert.equal(bed.admin.lists, 1)
  })
})

describe('A dead letter that is not acknowledged', () => {
  test('rejects with the reason and the place of its record, and may be written again', async () => {
    const bed = setUp()
    const cause = new SendError('no acknowledgement', { code: 'NARAD_SEND_TIMEOUT' })
    bed.answer = () => {
      throw cause
    }
    const error = await failure(bed.write())
    assert.equal(error.cause, cause)
    assert.deepEqual([error.code, error.retriable], ['NARAD_DEAD_LETTER_FAILED', true])
    const { topic, partition, offset, key, group } = error
    assert.deepEqual([topic, partition, offset, key, group], ['orders', 3, 41, Buffer.from('k'), 'billing'])
    assert.match(error.message, /orders \[3\] offset 41 in group billing was not written: no acknowledgement$/)
    assert.equal(bed.sent.length, 1, 'only the executor decides when it is written again')
    bed.answer = () => {}
    await bed.write()
  })

  test('rejects when its topic is missing', async () => {
    const bed = setUp()
    bed.admin.createError = new AuthorizationError('denied')
    const error = await failure(bed.write())
    assert.equal(error.code, 'NARAD_DEAD_LETTER_FAILED')
    assert.equal((error.cause as DeadLetterError).code, 'NARAD_DEAD_LETTER_TOPIC')
    assert.equal(bed.sent.length, 0)
  })

  test('rejects when its topic cannot have the name that it needs', async () => {
    const { admin, sent, writer } = setUp()
    const [topic, group] = ['t'.repeat(249), 'billing']
    const record = new RecordContext(batchOf(1, [{}]).block, 0, { topic, partition: 0, group })
    assert.ok((await failure(writer.write(record, HISTORY))).cause instanceof TopicError)
    assert.deepEqual([admin.lists, sent.length], [0, 0])
  })

  test('looks for its topic again when that was deleted, or made anew with fewer partitions', async () => {
    // The count from the start would have named a partition that is gone, for ever.
    const bed = setUp({ orders: 4, 'orders.billing.dlq': 4 })
    await bed.write()
    bed.admin.topics.set('orders.billing.dlq', 2)
    bed.answer = ({ columns }) => {
      if (columns.partitions?.[0] === 3) throw new TopicError('no partition 3', { code: 'NARAD_UNKNOWN_PARTITION' })
    }
    await failure(bed.write())
    assert.equal((await bed.write()).partition, 1)
    bed.admin.topics.delete('orders.billing.dlq')
    bed.answer = () => {
      if (bed.admin.created.length === 0) throw new TopicError('no topic', { code: 'NARAD_UNKNOWN_TOPIC' })
    }
    await failure(bed.write())
    await bed.write()
    assert.equal(bed.admin.created.length, 1)
  })
})

describe('A dead letter that is too large', () => {
  const tooLarge = () => {
    throw new RecordTooLargeError('too large')
  }

  test('is written without its value', async () => {
    const bed = setUp()
    bed.answer = (sent) => (sent.columns.values[0] === null ? undefined : tooLarge())
    await bed.write({ headers: [['own', 'x']] })
    const stub = bed.sent.at(-1) as Sent
    assert.deepEqual(stub.columns.keys, [Buffer.from('k')])
    assert.equal(namesOf(stub)[0], 'own')
    assert.deepEqual(stub.columns.headers?.[0]?.at(-1), [DEAD_LETTER_HEADERS.truncated, '6'])
  })

  test('is written without key and headers when these are what is too large', async () => {
    const bed = setUp()
    bed.answer = (sent) => (namesOf(sent).includes('own') ? tooLarge() : undefined)
    await bed.write({ value: null, headers: [['own', 'x'.repeat(1_000)]] })
    const stub = bed.sent.at(-1) as Sent
    assert.deepEqual([stub.columns.keys, stub.columns.values], [[null], [null]])
    assert.deepEqual(stub.columns.headers?.[0]?.at(-1), [DEAD_LETTER_HEADERS.truncated, '1004'])
  })

  test('rejects when no stub fits either', async () => {
    const bed = setUp()
    bed.answer = tooLarge
    assert.ok((await failure(bed.write())).cause instanceof RecordTooLargeError)
    assert.equal(bed.sent.length, 4)
    bed.answer = () => {}
    assert.equal((await bed.write()).offset, 5)
  })

  test('rejects when the stub fails for another reason', async () => {
    const bed = setUp()
    const cause = new SendError('leader gone')
    bed.answer = (sent) => {
      if (sent.columns.values[0] !== null) tooLarge()
      throw cause
    }
    assert.equal((await failure(bed.write())).cause, cause)
  })

  test('takes nothing from letters that were refused with it', async () => {
    // A broker refuses a batch as a whole: small letters in it would have lost their values.
    const bed = setUp()
    let inFlight: Sent[] = []
    bed.answer = async (sent) => {
      inFlight.push(sent)
      await new Promise(setImmediate)
      const size = inFlight.reduce((sum, each) => sum + (textOf(each)?.length ?? 0), 0)
      await new Promise(setImmediate)
      inFlight = []
      if (size > 10) tooLarge()
    }
    const values = ['small', 'x'.repeat(100), 'little', 'tiny']
    const written = await Promise.all(values.map((value) => bed.write({ value })))
    const stored = written.map(({ offset }) => textOf(bed.sent[offset - 1] as Sent))
    assert.deepEqual(stored, ['small', undefined, 'little', 'tiny'])
  })
})

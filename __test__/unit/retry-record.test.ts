import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecordContext } from '../../lib/consumer/record.ts'
import { readRetry, retryRecord } from '../../lib/delivery/retry-record.ts'
import { RETRY_HEADERS } from '../../lib/headers.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'

const PROGRESS = { dueMs: 61_000, tier: 1, attempts: 4, firstFailureMs: 500, lastFailureMs: 1_000 }
const contextOf = (record: BatchRecord) =>
  new RecordContext(batchOf(1, [{ offset: 41, ...record }]).block, 0, { topic: 'orders', partition: 3, group: 'g/ü' })
/** Headers as they come back from a broker. */
const back = (headers: ReadonlyArray<readonly [string, string | Buffer | null]>) =>
  headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const)

describe('A record for a retry topic', () => {
  test('has its bytes and headers, and headers from which its state is read again', () => {
    const own = [
      ['trace', 'a'],
      ['trace', 'b'],
      ['nothing', null],
    ] as const
    const record = retryRecord(
      contextOf({ key: 'k', value: Buffer.from([0xff]), timestamp: 7, headers: own }),
      PROGRESS,
    )
    assert.deepEqual([record.key, record.value], [Buffer.from('k'), Buffer.from([0xff])])
    assert.deepEqual(
      record.headers.slice(0, 3),
      own.map(([name, value]) => [name, value === null ? null : Buffer.from(value)]),
    )
    const place = { topic: 'orders', partition: 3, offset: 41, timestamp: 7, group: 'g/ü' }
    assert.deepEqual(readRetry(back(record.headers)), { ...PROGRESS, ...place })
    assert.deepEqual(
      Object.values(RETRY_HEADERS).sort(),
      record.headers
        .slice(3)
        .map(([name]) => name)
        .sort(),
    )
  })

  test('that goes on to the next one has each header once', () => {
    const first = retryRecord(contextOf({}), PROGRESS)
    const headers = [...back(first.headers), ['x-narad-retry-due', Buffer.from('5')] as const]
    const second = retryRecord(contextOf({ headers }), { ...PROGRESS, dueMs: 99_000, tier: 2 })
    const names = second.headers.map(([name]) => name)
    assert.equal(new Set(names).size, names.length)
    assert.deepEqual([readRetry(back(second.headers))?.dueMs, readRetry(back(second.headers))?.tier], [99_000, 2])
  })

  test('may have no time, and neither key nor value', () => {
    const record = retryRecord(contextOf({}), PROGRESS)
    assert.deepEqual([record.key, record.value], [null, null])
    assert.equal(readRetry(back(record.headers))?.timestamp, -1)
  })
})

test('The state of a record is unknown where a header is missing or is no number', () => {
  const { headers } = retryRecord(contextOf({ timestamp: 7 }), PROGRESS)
  assert.equal(readRetry([]), undefined)
  for (const name of Object.values(RETRY_HEADERS)) {
    const others = back(headers.filter((header) => header[0] !== name))
    if (name !== RETRY_HEADERS.sourceTimestamp) assert.equal(readRetry(others), undefined, name)
    if (name === RETRY_HEADERS.topic || name === RETRY_HEADERS.group) continue
    for (const value of ['', '-1', '1.5', 'x', '1'.repeat(400)]) {
      assert.equal(readRetry([...others, [name, Buffer.from(value)]]), undefined, `${name}: ${value}`)
    }
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { DONE, FAILED, HELD, NOT_RUN } from '../../lib/consumer/batch.ts'
import { RecordContext } from '../../lib/consumer/record.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'

const PLACE = { topic: 'orders', partition: 2, group: 'billing' }
const context = (record: BatchRecord) => new RecordContext(batchOf(1, [{ value: 'other' }, record]).block, 1, PLACE)

describe('A record context', () => {
  test('reads place, key, value and headers out of the batch', () => {
    const record = context({
      offset: 2 ** 40,
      timestamp: 1_700_000_000_000,
      key: 'ключ',
      value: '{"a":1}',
      headers: [
        ['one', '1'],
        ['two', 'a'],
        ['two', 'b'],
        ['none', null],
        ['empty', ''],
        ['x-correlation-id', 'c'],
        ['x-conversation-id', 'v'],
        ['x-event-type', 'e'],
        ['x-source', 's'],
      ],
    })
    const { topic, partition, group, offset, timestamp, attempt, key } = record
    assert.deepEqual(
      { topic, partition, group, offset, timestamp, attempt, key },
      { ...PLACE, offset: 2 ** 40, timestamp: 1_700_000_000_000, attempt: 1, key: 'ключ' },
    )
    assert.equal(String(record.rawKey), 'ключ')
    assert.equal(String(record.rawValue), '{"a":1}')
    assert.deepEqual(
      { ...record.headers },
      {
        one: '1',
        two: 'b',
        none: null,
        empty: '',
        'x-correlation-id': 'c',
        'x-conversation-id': 'v',
        'x-event-type': 'e',
        'x-source': 's',
      },
    )
    assert.deepEqual(
      record.rawHeaders.slice(0, 5).map(([name, value]) => [name, value && String(value)]),
      [
        ['one', '1'],
        ['two', 'a'],
        ['two', 'b'],
        ['none', null],
        ['empty', ''],
      ],
    )
    const { correlationId, conversationId, eventType, source } = record
    assert.deepEqual([correlationId, conversationId, eventType, source], ['c', 'v', 'e', 's'])
  })

  test('gives the last header of a name that stands for an id, and undefined for null and for other names', () => {
    const headers = [
      ['x-message-id', 'first'],
      ['x-message-ib', 'other'],
      ['x-message-id', 'lást'],
      ['x-causation-id', 'before'],
      ['x-causation-id', null],
      ['x-correlation-id', ''],
    ] as const
    const { messageId, causationId, correlationId, source } = context({ key: 'k', value: 'v', headers })
    assert.deepEqual([messageId, causationId, correlationId, source], ['lást', undefined, '', undefined])
  })

  test('keeps null and empty apart', () => {
    const none = context({})
    assert.deepEqual([none.key, none.rawKey, none.rawValue, none.rawHeaders], [null, null, null, []])
    const empty = context({ key: '', value: '', headers: [['', '']] })
    assert.deepEqual([empty.key, empty.rawKey?.length, empty.rawValue?.length], ['', 0, 0])
    assert.deepEqual({ ...empty.headers }, { '': '' })
  })

  test('finds the headers behind a key or a value that is null', () => {
    const headers = [['h', '1']] as const
    assert.equal(context({ key: 'k', headers }).headers.h, '1')
    assert.equal(context({ value: 'v', headers }).headers.h, '1')
    assert.equal(context({ headers }).headers.h, '1')
  })

  test('has headers without a prototype, whatever their names', () => {
    const { headers } = context({
      headers: [
        ['__proto__', 'p'],
        ['constructor', 'c'],
      ],
    })
    assert.deepEqual(Object.entries(headers), [
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ])
    assert.equal(headers.toString, undefined)
  })

  test('shows its place and nothing of its content to a log', () => {
    const record = context({ key: 'secret-key', value: 'secret-value', headers: [['h', 'secret-header']] })
    assert.deepEqual(JSON.parse(JSON.stringify(record)), { ...PLACE, offset: 1, attempt: 1 })
    assert.doesNotMatch(inspect(record), /secret/)
  })

  test('gives one signal, which aborts with the reason', () => {
    const record = context({ value: 'v' })
    const { signal } = record
    assert.equal(record.signal, signal)
    assert.equal(signal.aborted, false)
    const reason = new Error('revoked')
    RecordContext.abort(record, reason)
    assert.deepEqual([signal.aborted, signal.reason], [true, reason])
    const unread = context({ value: 'v' })
    RecordContext.abort(unread, reason)
    assert.equal(unread.signal.aborted, true, 'also when it is read afterwards')
  })
})

describe('A batch', () => {
  const three = () => batchOf(9, [{ value: 'a' }, { value: 'b' }, { value: 'c' }])

  test('is plain when every record was handled and none reported before', () => {
    const batch = three()
    assert.deepEqual([batch.settle(1, DONE), batch.settle(0, DONE), batch.settle(2, DONE)], [false, false, true])
    assert.equal(batch.isPlain, true)
  })

  test('reports each fate once', () => {
    const batch = three()
    assert.equal(batch.unreported(), undefined)
    batch.settle(2, DONE)
    batch.settle(0, FAILED)
    assert.deepEqual([...(batch.unreported() ?? [])], [0 * 4 + FAILED, 2 * 4 + DONE])
    assert.equal(batch.unreported(), undefined)
    assert.equal(batch.settle(1, NOT_RUN), true)
    assert.deepEqual([...(batch.unreported() ?? [])], [1 * 4 + NOT_RUN])
    assert.equal(batch.isPlain, false)
  })

  test('is not plain once a part was reported, though all were handled', () => {
    const batch = three()
    batch.settle(0, DONE)
    batch.unreported()
    batch.settle(1, DONE)
    batch.settle(2, DONE)
    assert.equal(batch.isPlain, false)
    assert.deepEqual([...(batch.unreported() ?? [])], [1 * 4, 2 * 4])
  })

  test('keeps what is left when it is compacted, once or again, and contexts that were given out', () => {
    const records = Array.from({ length: 40 }, (_, index): BatchRecord => {
      const text = 'v'.repeat(index)
      return { offset: 100 + index, timestamp: index, slot: index % 3, lane: index, key: `k${index}`, value: text }
    })
    const batch = batchOf(9, records)
    const contexts = records.map((_, index) => new RecordContext(batch.block, batch.row(index), PLACE))
    const check = (left: readonly number[]) => {
      for (const index of left) {
        assert.deepEqual([batch.slot(index), batch.lane(index)], [index % 3, index])
        const { offset, timestamp, key, rawValue } = new RecordContext(batch.block, batch.row(index), PLACE)
        assert.deepEqual([offset, timestamp, key, rawValue?.length], [100 + index, index, `k${index}`, index])
      }
      for (const [index, { offset, key }] of contexts.entries())
        assert.deepEqual([offset, key], [100 + index, `k${index}`])
      for (const index of records.keys()) assert.equal(batch.hasEnded(index), !left.includes(index))
    }
    const settle = (keep: readonly number[]) => {
      for (const index of records.keys()) if (!keep.includes(index) && !batch.hasEnded(index)) batch.settle(index, DONE)
      batch.unreported()
      batch.compact()
      check(keep)
    }
    batch.hold(5)
    batch.hold(39)
    settle(Array.from({ length: 20 }, (_, index) => index + 20).concat(0, 5))
    assert.equal(batch.block.offset(1), 101, 'half of it is not worth it')
    settle([0, 5, 17, 30, 39].filter((index) => index !== 17))
    assert.equal(batch.block.bytes.length, 5 + 30 + 39 + 2 + 2 + 3 + 3, 'only what is left')
    settle([39])
    assert.equal(batch.hold(39), false, 'it is held already')
    assert.equal(batch.unreported(), undefined)
    assert.equal(batch.settle(39, NOT_RUN), true)
    assert.deepEqual([...(batch.unreported() ?? [])], [39 * 4 + NOT_RUN])
  })

  test('tells of a record that is held once, and not at all when it has ended before that is told', () => {
    const batch = three()
    assert.deepEqual([batch.hold(0), batch.hold(0), batch.hold(1)], [true, false, true])
    batch.settle(1, DONE)
    assert.deepEqual([...(batch.unreported() ?? [])], [0 * 4 + HELD, 1 * 4 + DONE])
    assert.equal(batch.hold(0), false)
    batch.settle(0, DONE)
    assert.deepEqual([...(batch.unreported() ?? [])], [0 * 4 + DONE])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { utf8 } from '../../lib/bytes.ts'
import { RecordContext } from '../../lib/consumer/record.ts'
import { deadLetter, type FailureHistory, stubs } from '../../lib/delivery/dead-letter.ts'
import { type Failure, toError } from '../../lib/delivery/failure.ts'
import { PermanentError } from '../../lib/errors.ts'
import { DEAD_LETTER_HEADERS } from '../../lib/headers.ts'
import type { HeaderList } from '../../lib/message.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'

const BYTES = Buffer.from([0x00, 0xff, 0xfe, 0x80])

function source(record: BatchRecord = {}, group = 'billing'): RecordContext {
  return new RecordContext(batchOf(1, [{ offset: 41, ...record }]).block, 0, { topic: 'orders', partition: 3, group })
}

function history(error: unknown = new Error('no luck'), fields: Partial<FailureHistory> = {}): FailureHistory {
  const failure: Failure = { class: 'transient', error: toError(error) }
  return { failure, attempts: 4, firstFailureMs: 1_000, lastFailureMs: 9_000, ...fields }
}

/** Header values as text, and whether any name comes twice. */
function headersOf(headers: HeaderList): Record<string, string | undefined> {
  const names = headers.map(([name]) => name)
  assert.deepEqual(names, [...new Set(names)])
  return Object.fromEntries(headers.map(([name, value]) => [name, value?.toString()]))
}

const added = (error?: unknown, fields?: Partial<FailureHistory>) =>
  headersOf(deadLetter(source(), history(error, fields)).headers)

describe('A dead letter', () => {
  test('has the bytes of the record and all of its headers in order, then those that say where and why', () => {
    const own = [
      ['trace', 'a'],
      ['raw', BYTES],
      ['nothing', null],
      ['trace', 'b'],
      ['', ''],
    ] as const
    const letter = deadLetter(source({ key: BYTES, value: BYTES, timestamp: 77, headers: own }), history())
    assert.deepEqual(letter.key, BYTES)
    assert.deepEqual(letter.value, BYTES)
    assert.deepEqual(
      letter.headers.slice(0, own.length),
      own.map(([name, value]) => [name, typeof value === 'string' ? Buffer.from(value) : value]),
    )
    const { 'x-narad-dlq-stack': stack, ...rest } = headersOf(letter.headers.slice(own.length))
    assert.match(stack ?? '', /^Error: no luck\n {4}at /)
    assert.deepEqual(rest, {
      '__dlq.errors.topic': 'orders',
      '__dlq.errors.partition': '3',
      '__dlq.errors.offset': '41',
      '__dlq.errors.group': 'billing',
      '__dlq.errors.delivery.count': '4',
      '__dlq.errors.message': 'no luck',
      'x-narad-dlq-id': 'orders/3/41/billing',
      'x-narad-dlq-class': 'transient',
      'x-narad-dlq-name': 'Error',
      'x-narad-dlq-first-failure': '1000',
      'x-narad-dlq-last-failure': '9000',
      'x-narad-dlq-attempts': '4',
      'x-narad-dlq-source-timestamp': '77',
      'x-narad-dlq-replays': '0',
    })
  })

  test('keeps null apart from empty', () => {
    const none = deadLetter(source({ key: null, value: null }), history())
    assert.deepEqual([none.key, none.value], [null, null])
    const empty = deadLetter(source({ key: '', value: '' }), history())
    assert.deepEqual([empty.key, empty.value], [Buffer.alloc(0), Buffer.alloc(0)])
  })

  test('replaces the headers of an earlier letter and keeps the count of its replays', () => {
    // Appended, each round would have added some kilobytes, and readers would have seen the first failure as the last.
    const first = deadLetter(source({ headers: [['own', 'x']] }), history(new Error('first')))
    const replayed = first.headers.map(([name, value]) =>
      name === DEAD_LETTER_HEADERS.replays ? ([name, '7'] as const) : ([name, value] as const),
    )
    const again = deadLetter(
      source({ headers: [...replayed, ['x-narad-dlq-truncated', '5']] }),
      history(new PermanentError('second'), { attempts: 1 }),
    )
    const headers = headersOf(again.headers)
    assert.deepEqual(again.headers[0], ['own', Buffer.from('x')])
    assert.equal(headers[DEAD_LETTER_HEADERS.message], 'second')
    assert.equal(headers[DEAD_LETTER_HEADERS.attempts], '1')
    assert.equal(headers[DEAD_LETTER_HEADERS.replays], '7')
    assert.equal(headers[DEAD_LETTER_HEADERS.truncated], undefined)
    assert.equal(again.headers.length, first.headers.length + 1, 'only the code of the error is new')
  })

  test('takes a count of replays that is no number for none', () => {
    for (const value of ['', '-1', 'NaN', '1e9', '9'.repeat(10), '١', BYTES, null]) {
      const letter = deadLetter(source({ headers: [[DEAD_LETTER_HEADERS.replays, value]] }), history())
      assert.equal(headersOf(letter.headers)[DEAD_LETTER_HEADERS.replays], '0')
    }
  })

  test('has one id for each record and group', () => {
    // A crash between the letter and the commit writes the same letter again: this is how readers tell.
    const id = (record: BatchRecord, group?: string) =>
      headersOf(deadLetter(source(record, group), history()).headers)[DEAD_LETTER_HEADERS.id]
    assert.equal(id({ value: 'a' }), id({ value: 'b' }))
    assert.notEqual(id({ offset: 1 }), id({ offset: 2 }))
    assert.notEqual(id({}, 'g'), id({}, 'g/1'))
    assert.equal(id({}, 'лист'), 'orders/3/41/лист')
    assert.equal(id({}, '\ud800'), 'orders/3/41/\ufffd')
  })

  test('says name and code of the error, also a numeric code', () => {
    const refused = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' })
    assert.equal(added(refused)[DEAD_LETTER_HEADERS.name], 'TypeError')
    assert.equal(added(refused)[DEAD_LETTER_HEADERS.code], 'ECONNREFUSED')
    assert.equal(added(Object.assign(new Error('m'), { code: 5 }))[DEAD_LETTER_HEADERS.code], '5')
    assert.equal(added(Object.assign(new Error('m'), { code: {} }))[DEAD_LETTER_HEADERS.code], undefined)
    const permanent = added(undefined, { failure: { class: 'permanent', error: new PermanentError('m') } })
    assert.equal(permanent[DEAD_LETTER_HEADERS.class], 'permanent')
    assert.equal(permanent[DEAD_LETTER_HEADERS.code], 'NARAD_PERMANENT')
  })

  test('has a time of the record only where the record has one', () => {
    assert.ok(!(DEAD_LETTER_HEADERS.sourceTimestamp in added()))
  })

  test('stays small whatever the error is like', () => {
    const huge = Object.assign(new Error('m'.repeat(1 << 20)), { code: 'c'.repeat(1 << 20), name: 'n'.repeat(1 << 20) })
    huge.stack = `${'é'.repeat(1 << 20)}`
    const headers = added(huge)
    assert.equal(Buffer.byteLength(headers[DEAD_LETTER_HEADERS.message] ?? ''), 4_096)
    assert.equal(headers[DEAD_LETTER_HEADERS.stack], 'é'.repeat(2_048))
    assert.equal(headers[DEAD_LETTER_HEADERS.name]?.length, 256)
    assert.equal(headers[DEAD_LETTER_HEADERS.code]?.length, 256)
  })

  test('is made of any error: without a stack, with lone surrogates, with fields that throw', () => {
    const bare = new Error('half \ud800 a pair')
    delete bare.stack
    assert.equal(added(bare)[DEAD_LETTER_HEADERS.message], 'half \ufffd a pair')
    assert.ok(!(DEAD_LETTER_HEADERS.stack in added(bare)))
    for (const thrown of [Symbol('boom'), undefined, Object.create(null)]) {
      assert.match(added(toError(thrown))[DEAD_LETTER_HEADERS.message] ?? '', /^The handler threw /)
    }
    const error = new Error('m')
    // the stack first: V8 reads the others to make it
    for (const field of ['stack', 'name', 'message', 'code']) {
      Object.defineProperty(error, field, { get: () => assert.fail(`${field} was read`) })
    }
    const headers = added(undefined, { failure: { class: 'transient', error } })
    assert.equal(headers[DEAD_LETTER_HEADERS.message], '')
    assert.equal(headers[DEAD_LETTER_HEADERS.name], 'Error')
  })

  test('shows no secret of the error', () => {
    const error = new Error('connect postgres://user:hunter2@db/orders failed')
    assert.doesNotMatch(JSON.stringify(added(error)), /hunter2/)
  })
})

describe('The stubs of a dead letter that is too large', () => {
  const letter = deadLetter(
    source({
      key: 'key',
      value: 'x'.repeat(100),
      headers: [
        ['own', 'abc'],
        ['no', null],
      ],
    }),
    history(),
  )
  const [first, second] = stubs(letter)

  test('have first the key and the headers, then nothing but where and why', () => {
    const truncated = ['x-narad-dlq-truncated', String(3 + 100 + 6 + 2)] as const
    assert.equal(stubs(letter).length, 2)
    assert.deepEqual(first, { key: letter.key, value: null, headers: [...letter.headers, truncated] })
    assert.deepEqual(second, { key: null, value: null, headers: [...letter.headers.slice(2), truncated] })
    assert.equal(headersOf(second?.headers ?? [])['x-narad-dlq-id'], 'orders/3/41/billing')
  })
})

describe('utf8', () => {
  test('cuts after the last whole character', () => {
    for (const [text, most, expected] of [
      ['abc', 3, 'abc'],
      ['abcd', 3, 'abc'],
      ['aé', 2, 'a'],
      ['aé', 3, 'aé'],
      ['a€b', 3, 'a'],
      ['a€b', 4, 'a€'],
      ['😀', 3, ''],
      ['😀', 4, '😀'],
      ['abc😀', 4, 'abc'],
      ['a😀😀', 8, 'a😀'],
      ['', 0, ''],
      ['é', 0, ''],
    ] as const) {
      assert.equal(utf8(text, most).toString(), expected, `${text} in ${most} bytes`)
    }
  })
})

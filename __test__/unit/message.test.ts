import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArgumentError } from '../../lib/errors.ts'
import { HEADERS } from '../../lib/headers.ts'
import {
  checkHeaders,
  checkKey,
  checkPartition,
  checkTimestamp,
  type HeadersInput,
  message,
  messageFields,
} from '../../lib/message.ts'

test('a builder collects what goes beside the value', () => {
  const built = message({ id: 1 })
    .key('order-1')
    .header('trace', 'abc')
    .headers({ raw: Buffer.from([1]), none: null, empty: '' })
    .partition(0)
    .timestamp(new Date(1_700_000_000_000))
  assert.deepEqual(messageFields(built), {
    value: { id: 1 },
    key: 'order-1',
    headers: [
      ['trace', 'abc'],
      ['raw', Buffer.from([1])],
      ['none', null],
      ['empty', ''],
    ],
    partition: 0,
    timestamp: 1_700_000_000_000,
  })
})

test('a fresh builder has no key, and a null value stays one', () => {
  assert.deepEqual(messageFields(message(null)), { value: null, key: null, headers: [] })
})

test('every method returns a new builder and leaves the old one alone', () => {
  const template = message('v').header('a', '1')
  const changed = template.key('k').header('a', '2')
  assert.deepEqual(messageFields(template), { value: 'v', key: null, headers: [['a', '1']] })
  assert.deepEqual(messageFields(changed), { value: 'v', key: 'k', headers: [['a', '2']] })
  assert.ok(Object.isFrozen(messageFields(template)))
})

test('ids, event type and source go into their headers, the last one given counting', () => {
  const built = message('v')
    .correlationId('c')
    .conversationId('v')
    .causationId('e')
    .messageId('m')
    .source('shop')
    .eventType('a')
    .eventType('order.created')
  assert.deepEqual(messageFields(built)?.headers, [
    [HEADERS.correlationId, 'c'],
    [HEADERS.conversationId, 'v'],
    [HEADERS.causationId, 'e'],
    [HEADERS.messageId, 'm'],
    [HEADERS.source, 'shop'],
    [HEADERS.eventType, 'order.created'],
  ])
  assert.throws(() => message('v').correlationId(undefined as never), ArgumentError)
})

test('an array repeats its header, in order', () => {
  const built = message('v').header('via', ['a', Buffer.from('b'), null])
  assert.deepEqual(messageFields(built)?.headers, [
    ['via', 'a'],
    ['via', Buffer.from('b')],
    ['via', null],
  ])
})

test('a header named like a property of objects is a header', () => {
  // Built by plain assignment, `__proto__` changed the prototype and was lost.
  assert.deepEqual(messageFields(message('v').header('__proto__', 'a').header('constructor', 'b'))?.headers, [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
})

test('null, undefined, empty, bytes and ids are keys, and everything else is an error', () => {
  assert.equal(checkKey(null, 'key'), null)
  assert.equal(checkKey(undefined, 'key'), null)
  assert.equal(checkKey('', 'key'), '')
  assert.equal(checkKey(42, 'key'), '42')
  assert.equal(checkKey(42n, 'key'), '42')
  assert.deepEqual(checkKey(new Uint8Array([0]), 'key'), Buffer.from([0]))
  for (const key of [1.5, Number.NaN, 2 ** 53, true, {}, ['a'], new Date(), Symbol('s'), () => 1]) {
    assert.throws(
      () => checkKey(key, 'key of record 3'),
      (error) => {
        assert.ok(error instanceof ArgumentError)
        assert.match(error.message, /^The key of record 3 must be a string, a Buffer/)
        return true
      },
    )
  }
  assert.throws(() => checkKey('a\ud800', 'key'), /lone surrogate/)
})

test('header values that are not text, bytes or null are an error that names the header', () => {
  for (const value of [1, true, {}, [1], [undefined], new Date()]) {
    assert.throws(
      () => message('v').headers({ attempt: value } as unknown as HeadersInput),
      (error) => {
        assert.ok(error instanceof ArgumentError)
        assert.match(error.message, /header "attempt" in the headers must be a string, a Buffer or null/)
        return true
      },
    )
  }
  assert.throws(() => checkHeaders({ 'a\0': 'x' }, 'headers'), /name "a\\u0000"/)
  assert.throws(() => checkHeaders({ '': 'x' }, 'headers'), ArgumentError)
  assert.throws(() => checkHeaders('a', 'headers of record 1'), /headers of record 1 must be an object/)
  assert.deepEqual(checkHeaders({ left: undefined }, 'headers'), [])
  assert.deepEqual(checkHeaders(undefined, 'headers'), [])
})

test('partitions are whole numbers from 0', () => {
  assert.equal(checkPartition(0, 'partition'), 0)
  for (const partition of [-1, 1.5, Number.NaN, 2 ** 31, '0', null, undefined]) {
    assert.throws(() => checkPartition(partition, 'partition'), ArgumentError)
  }
})

test('timestamps are Dates, milliseconds, or milliseconds as text, and never 0', () => {
  assert.equal(checkTimestamp(1, 'timestamp'), 1)
  assert.equal(checkTimestamp(new Date(5), 'timestamp'), 5)
  assert.equal(checkTimestamp('1522264706000', 'timestamp'), 1_522_264_706_000)
  for (const timestamp of [
    0,
    -1,
    1.5,
    Number.NaN,
    2 ** 53,
    new Date(Number.NaN),
    '',
    'today',
    '2025-01-01',
    null,
    {},
  ]) {
    assert.throws(() => checkTimestamp(timestamp, 'timestamp'), ArgumentError, String(timestamp))
  }
})

test('a builder of another copy of the package is recognised, and data that looks like one is not', () => {
  const foreign = { [Symbol.for('narad.message')]: messageFields(message('v').key('k')) }
  assert.equal(messageFields(foreign)?.key, 'k')
  for (const value of [null, undefined, 'v', {}, JSON.parse('{"Symbol(narad.message)":{"key":"k"}}')]) {
    assert.equal(messageFields(value), undefined)
  }
})

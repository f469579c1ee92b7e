import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { resolveSubscription } from '../../lib/consumer/subscribe-options.ts'

const json = resolveCodec('json')
const resolve = (topics: unknown, options?: unknown) => resolveSubscription(topics, options, json)

// What is refused is tested with the service, in bad-input.test.ts.
describe('A subscription', () => {
  test('has the documented defaults', () => {
    assert.deepEqual(resolve('orders'), {
      topics: ['orders'],
      patterns: [],
      group: undefined,
      fromBeginning: undefined,
      concurrency: 16,
      ordering: 'key',
      codec: json,
      batch: undefined,
    })
  })

  test('takes names and patterns together, each name once', () => {
    const { topics, patterns } = resolve(['a', /^b/, 'c', 'a', /d$/i])
    assert.deepEqual(topics, ['a', 'c'])
    assert.deepEqual(patterns, [/^b/, /d$/i])
  })

  test('forgets the flags that make a RegExp remember where it was', () => {
    const given = /^b/giy
    given.lastIndex = 5
    assert.deepEqual(resolve(given).patterns, [/^b/i])
    assert.equal(given.lastIndex, 5, 'the one that was given is left alone')
  })

  test('takes its options', () => {
    const options = { group: 'g', fromBeginning: true, concurrency: 10_000, ordering: 'none', codec: 'string' }
    const { group, fromBeginning, concurrency, ordering, codec } = resolve('t', options)
    assert.deepEqual({ group, fromBeginning, concurrency, ordering, codec: codec.name }, options)
  })

  test('takes batches with their defaults or their own limits', () => {
    assert.deepEqual(resolve('t', { batch: true }).batch, { maxMessages: 1_000, maxWaitMs: 0 })
    assert.deepEqual(resolve('t', { batch: {} }).batch, { maxMessages: 1_000, maxWaitMs: 0 })
    assert.deepEqual(resolve('t', { batch: { maxMessages: 5, maxWaitMs: 60_000 } }).batch, {
      maxMessages: 5,
      maxWaitMs: 60_000,
    })
    assert.equal(resolve('t', { batch: false }).batch, undefined)
    assert.equal(resolve('t', { batch: undefined, concurrency: 2 }).concurrency, 2)
  })
})

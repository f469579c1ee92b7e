import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { resolveSubscription } from '../../lib/consumer/subscribe-options.ts'

const json = resolveCodec('json')
const resolve = (topics: unknown, options?: unknown, dlqTopic?: string) =>
  resolveSubscription(topics, options, { codec: json, maxRetries: 3, ...(dlqTopic === undefined ? {} : { dlqTopic }) })

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
      commit: 'auto',
      codec: json,
      batch: undefined,
      use: [],
      delivery: {
        maxRetries: 3,
        initialDelayMs: 1_000,
        maxDelayMs: 30_000,
        givenUp: 'park',
        deadLetterTopic: undefined,
        retryTopicsMs: [],
        outage: { keys: 10, initialDelayMs: 1_000, maxDelayMs: 30_000 },
        classify: undefined,
        timeoutMs: 60_000,
      },
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

  test('refuses retry topics without being told that order is given up, and for batches', () => {
    const retry = { topics: [{ delayMs: 60_000 }] }
    const message = /"retry\.topics" gives up the order of records: .* Say so with "ordering: 'none'"/
    for (const options of [{ retry }, { retry, ordering: 'key' }, { retry, ordering: 'partition' }]) {
      assert.throws(() => resolve('orders', options), message)
    }
    assert.deepEqual(resolve('orders', { retry, ordering: 'none' }).delivery.retryTopicsMs, [60_000])
    assert.throws(() => resolve('orders', { retry, batch: true }), /"retry\.topics" is for handlers of single records/)
  })

  test('refuses to send dead letters to a topic that it reads', () => {
    // Each letter would have been handled, failed, and become another letter.
    const message = /dead letters of orders would go to orders itself/
    assert.throws(() => resolve(['a', 'orders'], { dlq: { topic: 'orders' } }), message)
    assert.throws(() => resolve('orders', {}, 'orders'), message)
    assert.equal(resolve('orders', { dlq: false }, 'orders').delivery.deadLetterTopic, undefined)
    assert.equal(resolve('orders', { dlq: { topic: 'other' } }, 'orders').delivery.deadLetterTopic, 'other')
  })
})

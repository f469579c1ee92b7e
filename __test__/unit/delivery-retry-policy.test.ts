import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Failure } from '../../lib/delivery/failure.ts'
import { resolveDelivery } from '../../lib/delivery/options.ts'
import { backOffMs, nextStep } from '../../lib/delivery/retry-policy.ts'

const delivery = (options: Record<string, unknown> = {}) => resolveDelivery(options, { maxRetries: 3 })
const failure = (of: Failure['class'], retryAfterMs?: number): Failure => {
  const error = new Error('m')
  return retryAfterMs === undefined ? { class: of, error } : { class: of, error, retryAfterMs }
}
const most = () => 1 - Number.EPSILON
const least = () => 0

describe('After an attempt that failed', () => {
  test('a business error is done', () => {
    assert.deepEqual(nextStep(delivery(), failure('business'), 1), { kind: 'done' })
    assert.deepEqual(nextStep(delivery({ dlq: false }), failure('business'), 4), { kind: 'done' })
  })

  test('a permanent error gives the record up at once', () => {
    assert.deepEqual(nextStep(delivery(), failure('permanent'), 1), { kind: 'park' })
    assert.deepEqual(nextStep(delivery({ dlq: false }), failure('permanent'), 1), { kind: 'stop' })
    const skip = delivery({ dlq: false, onExhausted: 'skip' })
    assert.deepEqual(nextStep(skip, failure('permanent'), 1), { kind: 'skip' })
  })

  test('any other is tried again maxRetries times, and then given up', () => {
    const kinds = (options: Record<string, unknown>) =>
      [1, 2, 3, 4, 5].map((attempt) => nextStep(delivery(options), failure('transient'), attempt).kind)
    assert.deepEqual(kinds({}), ['retry', 'retry', 'retry', 'park', 'park'])
    assert.deepEqual(kinds({ retry: { maxRetries: 1 } }), ['retry', 'park', 'park', 'park', 'park'])
    assert.deepEqual(kinds({ retry: false }), ['park', 'park', 'park', 'park', 'park'])
    assert.deepEqual(kinds({ retry: { maxRetries: 4 }, dlq: false }).slice(3), ['retry', 'stop'])
  })

  test('the wait is what the error says, never less, whatever the back-off', () => {
    const step = (retryAfterMs: number) => nextStep(delivery(), failure('transient', retryAfterMs), 1, least)
    assert.deepEqual(step(600_000), { kind: 'retry', afterMs: 600_000 })
    assert.deepEqual(step(0.4), { kind: 'retry', afterMs: 1 })
    assert.deepEqual(step(0), { kind: 'retry', afterMs: 0 })
    assert.deepEqual(nextStep(delivery(), failure('transient', 5), 4), { kind: 'park' })
  })

  test('the wait is drawn from 0 to a time that doubles from 1 s to 30 s', () => {
    const at = (random: () => number) =>
      [1, 2, 3, 4, 5, 6, 7, 2_147_483_647].map((attempt) => backOffMs(delivery(), attempt, random))
    assert.deepEqual(at(most), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    assert.deepEqual(at(least), [0, 0, 0, 0, 0, 0, 0, 0])
    assert.deepEqual(at(() => 0.5).slice(0, 3), [500, 1_000, 2_000])
    const step = nextStep(delivery(), failure('transient'), 3, () => 0.25)
    assert.deepEqual(step, { kind: 'retry', afterMs: 1_000 })
  })

  test('the wait follows the options, and stays one that a timer can wait', () => {
    const own = delivery({ retry: { initialDelayMs: 10, maxDelayMs: 25 } })
    assert.deepEqual(
      [1, 2, 3].map((attempt) => backOffMs(own, attempt, most)),
      [10, 20, 25],
    )
    const none = delivery({ retry: { initialDelayMs: 0, maxDelayMs: 10 } })
    assert.equal(backOffMs(none, 5_000, most), 0)
    const longest = delivery({ retry: { initialDelayMs: 1, maxDelayMs: 2_147_483_647 } })
    assert.equal(backOffMs(longest, 5_000, most), 2_147_483_647)
  })

  test('waits are spread evenly', () => {
    const waits = Array.from({ length: 10_000 }, () => backOffMs(delivery(), 1))
    for (const quarter of [0, 250, 500, 750]) {
      const inside = waits.filter((wait) => wait >= quarter && wait < quarter + 250).length
      assert.ok(inside > 2_200 && inside < 2_800, `${inside} waits from ${quarter} ms`)
    }
    assert.ok(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait <= 1_000))
  })
})

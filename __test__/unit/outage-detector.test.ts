import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Failure } from '../../lib/delivery/failure.ts'
import { type OutageChange, OutageDetector, type OutageSign } from '../../lib/delivery/outage.ts'
import { retry, returnedFailure } from '../../lib/delivery/verdict.ts'
import { PermanentError, TransientError } from '../../lib/errors.ts'

const refused = (message = 'connect ECONNREFUSED') => Object.assign(new Error(message), { code: 'ECONNREFUSED' })
const transient = (error: Error = refused()): Failure => ({ class: 'transient', error })

function setUp(keys = 3) {
  const changes: OutageChange[] = []
  const policy = { keys, initialDelayMs: 100, maxDelayMs: 400 }
  const detector = new OutageDetector(
    policy,
    (change) => changes.push(change),
    () => 1 - Number.EPSILON,
  )
  const fail = (...given: string[]): OutageSign[] => given.map((key) => detector.failed(transient(), key))
  return { detector, changes, fail }
}

describe('An outage', () => {
  test('begins with the key of many that failed alike, one after the other, and is told once', () => {
    const { detector, changes, fail } = setUp()
    assert.deepEqual(fail('a', 'b'), ['first', 'suspected'])
    assert.equal(detector.isOn, false)
    assert.deepEqual(fail('c', 'd'), ['began', 'lasting'])
    assert.deepEqual(
      changes.map(({ state, error }) => [state, 'code' in error && error.code]),
      [['began', 'ECONNREFUSED']],
    )
    assert.equal(detector.current, changes[0])
  })

  test('is no key that fails again and again', () => {
    const { detector, fail } = setUp()
    for (let attempt = 0; attempt < 100; attempt += 1) assert.deepEqual(fail('poison'), ['first'])
    assert.equal(detector.isOn, false)
  })

  test('is not when others succeed in between', () => {
    const { detector, fail } = setUp()
    for (let round = 0; round < 100; round += 1) {
      assert.deepEqual(fail(`a${round}`, `b${round}`), ['first', 'suspected'])
      assert.equal(detector.hasFailures, true)
      detector.succeeded()
      assert.equal(detector.hasFailures, false)
    }
    assert.equal(detector.isOn, false)
  })

  // Bad records were tried again together when the good ones were done, and then were taken for an outage.
  test('is not of records that failed while others succeeded, when these are done', () => {
    const { detector, fail } = setUp()
    const rounds = ['a', 'b', 'c', 'd'].map((key) => {
      const { round } = detector
      fail(key)
      detector.succeeded()
      return [key, round] as const
    })
    for (const [key, round] of rounds) assert.equal(detector.failed(transient(), key, round), 'none')
    assert.deepEqual([detector.isOn, detector.hasFailures], [false, false])
    assert.deepEqual(fail('e', 'f', 'g'), ['first', 'suspected', 'began'])
  })

  test('is not of records that are bad, refused, or to be retried by a verdict', () => {
    const { detector } = setUp()
    const asked = returnedFailure(retry({ afterMs: 5 })) as Failure
    const failures: Failure[] = [
      { class: 'permanent', error: new PermanentError('bad') },
      { class: 'business', error: new Error('no') },
      asked,
    ]
    for (let key = 0; key < 30; key += 1) {
      assert.equal(detector.failed(failures[key % 3] as Failure, String(key)), 'none')
    }
    assert.deepEqual([detector.isOn, detector.hasFailures], [false, false])
  })

  test('is told by name and code of the error and its causes, and not by the message', () => {
    const { detector } = setUp()
    const wrapped = (text: string) => transient(new TransientError(text, { cause: refused(text) }))
    assert.equal(detector.failed(wrapped('one'), 'a'), 'first')
    assert.equal(detector.failed(transient(new TypeError('other')), 'b'), 'first')
    assert.equal(detector.failed(wrapped('two'), 'c'), 'suspected')
    assert.equal(detector.failed(transient(new TransientError('without a cause')), 'd'), 'first')
    assert.equal(detector.failed(wrapped('three'), 'e'), 'began')
  })

  test('keeps no more kinds of errors than it needs, and reads none that throws at being read', () => {
    const { detector } = setUp()
    for (let kind = 0; kind < 10_000; kind += 1) {
      detector.failed(transient(Object.assign(new Error('x'), { code: String(kind) })), 'k')
    }
    const hostile = new Error('x')
    Object.defineProperty(hostile, 'code', { get: () => assert.fail('hostile') })
    for (const key of ['a', 'b']) detector.failed(transient(hostile), key)
    assert.equal(detector.failed(transient(hostile), 'c'), 'began')
  })

  test('is not suspected from one batch that failed as a whole, but with a record of it that fails alone', () => {
    const { detector } = setUp(2)
    const calls: Array<[key: string | undefined, sign: OutageSign]> = [
      [undefined, 'first'],
      [undefined, 'first'],
      ['a', 'suspected'],
      ['a', 'suspected'],
      ['b', 'began'],
    ]
    for (const [key, sign] of calls) assert.equal(detector.failed(transient(), key), sign)
  })

  test('is never without a policy', () => {
    const detector = new OutageDetector(undefined, () => assert.fail('told'))
    for (let key = 0; key < 100; key += 1) assert.equal(detector.failed(transient(), String(key)), 'none')
    assert.equal(detector.hasFailures, false)
  })
})

describe('An outage that the first probe finds over', () => {
  // Records that all failed at their first attempt, and at none after it, were an outage again and again: 20,000 of them
  // took more than five minutes instead of three seconds.
  test('is doubted: the next takes twice as many keys, until a probe fails', () => {
    const { detector, fail } = setUp()
    const keysOfNext = () => {
      for (let keys = 1; ; keys += 1) {
        if (fail(`k${keys}`)[0] !== 'began') continue
        detector.nextProbeMs()
        return keys
      }
    }
    const counts = Array.from({ length: 10 }, () => {
      const keys = keysOfNext()
      detector.probed(undefined, true)
      return keys
    })
    assert.deepEqual(counts, [3, 6, 12, 24, 48, 96, 192, 384, 384, 384])
    keysOfNext()
    detector.probed(transient(), true)
    detector.probed(undefined, true)
    assert.equal(keysOfNext(), 3)
  })
})

describe('The probes of an outage', () => {
  test('come later each time while they fail, whatever the error', () => {
    const { detector, fail } = setUp()
    fail('a', 'b', 'c')
    assert.equal(detector.nextProbeMs(), 100)
    const waits = [refused(), new Error('starting up'), refused()].map((error) => {
      return detector.probed(transient(error), true)
    })
    assert.deepEqual([waits, detector.isOn], [[200, 400, 400], true])
  })

  test('end it when one succeeds, not when a record succeeds that is none', () => {
    const { detector, changes, fail } = setUp()
    fail('a', 'b', 'c')
    detector.succeeded()
    assert.equal(detector.isOn, true, 'that record had begun before')
    assert.equal(detector.probed(undefined, false), undefined)
    assert.deepEqual([detector.isOn, detector.hasFailures], [false, false])
    assert.deepEqual(
      changes.map(({ state, durationMs }) => [state, typeof durationMs]),
      [
        ['began', 'undefined'],
        ['ended', 'number'],
      ],
    )
    assert.deepEqual(fail('a', 'b'), ['first', 'suspected'], 'it starts anew')
  })

  test('end it when a record that had failed like all now fails by itself; a new one that is bad tells nothing', () => {
    const { detector, fail } = setUp()
    const bad: Failure = { class: 'permanent', error: new PermanentError('bad') }
    fail('a', 'b', 'c')
    assert.deepEqual([detector.probed(bad, false), detector.isOn], [0, true])
    assert.deepEqual([detector.probed(bad, true), detector.isOn], [undefined, false])
  })
})

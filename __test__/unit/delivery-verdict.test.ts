import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import type * as verdicts from '../../lib/delivery/verdict.ts'
import { ack, deadLetter, retry, returnedFailure, returnedFailures } from '../../lib/delivery/verdict.ts'
import { ArgumentError, PermanentError, TransientError } from '../../lib/errors.ts'

const throwsAtEverything = new Proxy({}, { get: () => assert.fail('get'), has: () => assert.fail('has') })
const answersEverything: object = new Proxy({}, { get: () => answersEverything })

describe('A verdict', () => {
  test('ack means that the record is done', () => {
    assert.equal(returnedFailure(ack), undefined)
  })

  test('retry is a transient failure, with the time that was given', () => {
    const failure = returnedFailure(retry())
    assert.equal(failure?.class, 'transient')
    assert.ok(failure?.error instanceof TransientError)
    assert.equal(failure?.retryAfterMs, undefined)
    assert.equal(returnedFailure(retry({ afterMs: 0 }))?.retryAfterMs, 0)
    assert.equal(returnedFailure(retry({ afterMs: 60_000 }))?.retryAfterMs, 60_000)
  })

  test('retry refuses what is no time to wait', () => {
    for (const afterMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5']) {
      assert.throws(
        () => retry({ afterMs: afterMs as number }),
        (error) => error instanceof ArgumentError && error.message.startsWith('Option "afterMs" of retry() must be'),
      )
    }
  })

  test('deadLetter is a permanent failure with the reason, or the error that was given', () => {
    const failure = returnedFailure(deadLetter('no such customer'))
    assert.equal(failure?.class, 'permanent')
    assert.ok(failure?.error instanceof PermanentError)
    assert.equal(failure?.error.message, 'no such customer')
    const error = new RangeError('too old')
    assert.equal(returnedFailure(deadLetter(error))?.error, error)
    const wrong = returnedFailure(deadLetter(undefined as unknown as string))
    assert.match(wrong?.error.message ?? '', /undefined/)
  })

  test('shows in the stack of its error where the handler returned it', () => {
    function chargeHandler() {
      return [retry(), deadLetter('no')]
    }
    for (const verdict of chargeHandler()) {
      const [, first] = returnedFailure(verdict)?.error.stack?.split('\n') ?? []
      assert.match(first ?? '', /chargeHandler/)
    }
  })

  test('holds across two copies of the package', () => {
    const require = createRequire(import.meta.url)
    const path = require.resolve('../../lib/delivery/verdict.ts')
    delete require.cache[path]
    const copy: typeof verdicts = require(path)
    assert.notEqual(copy.ack, ack)
    assert.equal(returnedFailure(copy.retry({ afterMs: 7 }))?.retryAfterMs, 7)
    assert.deepEqual(returnedFailures([copy.ack, copy.ack], 2), [undefined, undefined])
  })

  test('is nothing else: any other return value means that the record is done', () => {
    const others = [undefined, null, 0, 'retry', Symbol('s'), {}, [], retry, new Error('m'), { class: 'permanent' }]
    for (const value of [...others, throwsAtEverything, answersEverything]) {
      assert.equal(returnedFailure(value), undefined)
      assert.equal(returnedFailures(value, 2), undefined)
    }
  })
})

describe('What a batch handler returns', () => {
  test('is one verdict for all of its records', () => {
    assert.equal(returnedFailures(ack, 3), undefined)
    const failures = returnedFailures(retry({ afterMs: 5 }), 3)
    assert.deepEqual(
      failures?.map((failure) => failure?.retryAfterMs),
      [5, 5, 5],
    )
  })

  test('is a verdict for each, where anything else means done', () => {
    const failures = returnedFailures([ack, deadLetter('no'), undefined, retry()], 4)
    assert.deepEqual(
      failures?.map((failure) => failure?.class),
      [undefined, 'permanent', undefined, 'transient'],
    )
  })

  test('is no verdict when it is an array of something else', () => {
    assert.equal(returnedFailures([{ id: 1 }, { id: 2 }, { id: 3 }], 2), undefined)
    assert.equal(returnedFailures([throwsAtEverything, answersEverything], 2), undefined)
  })

  test('is refused when its verdicts are not as many as the records', () => {
    // Taken by their index, the verdicts of a filtered array would have parked records that were done.
    assert.throws(() => returnedFailures([deadLetter('no')], 2), /returned 1 verdicts for 2 records/)
    assert.throws(() => returnedFailures([ack, ack, ack], 2), ArgumentError)
  })
})

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import vm from 'node:vm'
import { type Classify, classify, toError } from '../../lib/delivery/failure.ts'
import * as errors from '../../lib/errors.ts'
import {
  ArgumentError,
  BusinessError,
  DecodeError,
  HandlerError,
  HandlerTimeoutError,
  PermanentError,
  TransientError,
} from '../../lib/errors.ts'

const throwing = (what: string) => () => assert.fail(`${what} was read`)
const throwsAtEverything = new Proxy(new Error('p'), {
  get: throwing('a field'),
  has: throwing('a brand'),
  getPrototypeOf: throwing('the prototype'),
})
const withGetter = (name: string) => Object.defineProperty(new Error('plain'), name, { get: throwing(name) })
const withField = (name: string, value: unknown) => Object.defineProperty(new Error('plain'), name, { value })

describe('classify', () => {
  test('goes by the class of the error, and takes any other for transient', () => {
    const cases: Array<[unknown, string]> = [
      [new PermanentError('m'), 'permanent'],
      [new DecodeError('m'), 'permanent'],
      [new BusinessError('m'), 'business'],
      [new TransientError('m'), 'transient'],
      [new HandlerTimeoutError('m'), 'transient'],
      // `fetch failed` is a TypeError, and passes
      [new TypeError('fetch failed'), 'transient'],
      [new Error('m'), 'transient'],
      [new errors.RecordTooLargeError('m'), 'transient'],
      [undefined, 'transient'],
    ]
    for (const [thrown, expected] of cases) assert.equal(classify(thrown).class, expected, String(thrown))
    const error = new Error('m')
    assert.deepEqual(Object.entries(classify(error)), [
      ['class', 'transient'],
      ['error', error],
    ])
  })

  test('knows the classes that a user derives', () => {
    class AddressError extends PermanentError {}
    assert.equal(classify(new AddressError('m')).class, 'permanent')
  })

  test('knows the errors of another copy of the package', () => {
    const require = createRequire(import.meta.url)
    for (const path of ['../../lib/errors.ts', '../../lib/kafka-error.ts']) delete require.cache[require.resolve(path)]
    const copy: typeof errors = require('../../lib/errors.ts')
    assert.notEqual(copy.PermanentError, PermanentError)
    assert.equal(classify(new copy.PermanentError('m')).class, 'permanent')
    assert.equal(classify(new copy.BusinessError('m')).class, 'business')
    assert.equal(classify(new copy.TransientError('m', { retryAfterMs: 7 })).retryAfterMs, 7)
  })

  test('follows the causes, the outermost that says it first', () => {
    const cause = new PermanentError('no such customer')
    const wrapped = new Error('charging failed', { cause: new Error('api', { cause }) })
    const { class: failureClass, error } = classify(wrapped)
    assert.equal(failureClass, 'permanent')
    assert.equal(error, wrapped)
    assert.equal(classify(new TransientError('later', { cause })).class, 'transient')
    assert.equal(classify({ cause }).class, 'permanent')
  })

  test('follows causes neither in circles nor without end', () => {
    const [one, two] = [new Error('one'), new Error('two')]
    one.cause = two
    two.cause = one
    assert.equal(classify(one).class, 'transient')
    let deep: Error = new PermanentError('m')
    for (let level = 0; level < 100_000; level += 1) deep = Object.assign(new Error('m'), { cause: deep })
    assert.equal(classify(deep).class, 'transient')
  })

  test('takes the time of the next attempt from a TransientError or any error that has one', () => {
    const later = new TransientError('rate limited', { retryAfterMs: 5_000 })
    assert.equal(classify(later).retryAfterMs, 5_000)
    assert.equal(classify(new Error('m', { cause: later })).retryAfterMs, 5_000)
    assert.equal(classify(Object.assign(new Error('m'), { retryAfterMs: 0 })).retryAfterMs, 0)
    for (const retryAfterMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}]) {
      assert.equal(classify(Object.assign(new Error('m'), { retryAfterMs })).retryAfterMs, undefined)
    }
    assert.equal(classify(Object.assign(new PermanentError('m'), { retryAfterMs: 5 })).retryAfterMs, undefined)
  })

  test('lets the option decide first, with what was thrown as it was', () => {
    const thrown = { status: 404 }
    const seen: unknown[] = []
    const custom: Classify = (error) => {
      seen.push(error)
      return 'permanent'
    }
    assert.equal(classify(thrown, custom).class, 'permanent')
    assert.equal(seen[0], thrown)
    assert.equal(classify(new PermanentError('m'), () => 'transient').class, 'transient')
    assert.equal(classify(new PermanentError('m'), () => undefined).class, 'permanent')
  })

  test('takes a failure for transient, and says so, when the option throws or answers something else', async () => {
    const cause = new RangeError('bug in classify')
    const { class: failureClass, error } = classify(new PermanentError('bad address'), () => {
      throw cause
    })
    assert.equal(failureClass, 'transient')
    assert.ok(error instanceof ArgumentError)
    assert.equal(error.cause, cause)
    assert.match(error.message, /Option "classify" failed \(bug in classify\) for the error: bad address/)
    const async: unknown = async () => assert.fail('a rejection that nobody handles would end the process')
    for (const custom of [() => 'Permanent', () => null, async] as unknown as Classify[]) {
      const failure = classify(new PermanentError('m'), custom)
      assert.equal(failure.class, 'transient')
      assert.match(failure.error.message, /must return "permanent", "transient", "business" or undefined/)
    }
  })
})

describe('What is no error, or none that can be read, becomes one that says what was thrown', () => {
  const cases: Array<[what: string, thrown: unknown, message: RegExp]> = [
    ['undefined', undefined, /threw undefined\.$/],
    ['null', null, /threw null\.$/],
    ['text', 'no luck\n', /threw "no luck\\n"\.$/],
    ['a number', 404, /threw 404 \(a number\)\.$/],
    ['a Symbol', Symbol('boom'), /threw Symbol\(boom\)\.$/],
    ['a function', () => {}, /threw a function\.$/],
    ['an object', { status: 404 }, /threw an object\.$/],
    ['an object with a message', { message: 'no luck' }, /threw an object with the message "no luck"\.$/],
    ['an object without prototype', Object.create(null), /threw an object\.$/],
    ['an error whose message is an object', withField('message', { code: 5 }), /threw an object of type "Error"\.$/],
    ['an error whose name is an object', withField('name', {}), /type "Error" with the message "plain"\.$/],
    ['an error whose stack is a number', withField('stack', 5), /type "Error" with the message "plain"\.$/],
    ['an error whose message throws', withGetter('message'), /threw something that cannot be read\.$/],
    ['an error whose stack throws', withGetter('stack'), /threw something that cannot be read\.$/],
    ['a proxy that throws at everything', throwsAtEverything, /threw something that cannot be read\.$/],
  ]
  for (const [what, thrown, message] of cases) {
    test(what, () => {
      const { class: failureClass, error } = classify(thrown)
      assert.equal(failureClass, 'transient')
      assert.ok(error instanceof HandlerError)
      assert.match(error.message, message)
    })
  }

  test('an error whose cause throws is itself', () => {
    const error = withGetter('cause')
    assert.equal(classify(error).error, error)
  })

  test('an error of another realm is itself', () => {
    // Under Jest, Node's own errors are no instances of the Error that the tests see.
    const foreign: unknown = vm.runInNewContext('new TypeError("fetch failed")')
    assert.ok(!(foreign instanceof Error))
    assert.equal(toError(foreign), foreign)
  })

  test('a secret in what was thrown is not said', () => {
    assert.doesNotMatch(classify('login with password=hunter2 failed').error.message, /hunter2/)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { DeliveryLog } from '../../lib/consumer/delivery-log.ts'
import type { RecordContext } from '../../lib/consumer/record.ts'
import { classify } from '../../lib/delivery/failure.ts'
import { HandlerError, type KafkaError } from '../../lib/errors.ts'
import { ServiceEmitter } from '../../lib/events.ts'
import { createLogger } from '../../lib/logger.ts'

const PLACE = { topic: 't', partition: 1, offset: 7, key: 'k', group: 'g' }
const CONTEXT = { ...PLACE, toJSON: () => PLACE } as unknown as RecordContext

/** The error about a record whose handler threw this, and whose partition stops. */
function stoppedBy(thrown: unknown): KafkaError {
  const errors: KafkaError[] = []
  const log = new DeliveryLog(createLogger({ level: 'silent', write: () => {} }), new ServiceEmitter(), (error) =>
    errors.push(error),
  )
  log.onFailure(classify(thrown), CONTEXT, { kind: 'stop' })
  return errors[0] as KafkaError
}

function withField(name: string, value: unknown): Error {
  return Object.defineProperty(new Error('plain'), name, { value, enumerable: true })
}

function withGetter(name: string): Error {
  const get = () => {
    throw new Error('not readable')
  }
  return Object.defineProperty(new Error('plain'), name, { get, enumerable: true })
}

const looped = new Error('looped')
looped.cause = looped

const CAUSES: Array<[what: string, cause: unknown]> = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 5],
  ['a Symbol', Symbol('boom')],
  ['an object without prototype', Object.create(null)],
  ['a function', () => {}],
  ['an error whose message is an object', withField('message', { code: 5 })],
  ['an error whose message is undefined', withField('message', undefined)],
  ['an error whose message is a Symbol', withField('message', Symbol('s'))],
  ['an error whose message has no string form', withField('message', Object.create(null))],
  ['an error whose stack is a number', withField('stack', 5)],
  ['an error whose name is an object', withField('name', {})],
  ['an error whose message throws', withGetter('message')],
  ['an error whose stack throws', withGetter('stack')],
  ['an error whose cause throws', withGetter('cause')],
  ['an error that is its own cause', looped],
  ['an object whose tag throws', Object.defineProperty({}, Symbol.toStringTag, { get: () => assert.fail('no') })],
  [
    'a proxy that throws at everything',
    new Proxy(new Error('p'), {
      get: () => assert.fail('get'),
      getPrototypeOf: () => assert.fail('prototype'),
      has: () => assert.fail('has'),
    }),
  ],
]

// What a handler threw was read as if it were a plain error: another shape of it threw a TypeError out of the place
// that reports failures, which ended the process as an unhandled rejection.
describe('A handler that throws', () => {
  for (const [what, cause] of CAUSES) {
    test(`${what} gives a HandlerError that can be logged and printed`, () => {
      const error = stoppedBy(cause)
      assert.ok(error instanceof HandlerError)
      assert.deepEqual(
        [error.code, error.topic, error.partition, error.offset, error.key, error.group],
        ['NARAD_HANDLER_FAILED', 't', 1, 7, 'k', 'g'],
      )
      assert.match(error.message, /Partition t \[1\] of group g stopped before offset 7/)
      assert.doesNotThrow(() => JSON.stringify(error))
      const lines: string[] = []
      createLogger({ level: 'debug', write: (line) => lines.push(line) }).error({ err: error }, error.message)
      assert.equal(lines.length, 1)
      // Node's own inspect trips over these two, wherever they are.
      if (!/tag throws|a proxy/.test(what)) assert.doesNotThrow(() => inspect(error))
    })
  }

  test('an ordinary error is kept as the cause, the same object', () => {
    const cause = new TypeError('fetch failed', { cause: new Error('ECONNRESET') })
    assert.equal(stoppedBy(cause).cause, cause)
  })
})

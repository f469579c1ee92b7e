import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, test } from 'node:test'
import { ArgumentError } from '../../lib/errors.ts'
import {
  type Middleware,
  type RecordMiddlewareContext,
  toMiddleware,
  toMiddlewareList,
} from '../../lib/middleware/middleware.ts'
import { MiddlewareStack } from '../../lib/middleware/stack.ts'

type Loose = (message: unknown, context: unknown) => unknown

const context = () => ({ topic: 't' })
const batchContext = () => ({ records: [context(), context()], group: 'g' })

function stackOf(...all: Array<Middleware | (() => unknown)>): MiddlewareStack {
  const stack = new MiddlewareStack()
  for (const one of all) stack.use(one)
  return stack
}

describe('toMiddleware', () => {
  test('takes a function for a consume middleware of its name', () => {
    function audit() {}
    assert.deepEqual(toMiddleware(audit), { name: 'audit', consume: audit })
    assert.equal(toMiddleware(() => {}).name, 'anonymous')
  })

  test('keeps an object as it is, so that its methods have their this', () => {
    class Counting implements Middleware {
      readonly name = 'counting'
      send() {}
    }
    const counting = new Counting()
    assert.equal(toMiddleware(counting), counting)
  })

  const wrong: Array<[what: string, input: unknown, message: RegExp]> = [
    ['nothing', undefined, /must be a function or an object, but is undefined/],
    ['text', 'logging', /must be a function or an object, but is "logging"/],
    ['an object without a name', { consume() {} }, /must have a name, but its name is undefined/],
    ['an empty name', { name: '', consume() {} }, /must have a name/],
    ['no part', { name: 'a' }, /Middleware "a" has none of consume, consumeBatch, send/],
    [
      'a part that is no function',
      { name: 'a', send: true },
      /"send" of middleware "a" must be a function, but is true/,
    ],
  ]
  for (const [what, input, message] of wrong) {
    test(`refuses ${what}`, () => {
      for (const refused of [
        () => toMiddleware(input),
        () => new MiddlewareStack().use(input),
        () => toMiddlewareList([input]),
      ]) {
        assert.throws(refused, (error) => error instanceof ArgumentError && message.test(error.message))
      }
    })
  }

  test('refuses a list that is none', () => {
    assert.deepEqual(toMiddlewareList(undefined), [])
    assert.throws(() => toMiddlewareList(() => {}), /Option "use" must be an array of middleware, but is a function/)
  })
})

describe('MiddlewareStack', () => {
  test('names what is built in first, and keeps what is used when that is replaced', () => {
    const stack = stackOf({ name: 'mine', send() {} })
    stack.setBuiltIn([{ name: 'logging' }])
    assert.deepEqual(stack.names, ['logging', 'mine'])
    stack.setBuiltIn([])
    assert.deepEqual(stack.names, ['mine'])
  })

  test('leaves a handler as it is where nothing runs around it', () => {
    const handler = () => {}
    const stack = stackOf({ name: 'sends', send() {} })
    stack.setBuiltIn([{ name: 'idle' }])
    assert.equal(stack.handler(handler, [], false), handler)
    assert.equal(stack.handler(handler, [], true), handler)
    assert.equal(new MiddlewareStack().send, undefined)
  })

  test('runs the middleware of a subscription inside the service’s, each with its this', async () => {
    const seen: string[] = []
    class Named implements Middleware {
      readonly name: string
      constructor(name: string) {
        this.name = name
      }
      consume(record: RecordMiddlewareContext, next: () => unknown) {
        seen.push(`${this.name} ${record.message}`)
        return next()
      }
    }
    const handler = stackOf(new Named('service')).handler(
      (message: unknown) => seen.push(`handler ${message}`),
      [new Named('own')],
      false,
    ) as Loose
    await handler('m', context())
    assert.deepEqual(seen, ['service m', 'own m', 'handler m'])
  })

  test('shows a batch middleware the messages, and takes as many instead', async () => {
    const seen: unknown[] = []
    const doubling: Middleware = {
      name: 'doubling',
      consumeBatch: ({ messages }, next) => next(messages.map((message) => Number(message) * 2)),
    }
    const reading: Middleware = {
      name: 'reading',
      consumeBatch: ({ messages }, next) => {
        seen.push(messages)
        return next()
      },
    }
    const handler = stackOf(doubling, reading).handler((messages: unknown) => messages, [], true) as Loose
    assert.deepEqual(await handler([1, 2], batchContext()), [2, 4])
    assert.deepEqual(seen, [[2, 4]])
  })

  test('refuses messages of a batch that are not as many as its records', async () => {
    for (const [given, what] of [
      [[1], '1 messages'],
      ['text', '"text"'],
      [undefined, 'undefined'],
    ] as const) {
      const wrong: Middleware = { name: 'wrong', consumeBatch: (_batch, next) => next(given as never) }
      const handler = stackOf(wrong).handler(() => assert.fail('the handler ran'), [], true) as Loose
      await assert.rejects(async () => handler([1, 2], batchContext()), {
        message: `Middleware "wrong" handed on ${what} for 2 records.`,
      })
    }
  })

  test('refuses, by name, what cannot run around the kind of handler', () => {
    const single = stackOf(function audit() {})
    assert.throws(() => single.handler(() => {}, [], true), {
      code: 'NARAD_INVALID_ARGUMENT',
      message: 'Middleware "audit" has "consume" and no "consumeBatch", so it cannot run around a batch handler.',
    })
    const batches: Middleware = { name: 'batches', consumeBatch() {} }
    assert.throws(() => new MiddlewareStack().handler(() => {}, [batches], false), {
      message: /"batches" has "consumeBatch" and no "consume", so it cannot run around a handler of single records/,
    })
    assert.throws(() => new MiddlewareStack().handler(() => {}, [{ name: 'sends', send() {} }], false), {
      message: /"sends" only sends/,
    })
  })

  // The store of one record was seen by the record after it.
  test('does not let a store that a middleware enters reach the next record', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const entering = (_context: unknown, next: () => unknown) => {
      seen.push(storage.getStore())
      storage.enterWith('entered')
      return next()
    }
    const handler = stackOf(entering as () => unknown).handler(() => seen.push(storage.getStore()), [], false) as Loose
    await handler(1, context())
    await handler(2, context())
    assert.deepEqual(seen, [undefined, 'entered', undefined, 'entered'])
  })
})

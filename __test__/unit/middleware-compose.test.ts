import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { compose, type Link } from '../../lib/middleware/compose.ts'
import type { Next } from '../../lib/middleware/middleware.ts'

interface Context {
  message?: unknown
}

type Run = (context: Context, next: Next) => unknown

function link(run: Run, name = 'one'): Link<Context> {
  return { name, run }
}

/** What becomes of the message 1. */
async function run(links: Run[], handler: (message: unknown, context: Context) => unknown): Promise<unknown> {
  const note = (context: Context, message: unknown) => {
    context.message = message
  }
  return compose(
    links.map((one) => link(one)),
    handler,
    note,
  )(1, {})
}

const boom = new Error('boom')
const failing: Array<[how: string, handler: () => unknown]> = [
  [
    'throws',
    () => {
      throw boom
    },
  ],
  ['rejects', () => Promise.reject(boom)],
  ['rejects later', () => nextTurn().then(() => Promise.reject(boom))],
]

describe('compose', () => {
  test('gives back the very handler where there is nothing to put around it', () => {
    const handler = () => {}
    assert.equal(compose([], handler), handler)
  })

  test('runs the first outermost, and starts the handler before it returns', async () => {
    const seen: string[] = []
    const named = (name: string) =>
      link(async (_context, next) => {
        seen.push(`${name} in`)
        await next()
        seen.push(`${name} out`)
      })
    const done = compose([named('a'), named('b')], () => seen.push('handler'))(1, {})
    assert.deepEqual(seen, ['a in', 'b in', 'handler'])
    await done
    assert.deepEqual(seen, ['a in', 'b in', 'handler', 'b out', 'a out'])
  })

  test('hands a replaced message on, also undefined, and shows each middleware the one before it', async () => {
    const seen: unknown[] = []
    const result = await run(
      [
        (context, next) => {
          seen.push(context.message)
          return next('two')
        },
        (context, next) => {
          seen.push(context.message)
          return next()
        },
        (context, next) => {
          seen.push(context.message)
          return next(undefined)
        },
      ],
      (message, context) => [message, 'message' in context && context.message],
    )
    assert.deepEqual(seen, [1, 'two', 'two'])
    assert.deepEqual(result, [undefined, undefined])
  })

  test('resolves next() to what a sync or an async handler gives', async () => {
    for (const handler of [() => 'result', async () => 'result']) {
      const results: unknown[] = []
      await run([async (_context, next) => results.push(await next())], handler)
      assert.deepEqual(results, ['result'])
    }
  })

  test('keeps the result of the handler where a middleware gives none, and else takes the middleware’s', async () => {
    assert.equal(await run([async (_context, next) => void (await next())], () => 'verdict'), 'verdict')
    assert.equal(await run([(_context, next) => next()], () => 'verdict'), 'verdict')
    assert.equal(await run([(_context, next) => next().then(() => null)], () => 'verdict'), null)
  })

  test('ends the record without the handler where next() is not called', async () => {
    assert.equal(await run([() => 'mine'], () => assert.fail('the handler ran')), 'mine')
    await assert.rejects(
      run([() => Promise.reject(boom)], () => assert.fail('the handler ran')),
      boom,
    )
  })

  for (const [how, handler] of failing) {
    test(`passes the very error on of a handler that ${how}`, async () => {
      const outer: unknown[] = []
      const result = run(
        [
          async (_context, next) => {
            try {
              return await next()
            } catch (error) {
              outer.push(error)
              throw error
            }
          },
          (_context, next) => next(),
        ],
        handler,
      )
      await assert.rejects(result, (error) => error === boom)
      assert.equal(outer[0], boom)
    })

    test(`lets a middleware mend the failure of a handler that ${how}`, async () => {
      assert.equal(await run([(_context, next) => next().catch(() => 'mended')], handler), 'mended')
      const caught = async (_context: Context, next: Next) => {
        try {
          await next()
        } catch {}
      }
      assert.equal(await run([caught], handler), undefined)
    })

    // It depended on the handler: one that threw at once had ended before the middleware had, which then counted as
    // having mended what it had not waited for. Of one that failed later, the record failed.
    test(`fails the record of a handler that ${how} where the middleware looked at next() and did not wait`, async () => {
      const hasty: Run[] = [
        (_context, next) => void next().catch(() => 'mended'),
        async (_context, next) => void next().catch(() => 'mended'),
        async (_context, next) => void next().then(null, () => 'mended'),
        (_context, next) => {
          next().catch(() => 'mended')
          return 'at once'
        },
      ]
      for (const [index, middleware] of hasty.entries()) {
        await assert.rejects(run([middleware], handler), boom, `middleware ${index}`)
      }
    })

    // The record counted as handled, or the process ended with an unhandled rejection.
    test(`fails the record of a handler that ${how} where the middleware did not await next()`, async () => {
      const forgetful: Run[] = [
        (_context, next) => void next(),
        async (_context, next) => void next(),
        async (_context, next) => {
          next()
          await nextTurn()
          await nextTurn()
        },
      ]
      for (const [index, middleware] of forgetful.entries()) {
        await assert.rejects(run([middleware], handler), boom, `middleware ${index}`)
      }
    })
  }

  // A lane went on to the next record of a key while the handler of the one before still ran.
  test('is not over before the handler is, whatever the middleware awaits', async () => {
    const early: Run[] = [
      (_context, next) => void next(),
      (_context, next) => {
        next()
        throw boom
      },
      async (_context, next) => Promise.race([next(), Promise.resolve('early')]),
    ]
    for (const middleware of early) {
      let isOver = false
      const handler = async () => {
        await nextTurn()
        isOver = true
      }
      await run([middleware], handler).catch((error: unknown) => assert.equal(error, boom))
      assert.ok(isOver)
    }
  })

  test('refuses a second next(), whether the first is over or not', async () => {
    const twice: Run[] = [
      async (_context, next) => {
        await next()
        await next()
      },
      (_context, next) => {
        next()
        next()
      },
    ]
    for (const middleware of twice) {
      let calls = 0
      const result = run([middleware], () => {
        calls += 1
      })
      await assert.rejects(result, { code: 'NARAD_INVALID_ARGUMENT', message: 'Middleware "one" called next() twice.' })
      assert.equal(calls, 1)
    }
  })

  test('refuses next() when the middleware is over, so that no handler runs for a record that is done', async () => {
    let late: Next | undefined
    await run(
      [
        (_context, next) => {
          late = next
        },
      ],
      () => assert.fail('the handler ran'),
    )
    assert.throws(() => late?.(), { message: 'Middleware "one" called next() after it had ended.' })
  })

  test('keeps the stores of records that run side by side apart', async () => {
    const storage = new AsyncLocalStorage<number>()
    const handler = compose<number, Context>(
      [link((context, next) => storage.run(context.message as number, next)), link(async (_context, next) => next())],
      async (message) => {
        const before = storage.getStore()
        await nextTurn()
        return [message, before, storage.getStore()]
      },
      (context, message) => {
        context.message = message
      },
    )
    assert.deepEqual(await Promise.all([1, 2, 3].map((message) => handler(message, {}))), [
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ])
    assert.equal(storage.getStore(), undefined)
  })
})

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HandlerTimeoutError } from '../../lib/errors.ts'
import { timeout } from '../../lib/middleware/timeout.ts'

type Loose = (context: unknown, next: () => Promise<unknown>) => Promise<unknown>

/** A context like a record's: its signal is a getter of the class. */
class Context {
  readonly outer = new AbortController()
  readonly topic = 't'
  readonly partition = 1
  readonly offset = 2
  readonly group = 'g'
  get signal(): AbortSignal {
    return this.outer.signal
  }
}

/** The time is the test's. */
function setUp(t: TestContext, ms = 50) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { consume, consumeBatch } = timeout({ ms })
  const context = new Context()
  return {
    context,
    consume: consume as Loose,
    consumeBatch: consumeBatch as Loose,
    tick: (by: number) => t.mock.timers.tick(by),
  }
}

const settlesOnAbort = (context: { signal: AbortSignal }) =>
  new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)))

describe('timeout', () => {
  test('gives what the handler gives where it is in time, and leaves the signal as it was', async (t) => {
    const { context, consume, tick } = setUp(t)
    let inside: AbortSignal | undefined
    const result = await consume(context, async () => {
      inside = context.signal
      tick(49)
      return 'result'
    })
    tick(100)
    assert.equal(result, 'result')
    assert.equal(inside?.aborted, false)
    assert.equal(context.signal, context.outer.signal)
    const boom = new Error('boom')
    await assert.rejects(
      consume(context, () => Promise.reject(boom)),
      (error) => error === boom,
    )
  })

  test('aborts the signal at its time, and fails as transient whichever way the handler settles then', async (t) => {
    const { context, consume, consumeBatch, tick } = setUp(t)
    for (const run of [consume, consumeBatch]) {
      for (const handler of [() => settlesOnAbort(context), () => settlesOnAbort(context).catch(() => 'late result')]) {
        const result = run(context, handler)
        tick(50)
        await assert.rejects(result, (error) => {
          assert.ok(error instanceof HandlerTimeoutError)
          assert.match(error.message, /within the 50 ms/)
          assert.equal(error.retriable, true)
          assert.equal(error.group, 'g')
          return true
        })
        assert.equal(context.signal, context.outer.signal)
        assert.equal(context.signal.aborted, false)
      }
    }
  })

  // Its record was handled a second time while the first handler still ran.
  test('does not fail before a handler that takes no notice has settled', async (t) => {
    const { context, consume, tick } = setUp(t)
    let settle: () => void = () => {}
    let isOver = false
    const result = consume(
      context,
      () =>
        new Promise<void>((resolve) => {
          settle = resolve
        }),
    ).catch((error: unknown) => {
      isOver = true
      return error
    })
    tick(10_000)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isOver, false)
    settle()
    assert.ok((await result) instanceof HandlerTimeoutError)
  })

  test('passes an abort from outside on, also one that came before', async (t) => {
    const { context, consume } = setUp(t)
    const moved = new Error('moved')
    const result = consume(context, () => settlesOnAbort(context))
    context.outer.abort(moved)
    await assert.rejects(result, (error) => error === moved)
    await consume(context, async () => assert.equal(context.signal.reason, moved))
  })

  test('restores the signal of a context that has its own', async (t) => {
    const { consumeBatch } = setUp(t)
    const { signal } = new AbortController()
    const context = { signal, group: 'g' }
    await consumeBatch(context, async () => assert.notEqual(context.signal, signal))
    assert.equal(context.signal, signal)
  })

  test('refuses a time that is none, and options that are not there', () => {
    assert.throws(() => timeout({ ms: -1 }), /Option "ms" of timeout must be a number of milliseconds/)
    assert.throws(() => timeout({} as never), /Option "ms" of timeout/)
    assert.throws(() => timeout({ ms: 1, mss: 2 } as never), { code: 'NARAD_UNKNOWN_OPTION' })
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { RecordContext } from '../../lib/consumer/record.ts'
import { HandlerTimeoutError } from '../../lib/errors.ts'
import { drive, quiet } from '../helpers/drive.ts'
import { batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

const TIMEOUT_MS = 1_000
/** A deadline passes for a handler that is seen to run by two looks that are as far apart; they take place each 50 ms. */
const PAST_MS = TIMEOUT_MS + 100

interface Call {
  readonly context: RecordContext
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Handlers wait until they are told how to end. */
function setUp({ concurrency = 16 } = {}) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, timeoutMs: TIMEOUT_MS }, clock })
  const calls: Call[] = []
  const handler: RecordHandler = (_, context) =>
    new Promise<void>((resolve, reject) => calls.push({ context, resolve, reject }))
  const executor = new Executor({ ...options, handler, concurrency })
  const { accept, pass } = drive(executor, clock, number)
  const end = async (call: number) => {
    calls[call]?.resolve()
    await quiet()
  }
  const offsets = () => calls.map(({ context }) => context.offset)
  return { executor, accept, pass, end, calls, offsets, ...rest }
}

/** A clock whose callbacks wait until they are called. */
function manualClock() {
  const state = { nowMs: 0, looks: [] as Array<() => void> }
  const clock: Clock = {
    now: () => state.nowMs,
    after: (_, callback) => {
      state.looks.push(callback)
      return () => {}
    },
  }
  return { state, clock }
}

describe('A handler past its deadline', () => {
  test('is told by its signal, frees its worker for other lanes and keeps its own until it settles', async () => {
    const bed = setUp({ concurrency: 1 })
    await bed.accept([{ lane: 0 }, { lane: 0 }, { lane: 1 }])
    await bed.pass(TIMEOUT_MS)
    assert.deepEqual([bed.calls[0]?.context.signal.aborted, bed.offsets()], [false, [0]], 'not early')
    await bed.pass(PAST_MS - TIMEOUT_MS)
    const { signal } = (bed.calls[0] as Call).context
    assert.ok(signal.reason instanceof HandlerTimeoutError)
    assert.match(signal.reason.message, /t \[0\] offset 0 did not settle within 1000 ms/)
    assert.deepEqual(bed.offsets(), [0, 2])
    assert.deepEqual([...bed.completions.held].sort(), ['1/0', '1/1'])
    await bed.end(1)
    assert.deepEqual([bed.offsets(), bed.completions.counts.done, bed.failures], [[0, 2], 1, []])
  })

  test('has failed, although it succeeds in the end: its record is handled again, then what waits behind it', async () => {
    const bed = setUp()
    await bed.accept([{ lane: 0 }, { lane: 0 }])
    await bed.pass(PAST_MS)
    await bed.end(0)
    assert.deepEqual(
      [bed.completions.fates.size, bed.failures[0]?.attempt, bed.failures[0]?.step.kind],
      [0, 1, 'retry'],
    )
    assert.ok(bed.failures[0]?.error instanceof HandlerTimeoutError)
    await bed.pass(1_000)
    assert.deepEqual([bed.offsets(), bed.calls[1]?.context.attempt], [[0, 0], 2])
    await bed.end(1)
    await bed.end(2)
    assert.deepEqual([bed.offsets(), bed.completions.counts.done], [[0, 0, 1], 2])
  })

  test('rejects unheard: the record failed with the deadline', async () => {
    const bed = setUp()
    await bed.accept([{}])
    await bed.pass(PAST_MS)
    bed.calls[0]?.reject(new Error('aborted'))
    await quiet()
    assert.ok(bed.failures[0]?.error instanceof HandlerTimeoutError)
  })

  test('gives its record back when it settles after its partition has gone, and what waits behind it at once', async () => {
    const bed = setUp()
    await bed.accept([{ lane: 0 }, { lane: 0 }])
    await bed.pass(PAST_MS)
    bed.executor.drop(new Set([0]), new Error('revoked'))
    await quiet()
    assert.deepEqual([...bed.completions.fates], [['1/1', 'not run']])
    await bed.end(0)
    await bed.pass(60_000)
    assert.deepEqual([bed.completions.counts['not run'], bed.failures, bed.calls.length], [2, [], 1])
  })

  test('does the same after a stop', async () => {
    const bed = setUp()
    await bed.accept([{ lane: 0 }])
    await bed.pass(PAST_MS)
    bed.executor.stop()
    await bed.end(0)
    assert.deepEqual([bed.completions.counts['not run'], bed.calls.length], [1, 1])
  })

  test('keeps its context readable when its batch is compacted', async () => {
    const bed = setUp()
    await bed.accept([{ key: 'k', value: '"v"', headers: [['h', '1']], lane: 0 }, ...Array(9).fill({})])
    for (let call = 1; call < 10; call += 1) bed.calls[call]?.resolve()
    await quiet()
    const { context } = bed.calls[0] as Call
    const read = () => [context.offset, context.key, String(context.rawValue), { ...context.headers }, context.topic]
    const before = read()
    await bed.pass(PAST_MS)
    assert.deepEqual(read(), before)
  })

  // Its beginning was taken from the last look, however long ago that was: after the event loop was blocked for longer
  // than the deadline, handlers that had begun since timed out at once.
  test('has had its time, however late the looks at it come', async () => {
    const { state, clock } = manualClock()
    const { options, number } = runnerBed({ delivery: { ...PARKS, timeoutMs: TIMEOUT_MS }, clock })
    const signals: AbortSignal[] = []
    const handler: RecordHandler = (value, { signal }) => {
      // blocks the event loop
      if (value === 0) state.nowMs += 10 * TIMEOUT_MS
      signals.push(signal)
      return value === 0 ? undefined : new Promise(() => {})
    }
    const executor = new Executor({ ...options, handler, concurrency: 1 })
    executor.accept(batchOf(...number([{}, {}])))
    await quiet()
    state.looks.shift()?.()
    assert.deepEqual([signals.length, signals[1]?.aborted], [2, false])
    state.nowMs += TIMEOUT_MS
    state.looks.shift()?.()
    assert.equal(signals[1]?.aborted, true)
  })

  // One that had settled, while its worker waited for the event loop to get a turn, was taken for late: the next record
  // of the worker then failed with the deadline although it had succeeded.
  test('is not one that has settled and only waits for its worker to go on', async () => {
    const { state, clock } = manualClock()
    const { options, number, completions, failures } = runnerBed({
      delivery: { ...PARKS, timeoutMs: TIMEOUT_MS },
      clock,
    })
    let handled = 0
    const handler: RecordHandler = () => {
      handled += 1
      // longer than the event loop may be kept, at the record after which the time is looked at
      const endMs = performance.now() + (handled === 32 ? 30 : 0)
      while (performance.now() < endMs);
      return undefined
    }
    const executor = new Executor({ ...options, handler, concurrency: 1 })
    executor.accept(batchOf(...number(Array(40).fill({}))))
    const first = state.looks.shift()
    // while the worker waits for its turn
    setImmediate(() => {
      assert.equal(handled, 32)
      first?.()
      state.nowMs += 100 * TIMEOUT_MS
      state.looks.shift()?.()
    })
    while (handled < 40) await nextTurn()
    await quiet()
    assert.deepEqual([completions.counts.done, failures], [40, []])
  })
})

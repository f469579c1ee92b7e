import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { RunnerOptions } from '../../lib/consumer/runner.ts'
import { ack, deadLetter, retry } from '../../lib/delivery/verdict.ts'
import { BusinessError, PermanentError, TransientError } from '../../lib/errors.ts'
import { drive, quiet } from '../helpers/drive.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { FakeClock, LETTER, PARKS, runnerBed } from '../helpers/runner-bed.ts'

type Options = Partial<typeof PARKS> & { concurrency?: number }

function setUp(
  handler: RecordHandler<number>,
  { concurrency = 16, ...delivery }: Options = {},
  others: Partial<RunnerOptions> = {},
) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, ...delivery }, clock })
  const executor = new Executor({ ...options, ...others, handler: handler as RecordHandler, concurrency })
  const { accept, pass } = drive(executor, clock, number)
  return { executor, accept, pass, ...rest }
}

/** A handler that waits until it is told what to do. */
function gate<T>() {
  const calls: Array<{ resolve: (value?: T) => void; reject: (error: unknown) => void }> = []
  const open = () => new Promise<T | undefined>((resolve, reject) => calls.push({ resolve, reject }))
  return { calls, open }
}

const plain = (count: number, record: BatchRecord = {}) => Array.from({ length: count }, () => record)
const fates = ({ completions }: ReturnType<typeof setUp>) => Object.fromEntries(completions.fates)

describe('A record whose handler fails', () => {
  test('is handled again after the back-off, which doubles, until its retries are used up, and is parked', async () => {
    const attempts: number[] = []
    const bed = setUp((_, { attempt }) => {
      attempts.push(attempt)
      throw new Error(`attempt ${attempt}`)
    })
    await bed.accept([{}])
    for (const [at, waitMs] of [1_000, 2_000, 4_000].entries()) {
      await bed.pass(waitMs - 1)
      assert.equal(attempts.length, at + 1, 'not early')
      await bed.pass(1)
    }
    assert.deepEqual(attempts, [1, 2, 3, 4])
    assert.deepEqual(
      bed.failures.map(({ attempt, step }) => [attempt, step.kind]),
      [
        [1, 'retry'],
        [2, 'retry'],
        [3, 'retry'],
        [4, 'park'],
      ],
    )
    assert.deepEqual(fates(bed), { '1/0': 'done' })
    const [letter] = bed.parked
    assert.deepEqual([bed.parked.length, letter?.history.attempts, letter?.failure.error.message], [1, 4, 'attempt 4'])
    assert.ok((letter?.history.firstFailureMs ?? 0) <= (letter?.history.lastFailureMs ?? 0))
  })

  test('waits as long as its error asks, rounded up', async () => {
    const bed = setUp((_, { attempt }) => {
      if (attempt === 1) throw new TransientError('busy', { retryAfterMs: 40_000.5 })
    })
    await bed.accept([{}])
    await bed.pass(40_000)
    assert.deepEqual(fates(bed), {})
    await bed.pass(1)
    assert.deepEqual(fates(bed), { '1/0': 'done' })
  })

  for (const how of ['sync', 'async'] as const) {
    test(`takes a verdict that is returned ${how}`, async () => {
      const verdicts = [retry({ afterMs: 5 }), ack, deadLetter('no'), 'anything']
      let asked = 0
      const bed = setUp(() => {
        const verdict = verdicts[asked]
        asked += 1
        return how === 'sync' ? verdict : Promise.resolve(verdict)
      })
      await bed.accept([{}])
      assert.deepEqual([bed.failures[0]?.step, fates(bed)], [{ kind: 'retry', afterMs: 5 }, {}])
      await bed.pass(5)
      await bed.accept([{}, {}])
      assert.deepEqual(fates(bed), { '1/0': 'done', '2/0': 'done', '2/1': 'done' })
      assert.deepEqual(
        bed.parked.map(({ offset, failure, history }) => [offset, failure.error.message, history.attempts]),
        [[1, 'no', 1]],
      )
    })
  }

  test('is parked at once for a permanent error, done for a business error, and skipped where that is asked', async () => {
    const errors = [new PermanentError('never'), new BusinessError('refused')]
    const bed = setUp((value) => Promise.reject(errors[value]))
    await bed.accept([{}, {}])
    assert.deepEqual(fates(bed), { '1/0': 'done', '1/1': 'done' })
    assert.deepEqual(
      bed.failures.map(({ step }) => step.kind),
      ['park', 'done'],
    )
    assert.equal(bed.parked.length, 1)
    const skipping = setUp(() => Promise.reject(new Error('x')), { maxRetries: 0, givenUp: 'skip' })
    await skipping.accept([{}])
    assert.deepEqual([skipping.failures[0]?.step.kind, fates(skipping)], ['skip', { '1/0': 'done' }])
  })

  test('is not done before its letter is written, which is tried again, and its lane waits meanwhile', async () => {
    const seen: number[] = []
    const bed = setUp((value) => {
      seen.push(value)
      if (value === 0) throw new PermanentError('never')
    })
    bed.refusals.push(new Error('no leader'), new Error('no leader'))
    await bed.accept(plain(2, { lane: 3 }))
    await bed.accept([{ lane: 3 }, { lane: 4 }])
    assert.deepEqual([seen, fates(bed), bed.parkFailures.length], [[0, 3], { '2/1': 'done' }, 1])
    await bed.pass(1_000)
    assert.deepEqual([seen, bed.parkFailures.length], [[0, 3], 2])
    await bed.pass(1_999)
    assert.deepEqual([bed.parked.length, seen], [0, [0, 3]])
    await bed.pass(1)
    assert.deepEqual([bed.parked.length, seen], [1, [0, 3, 1, 2]])
    assert.deepEqual(bed.completions.counts, { done: 4, failed: 0, 'not run': 0 })
    assert.deepEqual([...bed.completions.held].sort(), ['1/0', '1/1', '2/0'])
  })

  test('lets other lanes go on, with one worker too, and its own records in order afterwards', async () => {
    const seen: string[] = []
    const bed = setUp(
      (value, { attempt }) => {
        seen.push(`${value}.${attempt}`)
        if (value === 0 && attempt < 3) throw new Error('again')
      },
      { concurrency: 1 },
    )
    await bed.accept([{ lane: 0 }, { lane: 0 }, { lane: 1 }, { lane: 0 }, { lane: -1 }])
    await bed.accept([{ lane: 0 }, { lane: 1 }])
    assert.deepEqual(seen, ['0.1', '2.1', '4.1', '6.1'])
    assert.deepEqual([...bed.completions.held].sort(), ['1/0', '1/1', '1/3', '2/0'])
    await bed.pass(1_000)
    await bed.pass(2_000)
    assert.deepEqual(seen.slice(4), ['0.2', '0.3', '1.1', '3.1', '5.1'])
    assert.deepEqual(bed.completions.counts, { done: 7, failed: 0, 'not run': 0 })
  })

  test('is given back with all that waits behind it when its partition goes while it waits', async () => {
    const seen: number[] = []
    const bed = setUp((value) => {
      seen.push(value)
      throw new Error('again')
    })
    await bed.accept([
      { slot: 0, lane: 0 },
      { slot: 0, lane: 0 },
      { slot: 1, lane: 1 },
    ])
    bed.executor.drop(new Set([0]), new Error('revoked'))
    await quiet()
    assert.deepEqual(fates(bed), { '1/0': 'not run', '1/1': 'not run' })
    bed.executor.stop()
    await bed.pass(60_000)
    assert.deepEqual([seen, bed.completions.counts], [[0, 2], { done: 0, failed: 0, 'not run': 3 }])
  })

  test('whose letter is being written when its partition goes is done, or given back when that fails', async () => {
    for (const isWritten of [true, false]) {
      const letters = gate<void>()
      const park = async () => {
        await letters.open()
        return LETTER
      }
      const bed = setUp(() => Promise.reject(new PermanentError('never')), {}, { park })
      await bed.accept(plain(3, { lane: 0 }))
      bed.executor.drop(new Set([0]), new Error('revoked'))
      await quiet()
      assert.deepEqual(fates(bed), { '1/1': 'not run', '1/2': 'not run' })
      if (isWritten) letters.calls[0]?.resolve()
      else letters.calls[0]?.reject(new Error('no leader'))
      await quiet()
      await bed.pass(60_000)
      assert.equal(bed.completions.fates.get('1/0'), isWritten ? 'done' : 'not run')
      assert.equal(letters.calls.length, 1, 'nothing starts afterwards')
    }
  })

  test('stops its partition: what waits of it comes back, what waits for a retry too', async () => {
    const bed = setUp(
      (value, { attempt }) => {
        if (value === 0) throw new TransientError('later', { retryAfterMs: 100_000 })
        if (value === 1) throw new PermanentError('never')
        assert.equal(attempt, 1)
      },
      { givenUp: 'stop', concurrency: 1 },
    )
    await bed.accept([
      { slot: 0, lane: 0 },
      { slot: 0, lane: 1 },
      { slot: 0, lane: 1 },
      { slot: 0, lane: 2 },
      { slot: 1, lane: 3 },
    ])
    assert.deepEqual(fates(bed), {
      ...{ '1/0': 'not run', '1/1': 'failed', '1/2': 'not run', '1/3': 'not run', '1/4': 'done' },
    })
  })

  // A listener that disconnects when it is told of a retry came before the record was put aside: it then was given
  // back only when its time had come, and the disconnect waited for it until its deadline.
  test('is given back at once when who is told of the retry stops everything', async () => {
    const onFailure = () => bed.executor.stop()
    const listener = { onFailure, onParked: () => {}, onParkFailed: () => {}, onOutage: () => {} }
    const bed = setUp(() => Promise.reject(new Error('x')), { concurrency: 1 }, { listener })
    await bed.accept(plain(2))
    assert.deepEqual(fates(bed), { '1/0': 'not run', '1/1': 'not run' })
  })

  // Each record that ended without waiting began the next one in a call of its own: the stack overflowed, which ended
  // the process, and the records that were left were never handled.
  test('may be one of very many whose time comes while all workers are busy', async () => {
    const COUNT = 30_000
    const blocker = gate<void>()
    const timers: Array<() => void> = []
    const after = (_: number, callback: () => void) => {
      timers.push(callback)
      return () => {}
    }
    const bed = runnerBed({ delivery: PARKS, clock: { now: () => 0, after } })
    let isBroken = true
    const handler: RecordHandler = (value) => {
      if (value === COUNT) return blocker.open()
      if (isBroken) throw new Error('outage')
      return undefined
    }
    const executor = new Executor({ ...bed.options, handler, concurrency: 1 })
    executor.accept(batchOf(...bed.number(plain(COUNT + 1))))
    while (blocker.calls.length === 0) await nextTurn()
    isBroken = false
    for (const timer of [...timers]) timer()
    blocker.calls[0]?.resolve()
    while (bed.completions.fates.size <= COUNT) await nextTurn()
    assert.equal(bed.completions.counts.done, COUNT + 1)
  })

  // Only the first records of a batch were given back: those behind a record of another partition waited for a worker,
  // and the revocation for them.
  test('does not keep records of a partition that goes from being given back, nor does one that hangs', async () => {
    const hanging = gate<void>()
    const bed = setUp(hanging.open, { concurrency: 1 })
    await bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 0 }, { slot: 1 }])
    await bed.accept([{ slot: 0 }, { slot: 1 }])
    bed.executor.drop(new Set([1]), new Error('revoked'))
    await quiet()
    assert.deepEqual(fates(bed), { '1/1': 'not run', '1/3': 'not run', '2/1': 'not run' })
    for (let call = 0; call < 3; call += 1) {
      hanging.calls[call]?.resolve()
      await quiet()
    }
    assert.deepEqual(bed.completions.counts, { done: 3, failed: 0, 'not run': 3 })
  })
})

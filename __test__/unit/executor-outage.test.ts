import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { RunnerOptions } from '../../lib/consumer/runner.ts'
import { BusinessError, PermanentError, TransientError } from '../../lib/errors.ts'
import { drive, quiet } from '../helpers/drive.ts'
import type { BatchRecord } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

const OUTAGE = { keys: 3, initialDelayMs: 1_000, maxDelayMs: 8_000 }

type Options = Partial<typeof PARKS> & { concurrency?: number }

function setUp(
  handler: RecordHandler<number>,
  { concurrency = 4, ...delivery }: Options = {},
  others: Partial<RunnerOptions> = {},
) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, outage: OUTAGE, ...delivery }, clock })
  const executor = new Executor({ ...options, ...others, handler: handler as RecordHandler, concurrency })
  const { accept, pass } = drive(executor, clock, number)
  const states = () => rest.outages.map(({ state }) => state)
  return { executor, accept, pass, states, ...rest }
}

/** Records of as many keys. */
const keyed = (count: number, first = 0): BatchRecord[] =>
  Array.from({ length: count }, (_, at) => ({ key: `k${first + at}`, lane: first + at }))

/** A handler whose dependency can be down. */
function dependency(isBad: (value: number) => boolean = () => false) {
  const state = { isDown: true, seen: [] as number[] }
  const handler: RecordHandler<number> = (value) => {
    state.seen.push(value)
    if (state.isDown || isBad(value)) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
  }
  return { state, handler }
}

describe('In an outage, an executor', () => {
  test('begins nothing but a probe now and then, later each time, and goes on with all at once after it', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(20))
    assert.deepEqual([state.seen.length, bed.states()], [3, ['began']])
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]) {
      const before = state.seen.length
      await bed.pass(waitMs - 1)
      assert.equal(state.seen.length, before, 'not early')
      await bed.pass(1)
      assert.equal(state.seen.length, before + 1)
    }
    state.isDown = false
    await bed.pass(8_000)
    await bed.pass(0)
    assert.deepEqual([bed.states(), bed.completions.counts.done], [['began', 'ended'], 20])
    assert.deepEqual([bed.parked, bed.outages[1]?.error.message], [[], 'refused'])
  })

  test('uses up no retries, and parks nothing that had used up its own when it began', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler, { maxRetries: 0 })
    await bed.accept(keyed(1))
    assert.equal(bed.parked.length, 1, 'one key says nothing')
    await bed.accept(keyed(1, 1))
    assert.equal(bed.parked.length, 1, 'the second waits until it is clear')
    await bed.accept(keyed(8, 2))
    for (let probe = 0; probe < 20; probe += 1) await bed.pass(8_000)
    assert.deepEqual([bed.states(), bed.parked.length, bed.completions.counts.done], [['began'], 1, 1])
    state.isDown = false
    await bed.pass(8_000)
    await bed.pass(0)
    assert.deepEqual([bed.parked.length, bed.completions.counts.done], [1, 10])
  })

  test('gives up what it put off as soon as another record succeeds, or after the longest wait', async () => {
    const { state, handler } = dependency((value) => value < 3)
    const bed = setUp(handler, { maxRetries: 0 })
    await bed.accept(keyed(2))
    assert.deepEqual([bed.parked.length, bed.completions.held], [1, new Set(['1/1'])])
    state.isDown = false
    await bed.accept([{ key: 'k1', lane: 1 }, ...keyed(1, 5)])
    assert.deepEqual([bed.parked.map(({ offset }) => offset), bed.states()], [[0, 1, 2], []])
    await bed.accept(keyed(1, 6))
    state.isDown = true
    await bed.accept(keyed(2, 10))
    assert.equal(bed.parked.length, 4)
    await bed.pass(7_999)
    assert.equal(bed.parked.length, 4)
    await bed.pass(1)
    assert.deepEqual([bed.parked.length, bed.completions.counts.done, bed.states()], [5, 7, []])
  })

  test('takes its probes in turn from those that failed and from new ones, so that bad records do not keep it', async () => {
    // a run of forty bad records, and good ones behind it
    const { state, handler } = dependency((value) => value < 40)
    state.isDown = false
    const bed = setUp(handler)
    await bed.accept(keyed(100))
    let probes = 0
    for (; bed.states().length < 2; probes += 1) await bed.pass(8_000)
    assert.ok(probes <= 16, `${probes} probes`)
    for (let round = 0; round < 100; round += 1) await bed.pass(8_000)
    assert.equal(bed.completions.counts.done, 100)
    assert.deepEqual(
      bed.parked.map(({ offset }) => offset).sort((a, b) => a - b),
      [...Array(40).keys()],
    )
  })

  // Probes of those that failed were taken from all that was ready, new records among it, and these failed: where the first
  // attempt of every second record fails, an outage that was none went on for half a minute, again and again.
  test('is soon over where records fail at their first attempt alone', async () => {
    const tried = new Set<number>()
    const bed = setUp((value) => {
      if (value % 8 === 0 || tried.has(value)) return
      tried.add(value)
      throw new TransientError('busy', { retryAfterMs: 1 })
    })
    for (let from = 0; from < 10; from += 1) {
      await bed.accept(Array.from({ length: 60 }, (_, at) => ({ key: `k${at}`, lane: at })))
    }
    let waits = 0
    for (; bed.completions.counts.done < 600; waits += 1) await bed.pass(1_000)
    assert.ok(waits < 20, `${waits} s`)
  })

  test('ends when a record that had failed now is refused or bad by itself, and not for a new one that is', async () => {
    const errors = new Map<number, Error>()
    const bed = setUp((value) => Promise.reject(errors.get(value) ?? new Error('down')))
    await bed.accept(keyed(4))
    errors.set(4, new PermanentError('bad'))
    await bed.accept(keyed(1, 4))
    await bed.pass(1_000)
    assert.equal(bed.parked.length, 0)
    await bed.pass(2_000)
    await bed.pass(0)
    assert.deepEqual([bed.parked.map(({ offset }) => offset), bed.states()], [[4], ['began']])
    for (let value = 0; value < 4; value += 1) errors.set(value, new BusinessError('refused'))
    await bed.pass(8_000)
    await bed.pass(0)
    assert.deepEqual([bed.states(), bed.completions.counts.done], [['began', 'ended'], 5])
  })

  test('keeps the order of each key', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept([...keyed(5), ...keyed(5), ...keyed(5)])
    for (let probe = 0; probe < 8; probe += 1) await bed.pass(8_000)
    state.isDown = false
    const before = state.seen.length
    for (let round = 0; round < 3; round += 1) await bed.pass(8_000)
    const after = state.seen.slice(before)
    for (let key = 0; key < 5; key += 1) {
      assert.deepEqual(
        after.filter((value) => value % 5 === key),
        [key, key + 5, key + 10],
      )
    }
    assert.equal(bed.completions.counts.done, 15)
  })

  test('is not begun by one key, or by many bad ones among good ones', async () => {
    const { state, handler } = dependency((value) => value % 5 === 0)
    state.isDown = false
    const bed = setUp(handler, { concurrency: 1 })
    await bed.accept(keyed(100))
    for (let round = 0; round < 20; round += 1) await bed.pass(8_000)
    assert.deepEqual([bed.parked.length, bed.completions.counts.done], [20, 100])
    const poison = setUp(() => Promise.reject(new Error('poison')))
    await poison.accept(Array.from({ length: 20 }, () => ({ key: 'k', lane: 0 })))
    for (let round = 0; round < 100; round += 1) await poison.pass(8_000)
    assert.deepEqual([poison.parked.length, poison.states()], [20, []])
  })

  test('gives back what waits when its partition goes, and all when it stops; what stays goes on afterwards', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(10).map((record, at) => ({ ...record, slot: at % 2 })))
    bed.executor.drop(new Set([0]), new Error('revoked'))
    await quiet()
    assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 5 })
    state.isDown = false
    await bed.pass(1_000)
    await bed.pass(0)
    assert.deepEqual([bed.completions.counts.done, bed.states()], [5, ['began', 'ended']])
    state.isDown = true
    await bed.accept(keyed(10).map((record) => ({ ...record, slot: 1 })))
    const begun = state.seen.length
    bed.executor.stop()
    await quiet()
    assert.equal(bed.completions.counts['not run'], 15)
    await bed.pass(60_000)
    assert.equal(state.seen.length, begun)
  })

  test('looks for its end with what comes next when all that had failed has gone', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(5))
    bed.executor.drop(new Set([0]), new Error('revoked'))
    await bed.pass(60_000)
    state.isDown = false
    await bed.accept(keyed(5).map((record) => ({ ...record, slot: 1 })))
    assert.deepEqual([bed.completions.counts, bed.states()], [{ done: 5, failed: 0, 'not run': 5 }, ['began', 'ended']])
  })

  test('probes nothing of a paused partition', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(10).map((record, at) => ({ ...record, slot: at % 2 })))
    bed.executor.pause([0])
    state.seen.length = 0
    for (let probe = 0; probe < 10; probe += 1) await bed.pass(8_000)
    assert.deepEqual([state.seen.length >= 10, state.seen.filter((value) => value % 2 === 0)], [true, []])
    state.isDown = false
    await bed.pass(8_000)
    await bed.pass(0)
    assert.deepEqual([bed.completions.counts.done, bed.states()], [5, ['began', 'ended']])
    bed.executor.resume(new Set([0]))
    await quiet()
    assert.equal(bed.completions.counts.done, 10)
  })

  test('goes on probing when a probe passes its deadline, and with one whose partition goes', async () => {
    let isDown = true
    const hanging: Array<() => void> = []
    const bed = setUp(
      (_, { attempt }) => {
        if (!isDown) return undefined
        if (attempt === 1) throw new Error('down')
        return new Promise<void>((resolve) => hanging.push(resolve))
      },
      { timeoutMs: 1_000, concurrency: 1 },
    )
    await bed.accept(keyed(3))
    await bed.pass(1_000)
    assert.equal(hanging.length, 1)
    await bed.pass(1_100)
    await bed.pass(8_000)
    assert.ok(hanging.length > 1)
    bed.executor.drop(new Set([0]), new Error('revoked'))
    for (const settle of hanging) settle()
    await quiet()
    assert.equal(bed.completions.counts['not run'], 3)
    isDown = false
    await bed.accept(keyed(2).map((record) => ({ ...record, slot: 1 })))
    await bed.pass(8_000)
    assert.deepEqual([bed.completions.counts.done, bed.states().at(-1)], [2, 'ended'])
  })

  test('begins no record before its error says', async () => {
    let isDown = true
    const seen: number[] = []
    const bed = setUp((value) => {
      seen.push(value)
      if (isDown) throw new TransientError('later', { retryAfterMs: 50_000 })
    })
    await bed.accept(keyed(3))
    isDown = false
    await bed.pass(49_999)
    assert.equal(seen.length, 3)
    await bed.pass(1)
    await bed.pass(0)
    assert.deepEqual([seen.length, bed.completions.counts.done], [6, 3])
  })

  test('may be stopped by who is told of it', async () => {
    const { handler } = dependency()
    const { options } = runnerBed()
    const onOutage = () => bed.executor.stop()
    const bed = setUp(handler, {}, { listener: { ...options.listener, onOutage } })
    await bed.accept(keyed(10))
    await bed.pass(60_000)
    assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 10 })
  })
})

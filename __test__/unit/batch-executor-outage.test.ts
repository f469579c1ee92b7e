import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import { drive, quiet } from '../helpers/drive.ts'
import type { BatchRecord } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

const OUTAGE = { keys: 3, initialDelayMs: 1_000, maxDelayMs: 8_000 }

function setUp(handler: BatchHandler<number>, policy: object = {}) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, outage: OUTAGE, ...policy }, clock })
  const executor = new BatchExecutor({ ...options, handler: handler as BatchHandler, group: 'g' })
  const { accept, pass } = drive(executor, clock, number)
  /** Lets time pass in small steps, as back-offs follow one another. */
  const passLong = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) await pass(1_000)
  }
  const states = () => rest.outages.map(({ state }) => state)
  return { executor, accept, pass, passLong, states, ...rest }
}

const keyed = (count: number, first = 0): BatchRecord[] =>
  Array.from({ length: count }, (_, at) => ({ key: `k${first + at}` }))

/** A handler whose dependency can be down, and which fails for a batch with a bad record. */
function dependency(isBad: (value: number) => boolean = () => false) {
  const state = { isDown: true, calls: [] as number[][], done: [] as number[] }
  const handler: BatchHandler<number> = (values) => {
    state.calls.push(values)
    if (state.isDown || values.some(isBad)) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    state.done.push(...values)
  }
  return { state, handler }
}

describe('In an outage, a batch handler', () => {
  test('is called for a probe now and then, and then for all that waited, in order of their keys', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept([...keyed(5), ...keyed(5)])
    await bed.accept([...keyed(5), ...keyed(2, 10)])
    await bed.passLong(60_000)
    assert.deepEqual([bed.states(), bed.parked], [['began'], []])
    const before = state.calls.length
    await bed.pass(8_000)
    assert.equal(state.calls.length, before + 1, 'one probe')
    state.isDown = false
    await bed.passLong(20_000)
    assert.deepEqual([bed.states(), bed.completions.counts.done, bed.parked], [['began', 'ended'], 17, []])
    for (let key = 0; key < 5; key += 1) {
      assert.deepEqual(
        state.done.filter((value) => value < 15 && value % 5 === key),
        [key, key + 5, key + 10],
      )
    }
  })

  test('is not in one for a bad record of a batch, nor for many that stand among good ones', async () => {
    const { state, handler } = dependency((value) => value % 4 === 0)
    state.isDown = false
    const bed = setUp(handler)
    await bed.accept(keyed(40))
    await bed.passLong(400_000)
    assert.deepEqual([bed.states(), bed.parked.length, bed.completions.counts.done], [[], 10, 40])
  })

  test('comes out of one although whole batches are bad, and parks those', async () => {
    const { state, handler } = dependency((value) => value < 20)
    state.isDown = false
    const bed = setUp(handler)
    await bed.accept(keyed(10))
    await bed.accept(keyed(10, 10))
    await bed.accept(keyed(10, 20))
    await bed.passLong(2_000_000)
    assert.deepEqual(
      bed.parked.map(({ offset }) => offset).sort((a, b) => a - b),
      [...Array(20).keys()],
    )
    assert.deepEqual([bed.completions.counts.done, bed.states().at(-1)], [30, 'ended'])
  })

  // The first record that had used up its retries became a dead letter: none other had been tried until then.
  test('parks nothing when its batches have one record each', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    const batches = keyed(6).map((record) => bed.accept([record]))
    await Promise.all(batches)
    await bed.passLong(60_000)
    assert.deepEqual([bed.states(), bed.parked], [['began'], []])
    state.isDown = false
    await bed.passLong(20_000)
    assert.deepEqual([bed.completions.counts.done, bed.parked], [6, []])
  })

  // A batch that began with the bad record had it put off until the next had told whether there was an outage: the records
  // behind it were handled, and again by whoever got the partition.
  test('handles nothing behind a record that stops its partition', async () => {
    for (const bad of [0, 2, 4]) {
      const { state, handler } = dependency((value) => value === bad)
      state.isDown = false
      const bed = setUp(handler, { maxRetries: 0, givenUp: 'stop' })
      await bed.accept(keyed(5))
      await bed.passLong(20_000)
      assert.deepEqual(state.done, [...Array(bad).keys()])
      assert.equal(bed.completions.counts.done, bad)
    }
  })

  test('gives up what it put off when no other record comes', async () => {
    const { handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(2))
    await bed.passLong(60_000)
    assert.deepEqual([bed.states(), bed.parked.length, bed.completions.counts.done], [[], 2, 2])
  })

  test('gives back what waits when its partition goes or it stops', async () => {
    for (const isDropped of [true, false]) {
      const { state, handler } = dependency()
      const bed = setUp(handler)
      await bed.accept(keyed(6))
      await bed.passLong(60_000)
      assert.deepEqual(bed.states(), ['began'])
      if (isDropped) bed.executor.drop(new Set([0]), new Error('revoked'))
      else bed.executor.stop()
      await quiet()
      assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 6 })
      state.isDown = false
      await bed.accept(keyed(4).map((record) => ({ ...record, slot: 1 })))
      await bed.passLong(10_000)
      assert.equal(bed.completions.counts.done, isDropped ? 4 : 0)
      assert.deepEqual(bed.states(), isDropped ? ['began', 'ended'] : ['began'])
    }
  })

  test('is given nothing of a paused partition as a probe', async () => {
    const { state, handler } = dependency()
    const bed = setUp(handler)
    await bed.accept(keyed(6).map((record, at) => ({ ...record, slot: at % 2 })))
    await bed.passLong(60_000)
    bed.executor.pause([0])
    state.calls.length = 0
    state.isDown = false
    await bed.passLong(20_000)
    assert.deepEqual([bed.states(), state.done.every((value) => value % 2 === 1)], [['began', 'ended'], true])
    bed.executor.resume(new Set([0]))
    await bed.passLong(10_000)
    assert.equal(bed.completions.counts.done, 6)
  })
})

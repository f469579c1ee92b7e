import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { RecordContext } from '../../lib/consumer/record.ts'
import { DecodeError } from '../../lib/errors.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { runnerBed } from '../helpers/runner-bed.ts'
import { waitFor } from '../helpers/wait.ts'

function setUp(handler: RecordHandler<number>, concurrency = 16) {
  const { options, number, ...rest } = runnerBed()
  const executor = new Executor({ ...options, handler: handler as RecordHandler, concurrency })
  const accept = (records: readonly BatchRecord[]) => executor.accept(batchOf(...number(records)))
  return { executor, accept, ...rest }
}

type Bed = ReturnType<typeof setUp>
const plain = (count: number, record: BatchRecord = {}) => Array.from({ length: count }, () => record)
const settled = (bed: Bed, count: number) =>
  waitFor(() => bed.completions.fates.size === count, { what: `${count} reports`, timeoutMs: 5_000 })

describe('Executor', () => {
  test('runs sync handlers in one turn and reports the whole batch with one call', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    bed.accept(plain(100))
    await nextTurn()
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, index) => index),
    )
    assert.equal(bed.completions.wholeBatches, 1)
    assert.deepEqual(bed.completions.counts, { done: 100, failed: 0, 'not run': 0 })
  })

  test('reports what has finished while something of its batch still runs', async () => {
    let finish: () => void = () => {}
    const bed = setUp((value) => {
      if (value !== 3) return undefined
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    bed.accept(plain(10))
    await waitFor(() => bed.completions.fates.size === 9, { what: 'the others' })
    assert.equal(bed.completions.fates.has('1/3'), false)
    finish()
    await settled(bed, 10)
    assert.equal(bed.completions.counts.done, 10)
  })

  test('decodes null as null, and gives each record its own context', async () => {
    const seen: unknown[] = []
    const bed = setUp((value, { partition, key }) => seen.push([value, partition, key]))
    bed.accept([
      { value: null, key: 'a', slot: 1 },
      { value: '5', slot: 2 },
    ])
    await nextTurn()
    assert.deepEqual(seen, [
      [null, 1, 'a'],
      [5, 2, null],
    ])
  })

  test('a failure stops its slot and no other, and later records of it are not run', async () => {
    const seen: number[] = []
    const bed = setUp((value) => {
      if (value === 2) throw new Error('two')
      seen.push(value)
    }, 1)
    bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 0 }, { slot: 0 }, { slot: 1 }])
    bed.accept([{ slot: 0 }, { slot: 1 }])
    await settled(bed, 7)
    assert.deepEqual(seen, [0, 1, 4, 6])
    assert.deepEqual(bed.completions.counts, { done: 4, failed: 1, 'not run': 2 })
    assert.deepEqual(
      bed.failures.map(({ error, offset }) => [(error as Error).message, offset]),
      [['two', 2]],
    )
  })

  test('records that run while another of their slot fails end as they end', async () => {
    const bed = setUp(async (value) => {
      await delay(value === 0 ? 5 : 15)
      if (value < 2) throw new Error(String(value))
    })
    bed.accept(plain(3, { slot: 0 }))
    await settled(bed, 3)
    assert.deepEqual(bed.completions.counts, { done: 1, failed: 1, 'not run': 1 })
    assert.equal(bed.failures.length, 1, 'the slot is stopped by then: it is told once')
  })

  test('a value that cannot be decoded fails without reaching the handler', async () => {
    const bed = setUp(() => assert.fail('it has no value'))
    bed.accept([{ value: '{' }])
    await settled(bed, 1)
    assert.ok(bed.failures[0]?.error instanceof DecodeError)
  })

  test('drop gives back what waits and tells what runs, and nothing of the slot starts afterwards', async () => {
    const seen: number[] = []
    const signals: AbortSignal[] = []
    const bed = setUp(async (value, { signal }) => {
      seen.push(value)
      signals.push(signal)
      await delay(10)
    }, 2)
    bed.accept([...plain(5, { slot: 0, lane: 7 }), ...plain(5, { slot: 1 })])
    await nextTurn()
    const reason = new Error('revoked')
    bed.executor.drop(new Set([0]), reason)
    assert.deepEqual(seen, [0, 5], 'one of the lane, one beside it')
    assert.deepEqual([signals[0]?.aborted, signals[0]?.reason, signals[1]?.aborted], [true, reason, false])
    bed.accept(plain(3, { slot: 0 }))
    await settled(bed, 13)
    assert.deepEqual(seen, [0, 5, 6, 7, 8, 9])
    assert.deepEqual(bed.completions.counts, { done: 6, failed: 0, 'not run': 7 })
    assert.deepEqual(bed.failures, [])
  })

  test('a failure after its slot was dropped is told to nobody', async () => {
    const bed = setUp(() => delay(5).then(() => Promise.reject(new Error('late'))))
    bed.accept(plain(1, { slot: 0 }))
    await nextTurn()
    bed.executor.drop(new Set([0]), new Error('revoked'))
    await settled(bed, 1)
    assert.deepEqual([bed.completions.counts['not run'], bed.failures], [1, []])
  })

  test('stop lets what runs end, starts nothing more and gives the rest back', async () => {
    const bed = setUp(() => delay(5), 2)
    bed.accept(plain(10))
    await nextTurn()
    bed.executor.stop()
    await waitFor(() => bed.completions.counts['not run'] === 8, { what: 'the rest' })
    bed.accept(plain(4))
    await settled(bed, 14)
    assert.deepEqual(bed.completions.counts, { done: 2, failed: 0, 'not run': 12 })
  })

  test('abort tells every handler that runs', async () => {
    const signals: AbortSignal[] = []
    const bed = setUp((_, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    }, 3)
    bed.accept(plain(10))
    await nextTurn()
    bed.executor.abort(new Error('disconnected'))
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, true, true],
    )
  })

  for (let seed = 1; seed <= 30; seed += 1) {
    test(`order, concurrency and reports hold for random batches, handlers and drops (seed ${seed})`, async () => {
      let state = seed * 2_654_435_761
      const random = (below: number) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        return (state >>> 8) % below
      }
      const concurrency = 1 + random(20)
      const lanes = 1 + random(12)
      let [running, most] = [0, 0]
      const busy = new Set<number>()
      const last = new Map<number, number>()
      const dropped = new Set<number>()
      const lanesOf = new Map<number, number>()
      const bed = setUp(async (value: number, { partition }: RecordContext) => {
        const lane = lanesOf.get(value) as number
        assert.equal(dropped.has(partition), false, 'a dropped slot starts nothing')
        running += 1
        most = Math.max(most, running)
        if (lane >= 0) {
          assert.equal(busy.has(lane), false, `lane ${lane} runs twice at once`)
          assert.ok((last.get(lane) ?? -1) < value, `lane ${lane} is out of order`)
          busy.add(lane)
          last.set(lane, value)
        }
        const how = random(4)
        if (how === 1) await null
        else if (how === 2) await nextTurn()
        else if (how === 3) await delay(random(3))
        running -= 1
        busy.delete(lane)
        if (random(200) === 0) {
          dropped.add(partition)
          throw new Error('random')
        }
      }, concurrency)
      let offset = 0
      for (let batch = 0; batch < 12; batch += 1) {
        const records = Array.from({ length: 1 + random(60) }, () => {
          const lane = random(lanes + 1) - 1
          lanesOf.set(offset, lane)
          offset += 1
          // a lane belongs to one slot
          return { slot: lane < 0 ? random(4) : lane % 4, lane }
        })
        bed.accept(records)
        if (random(3) === 0) await nextTurn()
        if (random(12) === 0) {
          const slot = random(4)
          dropped.add(slot)
          bed.executor.drop(new Set([slot]), new Error('dropped'))
        }
      }
      await settled(bed, offset)
      assert.equal(running, 0)
      assert.ok(most <= concurrency)
      const unexpected = bed.failures.filter(({ error }) => (error as Error).message !== 'random')
      assert.deepEqual(unexpected, [])
      const { done, failed } = bed.completions.counts
      assert.ok(dropped.size > 0 || (done === offset && failed === 0))
    })
  }
})

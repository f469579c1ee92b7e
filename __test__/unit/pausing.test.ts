// What JavaScript had got and not started went on to handlers after a pause, when only the native side was told.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'
import { waitFor } from '../helpers/wait.ts'

const plain = (count: number, record: BatchRecord = {}) => Array.from({ length: count }, () => record)
const reason = new Error('revoked')

describe('a paused Executor', () => {
  function setUp(handler: RecordHandler<number>, concurrency = 16) {
    const clock = new FakeClock()
    const { options, number, ...rest } = runnerBed({ delivery: PARKS, clock })
    const executor = new Executor({ ...options, handler: handler as RecordHandler, concurrency })
    const accept = (records: readonly BatchRecord[]) => executor.accept(batchOf(...number(records)))
    const settled = (count: number) =>
      waitFor(() => rest.completions.fates.size === count, { what: `${count} reports`, timeoutMs: 5_000 })
    return { executor, accept, settled, clock, ...rest }
  }

  test('starts nothing of the slot, reports it as held, goes on with others, and later goes on in order', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    bed.accept([
      { slot: 0, lane: 0 },
      { slot: 1, lane: 1 },
      { slot: 0, lane: 0 },
    ])
    bed.executor.pause([0])
    bed.accept([
      { slot: 0, lane: 0 },
      { slot: 1, lane: 1 },
      { slot: 0, lane: 2 },
    ])
    await bed.settled(2)
    await nextTurn()
    assert.deepEqual(seen, [1, 4])
    assert.equal(bed.completions.held.size, 4, 'what is paused must not count as work in progress')
    bed.executor.resume(new Set([0]))
    assert.deepEqual(seen, [1, 4], 'no handler runs inside of resume()')
    await bed.settled(6)
    assert.deepEqual(
      seen.filter((value) => ![1, 4, 5].includes(value)),
      [0, 2, 3],
    )
  })

  test('lets what runs end, and retries nothing until it is resumed', async () => {
    const attempts: number[] = []
    const bed = setUp((_, { attempt }) => {
      attempts.push(attempt)
      if (attempt === 1) throw new Error('again')
    })
    bed.accept([{ slot: 0 }])
    await waitFor(() => bed.failures.length === 1, { what: 'the failure' })
    bed.executor.pause([0])
    bed.clock.advance(60_000)
    await nextTurn()
    assert.deepEqual(attempts, [1])
    bed.executor.resume(new Set([0]))
    await bed.settled(1)
    assert.deepEqual(attempts, [1, 2])
  })

  for (const end of ['drop', 'stop'] as const) {
    test(`gives back what it put aside at ${end}, and a resume afterwards runs nothing`, async () => {
      const bed = setUp(() => assert.fail('it runs'))
      bed.executor.pause([0])
      bed.accept([
        { slot: 0, lane: 0 },
        { slot: 0, lane: 0 },
        { slot: 0, lane: -1 },
      ])
      await waitFor(() => bed.completions.held.size === 3, { what: 'held records' })
      if (end === 'drop') bed.executor.drop(new Set([0]), reason)
      else bed.executor.stop()
      bed.executor.resume(new Set([0]))
      await bed.settled(3)
      assert.equal(bed.completions.counts['not run'], 3)
    })
  }
})

describe('a paused BatchExecutor', () => {
  function setUp(handler: BatchHandler<number>) {
    const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, initialDelayMs: 0 } })
    const executor = new BatchExecutor({ ...options, handler: handler as BatchHandler, group: 'g' })
    const accept = (records: readonly BatchRecord[]) => executor.accept(batchOf(...number(records)))
    const settled = (count: number) =>
      waitFor(() => rest.completions.fates.size === count, { what: `${count} reports`, timeoutMs: 5_000 })
    return { executor, accept, settled, ...rest }
  }

  test('takes the slot out of its calls, and hands what it put aside over before what came later', async () => {
    const seen: number[][] = []
    const bed = setUp((values) => seen.push(values))
    bed.executor.pause([0])
    bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 0 }])
    bed.accept(plain(2, { slot: 0 }))
    await bed.settled(1)
    await waitFor(() => bed.completions.held.size === 4, { what: 'held records' })
    bed.executor.resume(new Set([0]))
    bed.accept(plain(1, { slot: 0 }))
    await bed.settled(6)
    assert.deepEqual(seen, [[1], [0, 2], [3, 4], [5]])
  })

  test('a slot that is resumed while a call runs does not overtake itself', async () => {
    const seen: number[] = []
    const bed = setUp((values) => {
      if (values.length > 1) {
        bed.executor.pause([0])
        throw new Error('one by one')
      }
      seen.push(...values)
      // when record 0 was put aside, record 2 must not go before it
      bed.executor.resume(new Set([0]))
    })
    bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 0 }])
    await bed.settled(3)
    assert.deepEqual(seen, [1, 0, 2])
  })

  for (const end of ['drop', 'stop'] as const) {
    test(`gives back what it put aside at ${end}`, async () => {
      const bed = setUp(() => assert.fail('it runs'))
      bed.executor.pause([0])
      bed.accept(plain(3, { slot: 0 }))
      await waitFor(() => bed.completions.held.size === 3, { what: 'held records' })
      if (end === 'drop') bed.executor.drop(new Set([0]), reason)
      else bed.executor.stop()
      await bed.settled(3)
      assert.equal(bed.completions.counts['not run'], 3)
    })
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import type { BatchContext } from '../../lib/consumer/record.ts'
import { DecodeError } from '../../lib/errors.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { runnerBed } from '../helpers/runner-bed.ts'
import { waitFor } from '../helpers/wait.ts'

function setUp(handler: BatchHandler<number>) {
  const { options, number, completions, failures, ...rest } = runnerBed()
  const executor = new BatchExecutor({ ...options, handler: handler as BatchHandler, group: 'g' })
  const accept = (records: readonly BatchRecord[]) => executor.accept(batchOf(...number(records)))
  const settled = (count: number) =>
    waitFor(() => completions.fates.size === count, { what: `${count} reports`, timeoutMs: 5_000 })
  return { executor, accept, settled, completions, failures, ...rest }
}

const plain = (count: number, record: BatchRecord = {}) => Array.from({ length: count }, () => record)

describe('BatchExecutor', () => {
  test('runs one call at a time, in order, with a context for each value', async () => {
    const seen: number[][] = []
    let running = 0
    const bed = setUp(async (values, { records, group }) => {
      running += 1
      assert.equal(running, 1)
      assert.equal(group, 'g')
      assert.deepEqual(
        values,
        records.map(({ offset }) => offset),
      )
      await delay(2)
      seen.push(values)
      running -= 1
    })
    for (const size of [3, 1, 2]) bed.accept(plain(size))
    await bed.settled(6)
    assert.deepEqual(seen, [[0, 1, 2], [3], [4, 5]])
    assert.deepEqual([bed.completions.wholeBatches, bed.completions.counts.done], [3, 6])
  })

  test('a batch that fails is handled record by record, and the one that fails again stops its slot', async () => {
    const seen: number[][] = []
    const bed = setUp((values) => {
      if (values.includes(1)) throw new Error('one')
      seen.push(values)
    })
    bed.accept(plain(2, { slot: 0 }))
    bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 0 }])
    bed.accept(plain(2, { slot: 0 }))
    await bed.settled(7)
    assert.deepEqual(seen, [[0], [3]])
    assert.deepEqual(bed.completions.counts, { done: 2, failed: 1, 'not run': 4 })
    assert.deepEqual(
      bed.failures.map(({ error, offset, attempt, step }) => [error.message, offset, attempt, step.kind]),
      [
        ['one', 0, 1, 'retry'],
        ['one', 1, 1, 'retry'],
        ['one', 1, 2, 'stop'],
      ],
    )
  })

  test('a value that cannot be decoded fails alone, and the handler gets the others', async () => {
    const seen: number[][] = []
    const bed = setUp((values) => seen.push(values))
    bed.accept([{}, { value: 'oops' }, { slot: 1 }])
    await bed.settled(3)
    assert.deepEqual(seen, [[0, 2]])
    assert.deepEqual(bed.completions.counts, { done: 2, failed: 1, 'not run': 0 })
    assert.ok(bed.failures[0]?.error instanceof DecodeError)
  })

  test('drop tells the call that runs and gives back batches that wait', async () => {
    const contexts: BatchContext[] = []
    const bed = setUp(async (_, context) => {
      contexts.push(context)
      await delay(10)
    })
    bed.accept(plain(2, { slot: 0 }))
    bed.accept(plain(2, { slot: 0 }))
    bed.accept([{ slot: 0 }, { slot: 1 }])
    await nextTurn()
    const reason = new Error('revoked')
    bed.executor.drop(new Set([0]), reason)
    assert.deepEqual([contexts[0]?.signal.aborted, contexts[0]?.signal.reason], [true, reason])
    await bed.settled(6)
    assert.deepEqual(
      contexts.map(({ records }) => records.map(({ offset }) => offset)),
      [[0, 1], [5]],
    )
    assert.deepEqual(bed.completions.counts, { done: 3, failed: 0, 'not run': 3 })
  })

  test('stop lets the call that runs end and gives the rest back', async () => {
    const bed = setUp(() => delay(5))
    bed.accept(plain(2))
    bed.accept(plain(3))
    await nextTurn()
    bed.executor.stop()
    bed.accept(plain(1))
    await bed.settled(6)
    assert.deepEqual(bed.completions.counts, { done: 2, failed: 0, 'not run': 4 })
  })
})

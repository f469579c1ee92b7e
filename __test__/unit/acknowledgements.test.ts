import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { BatchContext, RecordContext } from '../../lib/consumer/record.ts'
import { ack } from '../../lib/delivery/verdict.ts'
import { ArgumentError } from '../../lib/errors.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'
import { waitFor } from '../helpers/wait.ts'

const plain = (count: number, record: BatchRecord = {}) => Array.from({ length: count }, () => record)

function setUp(handler: RecordHandler<number>, isManual = true) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: PARKS, clock, isManual })
  const executor = new Executor({ ...options, handler: handler as RecordHandler, concurrency: 2 })
  const accept = (records: readonly BatchRecord[]) => executor.accept(batchOf(...number(records)))
  const settled = (count: number) =>
    waitFor(() => rest.completions.fates.size === count, { what: `${count} reports`, timeoutMs: 5_000 })
  return { executor, accept, settled, clock, ...rest }
}

describe('an Executor that commits by hand', () => {
  test('frees the lane at the end of the handler, and finishes a record when it is acknowledged', async () => {
    const contexts: RecordContext[] = []
    const bed = setUp((_, context) => {
      contexts.push(context)
    })
    bed.accept(plain(3, { lane: 0 }))
    await waitFor(() => bed.completions.held.size === 3, { what: 'held records' })
    assert.equal(contexts[2]?.ack(), true)
    await bed.settled(1)
    assert.equal(bed.completions.fates.get('1/2'), 'done')
    for (const context of contexts) assert.equal(context.ack(), true)
    await bed.settled(3)
    assert.equal(bed.completions.counts.done, 3)
  })

  test('an ack in the handler, or the verdict, finishes the record when the handler ends', async () => {
    const bed = setUp(async (value, context) => {
      if (value === 0) context.ack()
      await nextTurn()
      return value === 1 ? ack : undefined
    })
    bed.accept(plain(3))
    await bed.settled(2)
    await waitFor(() => bed.completions.held.size === 1, { what: 'the third' })
    assert.deepEqual([...bed.completions.fates.keys()].sort(), ['1/0', '1/1'])
  })

  test('a failure takes the ack of its attempt back', async () => {
    const contexts: RecordContext[] = []
    const bed = setUp((_, context) => {
      contexts.push(context)
      if (context.attempt > 1) return
      context.ack()
      throw new Error('after all')
    })
    bed.accept(plain(1))
    await waitFor(() => bed.failures.length === 1, { what: 'the failure' })
    bed.clock.advance(60_000)
    await waitFor(() => contexts.length === 2, { what: 'the second attempt' })
    await nextTurn()
    assert.equal(contexts[0]?.ack(), false)
    assert.equal(bed.completions.fates.size, 0)
    assert.equal(contexts[1]?.ack(), true)
    await bed.settled(1)
  })

  for (const end of ['drop', 'stop'] as const) {
    test(`gives back what is not acknowledged at ${end}, and says that a later ack is too late`, async () => {
      const contexts: RecordContext[] = []
      const bed = setUp((_, context) => {
        contexts.push(context)
      })
      bed.accept(plain(2))
      await waitFor(() => bed.completions.held.size === 2, { what: 'held records' })
      if (end === 'drop') bed.executor.drop(new Set([0]))
      else bed.executor.stop()
      await bed.settled(2)
      assert.equal(bed.completions.counts['not run'], 2)
      assert.equal(contexts[0]?.ack(), false)
    })
  }

  test('ack() without "commit: manual" is an ArgumentError', async () => {
    let thrown: unknown
    const bed = setUp((_, context) => {
      try {
        context.ack()
      } catch (error) {
        thrown = error
      }
    }, false)
    bed.accept(plain(1))
    await bed.settled(1)
    assert.ok(thrown instanceof ArgumentError)
  })
})

describe('a BatchExecutor that commits by hand', () => {
  test('finishes each record when it is acknowledged, alone or with all others', async () => {
    const contexts: BatchContext[] = []
    const { options, number, completions } = runnerBed({ isManual: true })
    const handler: BatchHandler<number> = (_, context) => {
      contexts.push(context)
    }
    const executor = new BatchExecutor({ ...options, handler: handler as BatchHandler, group: 'g' })
    executor.accept(batchOf(...number(plain(8))))
    await waitFor(() => completions.held.size === 8, { what: 'held records' })
    assert.equal(contexts[0]?.records[3]?.ack(), true)
    await waitFor(() => completions.fates.get('1/3') === 'done', { what: 'the one' })
    assert.equal(completions.fates.size, 1)
    assert.equal(contexts[0]?.ack(), true)
    await waitFor(() => completions.fates.size === 8, { what: 'all' })
    executor.accept(batchOf(...number(plain(2))))
    await waitFor(() => completions.held.size === 10, { what: 'held records' })
    executor.drop(new Set([0]))
    await waitFor(() => completions.counts['not run'] === 2, { what: 'what is given back' })
    assert.equal(contexts[1]?.ack(), false)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import type { RunnerOptions } from '../../lib/consumer/runner.ts'
import { ack, deadLetter, retry } from '../../lib/delivery/verdict.ts'
import { HandlerTimeoutError, PermanentError } from '../../lib/errors.ts'
import { drive, quiet } from '../helpers/drive.ts'
import { batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

function setUp(handler: BatchHandler<number>, others: Partial<RunnerOptions> = {}) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: PARKS, clock })
  const executor = new BatchExecutor({ ...options, ...others, handler: handler as BatchHandler, group: 'g' })
  const { accept, pass } = drive(executor, clock, number)
  return { executor, accept, pass, ...rest }
}

const fates = ({ completions }: ReturnType<typeof setUp>) => Object.fromEntries(completions.fates)

describe('A batch whose handler fails', () => {
  test('has a verdict for each record: those to retry come again alone and in order', async () => {
    const seen: number[][] = []
    const bed = setUp((values) => {
      seen.push(values)
      return seen.length === 1 ? [ack, retry({ afterMs: 10 }), deadLetter('no'), retry({ afterMs: 50 })] : undefined
    })
    await bed.accept([{}, {}, {}, {}])
    assert.deepEqual(fates(bed), { '1/0': 'done', '1/2': 'done' })
    assert.deepEqual(
      bed.parked.map(({ offset }) => offset),
      [2],
    )
    await bed.pass(50)
    assert.deepEqual([seen, bed.completions.counts.done], [[[0, 1, 2, 3], [1], [3]], 4])
  })

  test('fails as a whole for verdicts that are not as many as its records', async () => {
    const bed = setUp(() => [ack])
    await bed.accept([{}, {}])
    assert.match(bed.failures[0]?.error.message ?? '', /1 verdicts for 2 records/)
    await bed.pass(1_000)
    assert.equal(bed.completions.counts.done, 2)
  })

  test('is handled record by record after its deadline, which its signal tells', async () => {
    const signals: AbortSignal[] = []
    let end: () => void = () => {}
    const bed = setUp((values, { signal }) => {
      signals.push(signal)
      if (values.length === 1) return undefined
      return new Promise<void>((resolve) => {
        end = resolve
      })
    })
    await bed.accept([{}, {}])
    await bed.pass(60_000)
    assert.ok(signals[0]?.reason instanceof HandlerTimeoutError)
    assert.deepEqual([signals.length, bed.failures.length], [1, 0], 'nothing goes on before it settles')
    end()
    await quiet()
    await bed.pass(1_000)
    assert.deepEqual([signals.length, bed.completions.counts.done], [3, 2])
  })

  test('parks records that cannot be decoded, beside one that is retried and one that is done', async () => {
    const bed = setUp((values, { records }) =>
      values.map((_, at) => (records[at]?.attempt === 1 && at === 1 ? retry() : ack)),
    )
    await bed.accept([{}, { value: '{' }, {}])
    assert.deepEqual(fates(bed), { '1/0': 'done', '1/1': 'done' })
    await bed.pass(1_000)
    assert.deepEqual([bed.completions.counts.done, bed.parked.map(({ offset }) => offset)], [3, [1]])
  })

  // Only a batch all of whose records had to go was given back: the others waited for the handler and for back-offs of
  // partitions that stay, and the revocation for them.
  test('gives back what goes of it, and of the next one, while the rest waits to be tried again', async () => {
    const seen: number[][] = []
    const bed = setUp((values) => {
      seen.push(values)
      if (seen.length === 1) throw new Error('outage')
    })
    await bed.accept([{ slot: 0 }, { slot: 1 }])
    await bed.accept([{ slot: 1 }, { slot: 0 }])
    bed.executor.drop(new Set([1]), new Error('revoked'))
    await quiet()
    assert.deepEqual(fates(bed), { '1/1': 'not run', '2/0': 'not run' })
    await bed.pass(1_000)
    assert.deepEqual([seen, bed.completions.counts], [[[0, 1], [0], [3]], { done: 2, failed: 0, 'not run': 2 }])
  })

  test('gives all back at once when it stops in a back-off, and what comes later too', async () => {
    const bed = setUp(() => Promise.reject(new Error('outage')))
    await bed.accept([{}, {}])
    bed.executor.stop()
    await quiet()
    await bed.accept([{}])
    assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 3 })
  })

  // The back-off after a letter that failed began although everything was stopped by then, and nothing ended it early:
  // the records were given back up to half a minute later.
  test('gives all back at once when it stopped while a letter was being written that fails', async () => {
    let refuse: (error: Error) => void = () => {}
    const park = () =>
      new Promise<never>((_, reject) => {
        refuse = reject
      })
    const bed = setUp(() => [retry(), deadLetter(new PermanentError('never'))], { park })
    await bed.accept([{}, {}])
    bed.executor.stop()
    refuse(new Error('no leader'))
    await quiet()
    assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 2 })
  })

  test('gives other work of the process a turn while its records are handled one by one', async () => {
    let [turns, handled] = [0, 0]
    const bed = setUp((values) => {
      if (values.length > 1) throw new PermanentError('one of them')
      handled += 1
      const endMs = performance.now() + 0.2
      while (performance.now() < endMs);
    })
    const count = () => {
      turns += 1
      if (handled < 500) setImmediate(count)
    }
    bed.executor.accept(batchOf(1, Array(500).fill({ value: '1' })))
    bed.completions.expect(1, 500)
    setImmediate(count)
    while (handled < 500) await nextTurn()
    assert.ok(turns >= 5, `${turns} turns`)
  })
})

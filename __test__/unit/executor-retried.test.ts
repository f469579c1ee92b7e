import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import { RecordContext } from '../../lib/consumer/record.ts'
import { RetriedRecords } from '../../lib/consumer/retried-records.ts'
import { retryRecord } from '../../lib/delivery/retry-record.ts'
import { TransientError } from '../../lib/errors.ts'
import { drive, quiet } from '../helpers/drive.ts'
import { type BatchRecord, batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

/** The time of day when the clock of a test begins. */
const NOW_MS = 1_700_000_000_000

/** An executor of a retry topic `t.g.retry.1m`, and the time of day, which may be set. */
function setUp(handler: RecordHandler<number>, { concurrency = 16, isManual = false } = {}) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, maxRetries: 0 }, clock, isManual })
  const bed = { setBackMs: 0 }
  const executor = new Executor({
    ...options,
    places: new Map([0, 1].map((slot) => [slot, { topic: 't.g.retry.1m', partition: slot, group: 'g' }])),
    retried: new RetriedRecords(() => NOW_MS + clock.now() - bed.setBackMs),
    handler: handler as RecordHandler,
    concurrency,
  })
  const { accept, pass } = drive(executor, clock, number)
  return Object.assign(bed, { executor, accept, pass, ...rest })
}

/** A record of offset 41 of `t` [3] in a retry topic, due after so long. */
function waiting(dueInMs: number, group = 'g'): BatchRecord {
  const origin = [{ offset: 41, timestamp: 7, key: 'k', headers: [['trace', 'a']] as const }]
  const context = new RecordContext(batchOf(9, origin).block, 0, { topic: 't', partition: 3, group })
  const times = { firstFailureMs: NOW_MS - 5_000, lastFailureMs: NOW_MS - 1_000, dueMs: NOW_MS + dueInMs }
  const { headers } = retryRecord(context, { ...times, tier: 1, attempts: 4 })
  return { key: 'k', timestamp: NOW_MS - 900, headers }
}

describe('A record in a retry topic', () => {
  test('is held without a worker until it is due, and never handled early', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value), { concurrency: 1 })
    await bed.accept([waiting(60_000), waiting(59_000), waiting(0), waiting(-5_000)])
    assert.deepEqual(seen, [2, 3])
    assert.deepEqual([...bed.completions.held], ['1/0', '1/1'])
    await bed.pass(58_999)
    assert.equal(seen.length, 2, 'not early')
    await bed.pass(1)
    assert.deepEqual(seen, [2, 3, 1])
    await bed.pass(1_000)
    assert.deepEqual([seen, bed.completions.counts.done], [[2, 3, 1, 0], 4])
  })

  test('waits on when the time of day was set back while it waited', async () => {
    // Its timer alone would have had it handled early.
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    await bed.accept([waiting(1_000)])
    bed.setBackMs = 500
    await bed.pass(1_000)
    assert.deepEqual(seen, [])
    await bed.pass(500)
    assert.deepEqual(seen, [0])
  })

  test('is shown as it was in its topic, and its attempts count on', async () => {
    const seen: unknown[] = []
    const bed = setUp((_, context) => {
      const { topic, partition, offset, timestamp, group, attempt, key, headers } = context
      seen.push({ topic, partition, offset, timestamp, group, attempt, key, trace: headers.trace })
      throw new TransientError('again')
    })
    await bed.accept([{ slot: 1, ...waiting(10) }])
    await bed.pass(10)
    const place = { topic: 't', partition: 3, offset: 41, timestamp: 7, group: 'g' }
    assert.deepEqual(seen, [{ ...place, attempt: 5, key: 'k', trace: 'a' }])
    const [parked] = bed.parked
    assert.deepEqual([parked?.offset, parked?.history.attempts], [41, 5])
    assert.equal(parked?.history.firstFailureMs, NOW_MS - 5_000)
    assert.ok((parked?.history.lastFailureMs ?? 0) > NOW_MS, 'the last failure is the new one')
    assert.deepEqual(Object.fromEntries(bed.completions.fates), { '1/0': 'done' })
  })

  test('that was written by hand is handled at once, at its own place', async () => {
    const seen: unknown[] = []
    const bed = setUp((_, { topic, offset, attempt }) => seen.push([topic, offset, attempt]))
    await bed.accept([{ offset: 6, headers: [['x-narad-retry-due', String(NOW_MS + 60_000)]] }])
    assert.deepEqual(seen, [['t.g.retry.1m', 6, 1]])
  })

  test('of another group whose retry topic has the same name is left to that group', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    await bed.accept([waiting(0, 'other'), waiting(60_000, 'other'), waiting(0)])
    assert.deepEqual([seen, bed.completions.counts.done], [[2], 3])
  })

  test('is given back while it waits when its partition goes, and when everything stops', async () => {
    const bed = setUp(() => assert.fail('it was not due'))
    await bed.accept([waiting(60_000), { slot: 1, ...waiting(60_000) }])
    bed.executor.drop(new Set([1]), new Error('revoked'))
    await quiet()
    assert.deepEqual(Object.fromEntries(bed.completions.fates), { '1/1': 'not run' })
    bed.executor.stop()
    await bed.pass(120_000)
    assert.deepEqual(bed.completions.counts, { done: 0, failed: 0, 'not run': 2 })
  })

  test('does not begin when it becomes due in a pause, and goes on after it', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    await bed.accept([waiting(1_000)])
    bed.executor.pause([0])
    await bed.pass(2_000)
    assert.deepEqual(seen, [])
    bed.executor.resume(new Set([0]))
    await quiet()
    assert.deepEqual(seen, [0])
  })

  test('that comes in a pause waits for its time after it', async () => {
    const seen: number[] = []
    const bed = setUp((value) => seen.push(value))
    bed.executor.pause([0])
    await bed.accept([waiting(1_000)])
    bed.executor.resume(new Set([0]))
    await bed.pass(999)
    assert.deepEqual(seen, [])
    await bed.pass(1)
    assert.deepEqual(seen, [0])
  })

  test('may be finished by hand', async () => {
    const contexts: RecordContext[] = []
    const bed = setUp((_, context) => void contexts.push(context), { isManual: true })
    await bed.accept([waiting(10)])
    await bed.pass(10)
    assert.deepEqual(bed.completions.counts.done, 0)
    assert.equal(contexts[0]?.ack(), true)
    await quiet()
    assert.deepEqual(bed.completions.counts.done, 1)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BatchHandler } from '../../lib/consumer/batch-attempt.ts'
import { BatchExecutor } from '../../lib/consumer/batch-executor.ts'
import { Executor, type RecordHandler } from '../../lib/consumer/executor.ts'
import type { Runner, RunnerOptions } from '../../lib/consumer/runner.ts'
import { ack, retry } from '../../lib/delivery/verdict.ts'
import { PermanentError, TransientError } from '../../lib/errors.ts'
import { drive } from '../helpers/drive.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

interface Options {
  isManual?: boolean
  outage?: typeof PARKS.outage
  others?: Partial<RunnerOptions>
}

function bedOf(make: (options: RunnerOptions) => Runner, { isManual = false, outage, others = {} }: Options = {}) {
  const clock = new FakeClock()
  const { options, number, ...rest } = runnerBed({ delivery: { ...PARKS, outage }, clock, isManual })
  const runner = make({ ...options, ...others })
  return { runner, ...drive(runner, clock, number), ...rest }
}

function single(handler: RecordHandler<number>, options?: Options, concurrency = 16) {
  return bedOf((all) => new Executor({ ...all, handler: handler as RecordHandler, concurrency }), options)
}

function batched(handler: BatchHandler<number>, options?: Options) {
  return bedOf((all) => new BatchExecutor({ ...all, handler: handler as BatchHandler, group: 'g' }), options)
}

const never = () => new Promise(() => {})
const at = { topic: 't', key: null }

describe('What blocks a partition, of a handler of single records,', () => {
  test('is nothing where all is handled', async () => {
    const bed = single(() => {})
    assert.deepEqual(bed.runner.blocking(), [])
    await bed.accept([{}, {}])
    assert.deepEqual(bed.runner.blocking(), [])
  })

  test('is the record that runs, with the name of its handler and for how long, and not those after it', async () => {
    const charge = (value: number) => (value === 1 ? never() : undefined)
    const bed = single(charge)
    await bed.accept([{ slot: 0 }, { slot: 0, key: 'a' }, { slot: 0 }, { slot: 1 }])
    await bed.accept([{ slot: 0 }])
    // looks for deadlines are what a handler's time begins with
    await bed.pass(1_000)
    await bed.pass(12_000)
    const [record, ...others] = bed.runner.blocking()
    assert.deepEqual(others, [])
    const { runningMs = 0, ...rest } = record ?? {}
    assert.deepEqual(rest, {
      topic: 't',
      partition: 0,
      offset: 1,
      key: 'a',
      doing: 'handler',
      attempt: 1,
      handler: 'charge',
    })
    assert.ok(runningMs >= 12_000 && runningMs <= 13_000, `${runningMs}`)
  })

  test('is still the record whose handler is past its deadline', async () => {
    const bed = single(() => never())
    await bed.accept([{}])
    await bed.pass(70_000)
    assert.deepEqual(
      bed.runner.blocking().map(({ doing }) => doing),
      ['handler'],
    )
  })

  test('is a record that waits for its retry, with when and after what error, without its secrets', async () => {
    const bed = single(() => {
      throw new TransientError(`db at postgres://me:hunter2@db is down${'!'.repeat(1_000)}`)
    })
    await bed.accept([{ slot: 2 }])
    await bed.pass(1_000)
    await bed.pass(500)
    const [record] = bed.runner.blocking()
    const { error = '', ...rest } = record ?? {}
    assert.deepEqual(rest, { ...at, partition: 2, offset: 0, doing: 'retry', attempt: 3, nextAttemptInMs: 1_500 })
    assert.match(error, /^TransientError: db at postgres:/)
    assert.ok(!error.includes('hunter2') && error.length < 400, error)
  })

  test('is a record that comes again, with what it failed with before', async () => {
    const bed = single((_, { attempt }) => {
      if (attempt === 1) throw new Error('busy')
      return never()
    })
    await bed.accept([{}])
    await bed.pass(1_000)
    const [record] = bed.runner.blocking()
    assert.deepEqual([record?.doing, record?.attempt, record?.error], ['handler', 2, 'Error: busy'])
  })

  test('is a dead letter that is being written, or will be once more', async () => {
    let refuse: (error: Error) => void = () => {}
    const park = () =>
      new Promise<never>((_, reject) => {
        refuse = reject
      })
    const bed = single(
      () => {
        throw new PermanentError('poison')
      },
      { others: { park } },
    )
    await bed.accept([{}])
    const record = { ...at, partition: 0, offset: 0, doing: 'dead-letter', attempt: 1, error: 'PermanentError: poison' }
    assert.deepEqual(bed.runner.blocking(), [record])
    refuse(new Error('no leader'))
    await bed.pass(0)
    await bed.pass(250)
    assert.deepEqual(bed.runner.blocking(), [{ ...record, nextAttemptInMs: 750 }])
    await bed.pass(750)
    assert.deepEqual(bed.runner.blocking(), [record])
  })

  test('is a record of a paused partition, one without its ack, or one that waits for others', async () => {
    const bed = single(() => never(), { isManual: true }, 1)
    bed.runner.pause([1])
    await bed.accept([{ slot: 0 }, { slot: 1 }, { slot: 2 }])
    const doing = ({ runner }: typeof bed) =>
      runner
        .blocking()
        .map((record) => `${record.partition} ${record.doing} ${record.attempt}`)
        .sort()
    assert.deepEqual(doing(bed), ['0 handler 1', '1 paused 1', '2 queued 1'])
    const unacknowledged = single(() => {}, { isManual: true })
    await unacknowledged.accept([{}])
    assert.deepEqual(doing(unacknowledged), ['0 ack undefined'])
  })

  test('is a record that waits for the end of an outage', async () => {
    const policy = { keys: 2, initialDelayMs: 60_000, maxDelayMs: 60_000 }
    const bed = single(
      () => {
        throw new Error('down')
      },
      { outage: policy as unknown as NonNullable<typeof PARKS.outage> },
    )
    await bed.accept(Array.from({ length: 40 }, (_, key) => ({ key: `k${key}`, slot: 0 })))
    assert.notEqual(bed.runner.health().outage, undefined)
    const [record] = bed.runner.blocking()
    assert.deepEqual([record?.offset, record?.doing, record?.error], [0, 'outage', 'Error: down'])
  })

  test('is nothing of a partition that has gone to another member', async () => {
    const places = new Map([[0, { topic: 't', partition: 0, group: 'g' }]])
    const bed = single(() => never(), { others: { places } })
    await bed.accept([{}])
    assert.equal(bed.runner.blocking().length, 1)
    bed.runner.drop(new Set([0]), new Error('revoked'))
    places.clear()
    assert.deepEqual(bed.runner.blocking(), [])
  })
})

describe('What blocks a partition, of a batch handler,', () => {
  test('is the oldest record that its handler has, of each partition', async () => {
    const charge = () => never()
    const bed = batched(charge)
    await bed.accept([{ slot: 0 }, { slot: 1, key: 'b' }, { slot: 0 }])
    await bed.accept([{ slot: 0 }, { slot: 2 }])
    await bed.pass(3_000)
    const running = { topic: 't', doing: 'handler', attempt: 1, runningMs: 3_000, handler: 'charge' }
    assert.deepEqual(bed.runner.blocking(), [
      { ...running, partition: 0, offset: 0, key: null },
      { ...running, partition: 1, offset: 1, key: 'b' },
      { topic: 't', partition: 2, offset: 4, key: null, doing: 'queued', attempt: 1, handler: 'charge' },
    ])
  })

  test('is a record that waits for its retry, and the one behind it', async () => {
    const bed = batched((values) => values.map((value) => (value === 0 ? ack : retry({ afterMs: 4_000 }))))
    await bed.accept([{ slot: 0 }, { slot: 0 }, { slot: 1 }])
    await bed.pass(1_000)
    const told = bed.runner.blocking()
    assert.deepEqual(
      told.map(({ offset, doing, attempt, nextAttemptInMs }) => [offset, doing, attempt, nextAttemptInMs]),
      [
        [1, 'retry', 2, 3_000],
        [2, 'retry', 2, 3_000],
      ],
    )
    await bed.pass(3_000)
    assert.deepEqual(
      bed.runner
        .blocking()
        .map(({ offset, doing, attempt }) => [offset, doing, attempt])
        .sort(),
      [
        [1, 'retry', 3],
        [2, 'queued', 2],
      ],
    )
  })

  test('is a dead letter that is being written, or will be once more', async () => {
    const bed = batched(() => {
      throw new PermanentError('poison')
    })
    bed.refusals.push(new Error('no leader'))
    await bed.accept([{}])
    const [record] = bed.runner.blocking()
    assert.deepEqual([record?.doing, record?.attempt, record?.nextAttemptInMs], ['dead-letter', 1, 1_000])
    await bed.pass(1_000)
    assert.deepEqual(bed.runner.blocking(), [])
  })

  test('is a record of a paused partition, or one without its ack', async () => {
    const bed = batched(() => {}, { isManual: true })
    bed.runner.pause([1])
    await bed.accept([{ slot: 0 }, { slot: 1 }])
    assert.deepEqual(
      bed.runner
        .blocking()
        .map(({ partition, doing }) => [partition, doing])
        .sort(),
      [
        [0, 'ack'],
        [1, 'paused'],
      ],
    )
  })
})

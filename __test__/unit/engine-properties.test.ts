import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type EngineRun, simulate } from '../helpers/engine-model.ts'

const RUNS = 1_000

/** Many runs, each told by its seed when it fails. */
async function runs(first: number, run: (seed: number) => Promise<EngineRun>, count = RUNS): Promise<EngineRun[]> {
  const all: EngineRun[] = []
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      all.push(await run(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  return all
}

const sum = (all: readonly EngineRun[], count: (run: EngineRun) => number) =>
  all.reduce((total, run) => total + count(run), 0)

describe('The delivery engine', () => {
  test('ends each record once, in order of its lane, and commits none that is not finished (I3)', async () => {
    const all = await runs(1, (seed) => simulate(seed, { crashes: 0, hasOutages: false }))
    // else the runs would not try what they are meant to
    assert.ok(sum(all, ({ late }) => late) > RUNS / 4, 'handlers past their deadline')
    assert.ok(sum(all, ({ retries }) => retries) > RUNS * 4, 'retries')
    assert.ok(sum(all, ({ lostLetters }) => lostLetters) > RUNS / 4, 'letters that failed')
    assert.ok(sum(all, ({ notRun }) => notRun) > RUNS * 4, 'records that were dropped')
  })

  test('handles or parks every record at least once, however often it crashes', async () => {
    await runs(100_001, (seed) => simulate(seed, { crashes: 3, hasOutages: true }))
  })

  test('gives nothing up in an outage, has one probe at a time, and loses no record and no order (I3)', async () => {
    const count = RUNS / 2
    const all = await runs(200_001, (seed) => simulate(seed, { crashes: 0, hasOutages: true }), count)
    assert.ok(sum(all, ({ outages }) => outages) > count / 4, 'outages')
    assert.ok(sum(all, ({ spared }) => spared) > count / 10, 'records that had used up their retries')
    assert.ok(sum(all, ({ notRun }) => notRun) > count * 4, 'records that were dropped')
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { duration, durationText } from '../../lib/cli/durations.ts'
import { look } from '../../lib/cli/lag-look.ts'
import { type Look, type Verdict, verdictOf, worst } from '../../lib/cli/lag-verdict.ts'
import type { KafkaService } from '../../lib/index.ts'

/** Looks at a partition with a member, as pairs of the committed offset and the lag. */
function looks(...pairs: Array<[committed: number | null, lag: number | null]>): Look[] {
  return pairs.map(([committed, lag]) => ({ committed, lag, isOwned: true }))
}

const without = (all: Look[], isOwned: boolean | undefined) => all.map((look) => ({ ...look, isOwned }))

describe('The verdict on a partition', () => {
  const cases: Array<[what: string, looks: Look[], verdict: Verdict]> = [
    ['without a lag', looks([10, 0]), 'ok'],
    ['that had no lag at some moment', looks([10, 5], [15, 0], [15, 7], [15, 9]), 'ok'],
    ['whose lag goes down', looks([10, 50], [20, 45], [30, 40]), 'ok'],
    ['whose lag goes up from commit to commit, and down at each', looks([10, 50], [10, 55], [20, 49], [20, 54]), 'ok'],
    ['that is committed while the lag grows', looks([10, 50], [11, 60], [12, 70]), 'slow'],
    ['that is committed while the lag stays', looks([10, 50], [20, 50]), 'slow'],
    ['that is not committed while the lag grows', looks([10, 50], [10, 60]), 'stalled'],
    ['that is not committed while the lag stays', looks([10, 50], [10, 50]), 'stalled'],
    ['that nobody has', without(looks([10, 50], [10, 50]), false), 'stopped'],
    ['that nobody has, after one look', without(looks([10, 50]), false), 'stopped'],
    ['that nobody has, but without a lag', without(looks([10, 0]), false), 'ok'],
    ['that its member has just lost', [...looks([10, 50]), ...without(looks([10, 50]), false)], 'stopped'],
    ['of which it is not told who has it', without(looks([10, 50], [10, 50]), undefined), 'stalled'],
    ['after one look', looks([10, 50]), 'unknown'],
    ['of which nothing was committed', looks([null, null], [null, null]), 'unknown'],
    ['that was never looked at', [], 'unknown'],
    ['whose first commit came late', looks([null, null], [5, 9], [8, 6]), 'ok'],
  ]
  for (const [what, seen, verdict] of cases) {
    test(`${what} is ${verdict}`, () => assert.equal(verdictOf(seen), verdict))
  }

  test('of several is the worst, and unknown of none', () => {
    assert.equal(worst(['ok', 'stalled', 'slow', 'unknown']), 'stalled')
    assert.equal(worst(['ok', 'unknown']), 'ok')
    assert.equal(worst([]), 'unknown')
  })
})

/** A cluster that has listed groups of which one is gone when they are described: Kafka refuses the whole question. */
function clusterWithout(gone: string): Pick<KafkaService, 'admin'> {
  const list = async () => ['a', 'b', 'c', 'd', 'e'].map((group) => ({ group }))
  const describe = async (names: string[]) => {
    if (names.includes(gone)) throw Object.assign(new Error('no such group'), { code: 'NARAD_UNKNOWN_GROUP' })
    return names.map((group) => ({ group, partitions: [{ topic: 't', partition: 0, memberId: null }] }))
  }
  return { admin: { groups: { list, describe } } } as unknown as Pick<KafkaService, 'admin'>
}

describe('A look at groups', () => {
  test('leaves out one that is gone since all were listed', async () => {
    // It ended narad lag, as if the group had been named.
    const groups = async (gone: string) => (await look(clusterWithout(gone), [], true)).map(({ group }) => group)
    assert.deepEqual(await groups('none'), ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(await groups('b'), ['a', 'c', 'd', 'e'])
    assert.deepEqual(await groups('e'), ['a', 'b', 'c', 'd'])
  })

  test('fails where one that was named is not there', async () => {
    await assert.rejects(look(clusterWithout('b'), ['a', 'b'], true), { code: 'NARAD_UNKNOWN_GROUP' })
  })
})

describe('Durations of options', () => {
  test('are numbers with a unit', () => {
    assert.deepEqual(['5ms', '90s', '15m', '2h', '7d'].map(duration), [5, 90_000, 900_000, 7_200_000, 604_800_000])
    for (const wrong of ['', '5', 's', '-5s', '1.5h', '5 s', '5w'])
      assert.throws(() => duration(wrong), /duration such/)
  })

  test('are shown in their two largest units', () => {
    const shown = [0, 400, 1_000, 65_000, 3_600_000, 7_500_000, 90_061_000].map(durationText)
    assert.deepEqual(shown, ['0s', '0s', '1s', '1m 5s', '1h', '2h 5m', '1d 1h'])
  })
})

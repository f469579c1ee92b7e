import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { startNode } from '../helpers/process.ts'
import { type Resources, resourcesSkip } from '../helpers/resources.ts'

const RECONNECTS = join(__dirname, '..', 'children', 'reconnects.ts')
/** Rounds after which everything that is made once has been made. */
const WARM_UP = 40
const MIB = 1024 * 1024

/** A service that is connected, used and disconnected again and again. */
export function describeReconnecting(rounds: number): void {
  const bed = kafkaBed()
  describe('Connecting and disconnecting', { skip: bed.skip || resourcesSkip }, () => {
    test(`N6: ${rounds} times leaves threads, descriptors and memory level`, async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const child = startNode(t, RECONNECTS, { args: [brokers, topic, String(rounds)], nodeArgs: ['--expose-gc'] })
      const end = await child.ended
      assert.deepEqual(end, { code: 0, signal: null }, child.stderr)
      const held = child.lines.map((line) => JSON.parse(line) as Resources)
      assert.equal(held.length, rounds)
      // The least of many: threads of the round before may still be about to end.
      const least = (from: number, to: number, what: keyof Resources) =>
        Math.min(...held.slice(from, to).map((one) => one[what]))
      for (const what of ['threads', 'descriptors'] as const) {
        assert.equal(least(rounds - WARM_UP, rounds, what), least(0, WARM_UP, what), what)
      }
      const [early, late] = [least(WARM_UP / 2, WARM_UP, 'rssBytes'), least(rounds - WARM_UP, rounds, 'rssBytes')]
      const grown = `memory went from ${(early / MIB).toFixed(1)} to ${(late / MIB).toFixed(1)} MiB`
      t.diagnostic(grown)
      assert.ok(late < early + 10 * MIB, grown)
    })
  })
}

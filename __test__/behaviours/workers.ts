import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { startNode } from '../helpers/process.ts'
import { type Resources, resourcesSkip } from '../helpers/resources.ts'

const WORKERS = join(__dirname, '..', 'children', 'workers.ts')
const MIB = 1024 * 1024

/** Ends a worker thread at work so many times. */
export function describeWorkers(rounds: number): void {
  const bed = kafkaBed()
  describe('Worker threads', { skip: bed.skip || resourcesSkip }, () => {
    test('N2: four of a process each send and handle all of theirs', async (t) => {
      const child = startNode(t, WORKERS, { args: ['together', await bed.brokers(), await bed.topic(3), '4'] })
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
      const expected = [...Array(4).fill('done 1000'), ...Array(4).fill('exit 0')]
      assert.deepEqual([...child.lines].sort(), expected)
    })

    test(`N2: ${rounds} that are ended while they connect, subscribe, handle and send crash nothing and leave nothing`, async (t) => {
      const args = ['ended', await bed.brokers(), await bed.topic(3), String(rounds)]
      const child = startNode(t, WORKERS, { args })
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
      const held = child.lines.map((line) => JSON.parse(line) as Resources)
      assert.equal(held.length, rounds)
      // The least of some: what was ended last may still be about to let go.
      const part = Math.floor(rounds / 4)
      const least = (from: number, to: number, what: keyof Resources) =>
        Math.min(...held.slice(from, to).map((one) => one[what]))
      const grown = (what: keyof Resources) => least(rounds - part, rounds, what) - least(part, 2 * part, what)
      const growth = { threads: grown('threads'), descriptors: grown('descriptors'), mib: grown('rssBytes') / MIB }
      t.diagnostic(JSON.stringify(growth))
      assert.ok(growth.threads <= 8, `${growth.threads} more threads`)
      assert.ok(growth.descriptors <= 16, `${growth.descriptors} more descriptors`)
      assert.ok(growth.mib < 100, `${growth.mib} MiB more`)
    })
  })
}

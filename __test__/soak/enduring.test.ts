import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { startNode } from '../helpers/process.ts'
import { type Resources, resourcesSkip } from '../helpers/resources.ts'

const ENDURES = join(__dirname, '..', 'children', 'endures.ts')
const MIB = 1024 * 1024
const bed = kafkaBed()

describe('Memory, threads and descriptors', { skip: bed.skip || resourcesSkip }, () => {
  for (const [mode, count, title] of [
    ['well', 10_000_000, 'stay level while ten million records are sent and handled'],
    // thirty errors a second for an hour
    [
      'errors',
      200_000,
      'stay level while 100,000 attempts fail, 20,000 records become dead letters, and sends are refused',
    ],
  ] as const) {
    test(`N6: ${title}`, async (t) => {
      const child = startNode(t, ENDURES, { args: [mode, await bed.brokers(), await bed.topic(3), String(count)] })
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
      const held = child.lines.map((line) => JSON.parse(line) as Resources)
      assert.equal(held.length, 10)
      // the first half fills what is bounded
      const most = (from: number, to: number, what: keyof Resources) =>
        Math.max(...held.slice(from, to).map((one) => one[what]))
      const grown = (what: keyof Resources) => most(5, 10, what) - most(0, 5, what)
      const growth = { threads: grown('threads'), descriptors: grown('descriptors'), mib: grown('rssBytes') / MIB }
      t.diagnostic(JSON.stringify({ ...growth, atMostMib: most(0, 10, 'rssBytes') / MIB }))
      assert.ok(growth.threads <= 1 && growth.descriptors <= 1, JSON.stringify(growth))
      assert.ok(growth.mib < 30, JSON.stringify(growth))
    })
  }
})

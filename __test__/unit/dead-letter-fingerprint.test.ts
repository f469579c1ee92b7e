import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { fingerprintOf } from '../../lib/dead-letters/fingerprint.ts'

const frameOf = (...lines: string[]) =>
  fingerprintOf(
    'E',
    ['E: at first sight (a.js:1:1) no frame', ...lines.map((line) => `    at ${line}`)].join('\n'),
    undefined,
  ).frame

describe('The fingerprint of a letter', () => {
  test('names the topmost frame that is neither of Node nor of a dependency', () => {
    const foreign = [
      'JSON.parse (<anonymous>)',
      'parse (node:internal/x:1:2)',
      'Client.query (/srv/app/node_modules/pg/lib/client.js:3:4)',
    ]
    assert.equal(frameOf(...foreign, 'async charge (/srv/app/billing/charge.js:12:5)'), 'charge (billing/charge.js)')
    assert.equal(
      frameOf('Account.debit [as pay] (file:///srv/app/account.mjs:7:9)'),
      'Account.debit [as pay] (app/account.mjs)',
    )
    assert.equal(frameOf('async /srv/app/billing/index.js:12:5'), 'billing/index.js:12')
    assert.equal(frameOf(String.raw`run (C:\app\billing\run.js:1:2)`), 'run (billing/run.js)')
    assert.equal(frameOf('parse (node:internal/x:1:2)'), 'parse (node:internal/x)')
    assert.equal(frameOf(), undefined)
  })

  test('names no frame of the package, wherever it is installed', () => {
    // What narad threw by itself had the frame `decode (dist/narad.cjs)`, which says nothing of the handler or the record.
    const own = ['decode (/srv/app/node_modules/narad/dist/narad.cjs:1:2)', 'process.tick (node:internal/x:1:2)']
    assert.equal(frameOf(...own), undefined)
    assert.equal(frameOf(...own, 'charge (/srv/app/billing/charge.js:12:5)'), 'charge (billing/charge.js)')
    const linked = `retry (${resolve(__dirname, '../../lib/dead-letters/desk.ts')}:1:2)`
    assert.equal(frameOf(linked), undefined)
  })

  test('is the same for another line, folder or message, and another for another name, frame or type', () => {
    const id = (name: string, frame: string, type?: string) =>
      fingerprintOf(name, `${name}: x\n    at ${frame}`, type).id
    const first = id('TypeError', 'charge (/srv/1/billing/charge.js:12:5)', 'paid')
    assert.match(first, /^[0-9a-f]{8}$/)
    assert.equal(id('TypeError', 'charge (/srv/2/billing/charge.js:99:1)', 'paid'), first)
    for (const other of [
      id('RangeError', 'charge (/srv/1/billing/charge.js:12:5)', 'paid'),
      id('TypeError', 'refund (/srv/1/billing/charge.js:12:5)', 'paid'),
      id('TypeError', 'charge (/srv/1/billing/charge.js:12:5)'),
    ]) {
      assert.notEqual(other, first)
    }
  })
})

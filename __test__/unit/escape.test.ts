import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeControls, escapeForLog, isWellFormed, quote } from '../../lib/escape.ts'

test('text that could forge a line, move the cursor or turn the direction around is escaped', () => {
  assert.equal(escapeForLog('orders\r\nlevel=error'), 'orders\\r\\nlevel=error')
  assert.equal(escapeForLog('\u001b[2J'), '\\u001b[2J')
  assert.equal(escapeForLog('a\u2028b\u202ec\ufeff'), 'a\\u2028b\\u202ec\\ufeff')
  assert.equal(escapeForLog('\u009b31m'), '\\u009b31m')
})

test('lone surrogates are escaped and pairs are kept', () => {
  assert.equal(escapeForLog('a\ud800b'), 'a\\ud800b')
  assert.equal(escapeForLog('ключ 😀'), 'ключ 😀')
})

test('escaped JSON is still the same JSON', () => {
  const value = { name: 'a\u2028\u0085\ud83d\ude00', tag: '\u{e0041}' }
  assert.deepEqual(JSON.parse(escapeControls(JSON.stringify(value))), value)
})

test('long text is cut with its length named, and never within a surrogate pair', () => {
  assert.equal(escapeForLog('x'.repeat(300), 10), 'xxxxxxxxxx… (300 characters)')
  assert.equal(escapeForLog('ab😀cd', 3), 'ab… (6 characters)')
})

test('bytes are shown as text when they are UTF-8, otherwise as hexadecimal', () => {
  assert.equal(escapeForLog(Buffer.from('ключ\n')), 'ключ\\n')
  assert.equal(escapeForLog(new Uint8Array([0xff, 0x00])), '0xff00')
  assert.equal(escapeForLog(Buffer.alloc(1000, 'é'), 4), 'éééé… (1000 bytes)')
  assert.equal(escapeForLog(Buffer.alloc(1000, 0xff), 6), '0xffff… (1000 bytes)')
})

test('null and empty text are told apart', () => {
  assert.equal(quote(null), 'null')
  assert.equal(quote(''), '""')
  assert.equal(quote('a'), '"a"')
})

test('text with a lone surrogate is not well formed', () => {
  assert.ok(isWellFormed('a😀'))
  assert.ok(!isWellFormed('a\udc00'))
})

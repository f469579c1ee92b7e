import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggest } from '../../lib/suggest.ts'

const OPTIONS = ['brokers', 'clientId', 'connectionTimeoutMs', 'lingerMs', 'group', 'ssl']

test('a typing error, another letter case and other separators lead to the name', () => {
  assert.equal(suggest('broker', OPTIONS), 'brokers')
  assert.equal(suggest('borkers', OPTIONS), 'brokers')
  assert.equal(suggest('clientID', OPTIONS), 'clientId')
  assert.equal(suggest('client.id', OPTIONS), 'clientId')
  assert.equal(suggest('connectionTimeout', OPTIONS), 'connectionTimeoutMs')
})

test('a name that is near to nothing leads to nothing', () => {
  assert.equal(suggest('frobnicate', OPTIONS), undefined)
  assert.equal(suggest('', OPTIONS), undefined)
  assert.equal(suggest('x'.repeat(1_000_000), OPTIONS), undefined)
})

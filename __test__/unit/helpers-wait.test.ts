import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../helpers/wait.ts'

test('waitFor resolves to the first truthy value of its condition', async () => {
  let looks = 0
  const value = await waitFor(() => (++looks === 3 ? 'there' : undefined), { what: 'the third look', intervalMs: 1 })
  assert.equal(value, 'there')
  assert.equal(looks, 3)
})

test('waitFor names what it waited for when the deadline passes, even if a look never settles', async () => {
  const expected = { message: 'timed out after 20 ms waiting for a miracle' }
  await assert.rejects(
    waitFor(() => false, { what: 'a miracle', timeoutMs: 20 }),
    expected,
  )
  await assert.rejects(
    waitFor(() => new Promise(() => {}), { what: 'a miracle', timeoutMs: 20 }),
    expected,
  )
})

test('waitFor fails at once when its condition throws', async () => {
  const failing = () => {
    throw new Error('broken')
  }
  await assert.rejects(waitFor(failing, { what: 'anything' }), { message: 'broken' })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

const CHILD = join(__dirname, '..', 'children', 'hangs.ts')

async function pass(timeoutMs: number): Promise<{ left: number; done: number; hung: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--import',
    'tsx',
    CHILD,
    `${timeoutMs}`,
  ])
  return JSON.parse(/^result (.*)$/m.exec(stdout)?.[1] ?? 'null')
}

describe('A handler that hangs while 200,000 records pass', () => {
  // all but its own record and the 199 behind it
  const done = 200_000 - 200

  test('keeps the block of its own batch until its deadline, and of no other', async () => {
    const { left, ...rest } = await pass(10_000_000)
    assert.deepEqual(rest, { done, hung: 1 })
    assert.ok(left <= 2, `${left} blocks are left`)
  })

  // The context of a handler past its deadline kept the block of its whole batch: as late handlers use no worker, there
  // can be very many of them.
  test('keeps no block after its deadline', async () => {
    const { left, ...rest } = await pass(20_000)
    assert.deepEqual(rest, { done, hung: 1 })
    assert.ok(left <= 1, `${left} blocks are left`)
  })
})

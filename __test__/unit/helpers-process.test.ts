import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startNode } from '../helpers/process.ts'
import { resources, resourcesSkip } from '../helpers/resources.ts'

function script(t: TestContext, source: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'narad-process-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'child.cjs')
  writeFileSync(file, source)
  return file
}

test('a child gives its lines, standard error and exit code', async (t) => {
  const source = `
    console.log('one'); console.error('warning'); console.log(process.env.WORD, process.argv[2]);
    process.exitCode = 3
  `
  const child = startNode(t, script(t, source), { args: ['two'], env: { WORD: 'number' } })
  assert.equal(await child.waitForLine(/^number/), 'number two')
  assert.deepEqual(await child.ended, { code: 3, signal: null })
  assert.deepEqual(child.lines, ['one', 'number two'])
  assert.equal(child.stderr, 'warning\n')
})

test('waiting for a line fails with the standard error when the child ends without it', async (t) => {
  const child = startNode(t, script(t, `console.error('no luck'); process.exitCode = 4`))
  await assert.rejects(child.waitForLine('ready'), /ended \(4\) before it printed ready\nno luck/)
})

test('a child that is killed ends with its signal', async (t) => {
  const child = startNode(t, script(t, `console.log('ready'); setInterval(() => {}, 1000)`))
  await child.waitForLine('ready')
  assert.deepEqual(await child.kill(), { code: null, signal: 'SIGKILL' })
})

test('resources tell threads, descriptors and memory of a process', { skip: resourcesSkip }, async (t) => {
  const child = startNode(t, script(t, `console.log('ready'); setInterval(() => {}, 1000)`))
  await child.waitForLine('ready')
  for (const pid of [process.pid, child.pid]) {
    const { threads, descriptors, rssBytes, peakRssBytes } = resources(pid)
    assert.ok(threads > 1 && descriptors > 3)
    assert.ok(rssBytes > 10_000_000 && peakRssBytes >= rssBytes)
  }
})

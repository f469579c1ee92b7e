// The folders in examples/ that are projects, as somebody who copies one has it: in a folder of its own, with the packed package.
import assert from 'node:assert/strict'
import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { noSettings } from '../helpers/no-settings.ts'
import { startNode } from '../helpers/process.ts'
import { waitFor } from '../helpers/wait.ts'
import { type Installed, installPacked, ROOT } from './packed.ts'

describe('the examples that are projects', () => {
  let user: Installed
  before(async () => {
    user = await installPacked()
  })
  after(() => user.remove())

  for (const framework of ['express', 'fastify']) {
    test(`service-${framework} takes an order, handles it, answers probes, and ends on SIGTERM`, async (t) => {
      const folder = join(user.project, `service-${framework}`)
      await cp(join(ROOT, 'examples', `service-${framework}`), folder, { recursive: true })
      // linked, so that the test needs no network
      await symlink(join(ROOT, 'node_modules', framework), join(user.project, 'node_modules', framework))
      const env = { ...noSettings(), KAFKA_LOG_LEVEL: 'warn', PORT: '0' }
      const child = startNode(t, 'server.js', { cwd: folder, env })
      const [, port] = /port (\d+)/.exec(await child.waitForLine('listening')) ?? []
      const url = `http://localhost:${port}`
      const probe = async (path: string) => (await fetch(`${url}/health/${path}`)).status
      assert.equal(await probe('live'), 200)
      await waitFor(async () => (await probe('ready')) === 200, { what: 'the service to be ready' })
      const post = (body: string) => {
        const headers = { 'content-type': 'application/json' }
        return fetch(`${url}/orders`, { method: 'POST', headers, body })
      }
      // the group begins where the topic ends when it has joined
      const order = async () => (await post('{"id":"order-1","total":30}')).status
      await waitFor(async () => (await order()) === 201 && child.lines.includes('billed order-1: 30'), {
        what: 'an order to be billed',
        intervalMs: 100,
      })
      assert.equal((await post('{"id":"order-2"')).status, 400)
      const { status, clientId } = (await (await fetch(`${url}/health/kafka`)).json()) as Record<string, unknown>
      assert.deepEqual([status, clientId], ['connected', 'shop'])
      await waitFor(() => child.lines.filter((line) => line.startsWith('billed')).length > 0, { what: 'bills' })
      process.kill(child.pid, 'SIGTERM')
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
      assert.equal(child.lines.at(-1), 'closed')
      assert.equal(child.stderr, '')
    })
  }

  test('jest-tests pass in CommonJS, in ES modules and in TypeScript, and leave nothing open', async (t) => {
    const folder = join(user.project, 'jest-tests')
    await cp(join(ROOT, 'examples', 'jest-tests'), folder, { recursive: true })
    for (const name of ['ts-jest', 'typescript', '@jest']) {
      await symlink(join(ROOT, 'node_modules', name), join(user.project, 'node_modules', name))
    }
    const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
    const child = startNode(t, jest, {
      cwd: folder,
      args: ['--ci', '--detectOpenHandles'],
      nodeArgs: ['--experimental-vm-modules'],
      env: { ...noSettings(), KAFKA_LOG_LEVEL: 'warn', NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
    })
    assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
    assert.match(child.stderr, /Tests: +5 passed, 5 total/)
    assert.doesNotMatch(child.stderr, /open handle|did not exit/)
  })
})

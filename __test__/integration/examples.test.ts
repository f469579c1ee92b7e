import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { noSettings } from '../helpers/no-settings.ts'
import { postgresSkip, startPostgres } from '../helpers/postgres.ts'
import { type NodeProcessOptions, startNode } from '../helpers/process.ts'
import type { Scope } from '../helpers/scope.ts'

const ROOT = resolve(__dirname, '..', '..')
const EXAMPLES = join(ROOT, 'examples')

describe('each example', () => {
  const files = readdirSync(EXAMPLES).filter((name) => /^\d\d-.*\.mjs$/.test(name))

  for (const file of files.filter((name) => !name.endsWith('.test.mjs'))) {
    const needsDatabase = readFileSync(join(EXAMPLES, file), 'utf8').includes('DATABASE_URL')
    test(`${file} prints what it says and ends by itself`, { skip: needsDatabase && postgresSkip() }, async (t) => {
      const env = needsDatabase ? { DATABASE_URL: await startPostgres(t) } : {}
      const { lines, stderr } = await run(t, join(EXAMPLES, file), { env })
      assert.equal(stderr, '')
      const expected = promisedOutput(file)
      assert.equal(lines.length, expected.length, lines.join('\n'))
      for (const [index, line] of lines.entries()) assert.match(line, expected[index] ?? /^$/)
    })
  }

  for (const file of files.filter((name) => name.endsWith('.test.mjs'))) {
    test(`${file} passes`, async (t) => {
      const { lines } = await run(t, join(EXAMPLES, file), { nodeArgs: ['--test'] })
      assert.ok(
        lines.some((line) => /\bfail 0$/.test(line)),
        lines.join('\n'),
      )
      assert.ok(!lines.some((line) => /\bpass 0$/.test(line)), lines.join('\n'))
    })
  }
})

describe('the demo', () => {
  const demo = join(ROOT, 'scripts', 'demo.mjs')
  // npm run demo also builds everything: this is what runs after that.
  const service = join(EXAMPLES, 'demo', 'order-service.mjs')

  test('sends, acknowledges and handles everything on the embedded broker, and ends by itself', async (t) => {
    const { lines } = await run(t, '-e', {
      nodeArgs: ['--input-type=module'],
      args: [
        `import { runOrderService } from ${JSON.stringify(service)}; process.exitCode = (await runOrderService()) ? 0 : 1`,
      ],
    })
    const summary = lines.slice(lines.indexOf('Summary') + 1)
    const rows = summary.slice(1, 4).map((line) => line.trim().split(/ {3,}/))
    assert.deepEqual(
      rows.map(([topic, sent, acknowledged, , fits]) => [topic?.split('.')[1], sent, acknowledged, fits]),
      ['orders', 'payments', 'shipments'].map((topic) => [topic, '2010', '2010', 'ok']),
    )
    assert.match(rows[1]?.[3] ?? '', /^warehouse 2010 \(warehouse-1 \d+ \+ warehouse-2 \d+\)$/)
    assert.ok(!lines.some((line) => line.includes('\u001b')), 'colours without a terminal')
  })

  test('is not content when a count differs', async () => {
    const { Ledger } = await import('../../examples/demo/ledger.mjs')
    const ledger = new Ledger({ orders: 'o', payments: 'p', shipments: 's' })
    const all = { orders: ['payments', 'statistics'], payments: ['warehouse'], shipments: ['statistics'] } as const
    for (const [role, groups] of Object.entries(all) as Array<[keyof typeof all, readonly string[]]>) {
      ledger.send(role, 1)
      assert.equal(ledger.isSettled, false)
      ledger.acknowledge(role, 1)
      assert.equal(ledger.isSettled, false)
      for (const group of groups) ledger.handle(role, group, { partition: 0, offset: 0, topic: role })
    }
    assert.equal(ledger.isSettled, true)
    ledger.send('orders', 1)
    assert.equal(ledger.isSettled, false)
  })

  test('explains itself with --help', async (t) => {
    const { lines } = await run(t, demo, { args: ['--help'] })
    assert.match(lines[0] ?? '', /^Usage: npm run demo/)
  })

  for (const args of [['--broker', 'localhost:9092'], ['--brokers'], ['--brokers', 'localhost'], ['extra']]) {
    test(`refuses ${args.join(' ')} with one clear line and exit code 2, before it prepares anything`, async (t) => {
      const { lines, stderr } = await run(t, demo, { args, code: 2 })
      assert.deepEqual(lines, [])
      assert.match(stderr, /^[^\n]*(--broker|extra)[^\n]*\nTry: npm run demo -- --help\n$/)
    })
  }
})

async function run(
  scope: Scope,
  script: string,
  { code = 0, env = {}, ...options }: NodeProcessOptions & { code?: number } = {},
) {
  const child = startNode(scope, script, { ...options, env: { ...noSettings(), ...env } })
  const end = await child.ended
  assert.deepEqual(end, { code, signal: null }, [...child.lines, child.stderr].join('\n'))
  return child
}

/** The lines after `// Prints:` at the end of an example; `<number>` stands for any. */
function promisedOutput(file: string): RegExp[] {
  const [, output] = readFileSync(join(EXAMPLES, file), 'utf8').split('\n// Prints:\n')
  assert.ok(output, `${file} does not end with what it prints`)
  return output
    .trimEnd()
    .split('\n')
    .map((line) => {
      assert.ok(line.startsWith('//   '), line)
      const text = line.slice('//   '.length).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return new RegExp(`^${text.replaceAll('<number>', '\\d+')}$`)
    })
}

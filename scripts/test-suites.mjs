// @ts-check
// The suites, in the order in which they run: what each needs, and how long it may take.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { ROOT } from './paths.mjs'
import { cargoCounter, noCounts, nodeCounter } from './test-counts.mjs'

const MINUTE_MS = 60_000

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} title
 * @property {ReadonlyArray<import('./prepare.mjs').Part>} needs
 * @property {boolean} [realKafka] gets the address of a real cluster in NARAD_TEST_KAFKA
 * @property {boolean} [isLong] runs only when it is named
 * @property {(env: NodeJS.ProcessEnv) => Promise<import('./test-counts.mjs').Counts>} run
 */

/** @type {readonly Suite[]} */
export const SUITES = [
  {
    name: 'rust',
    title: 'Rust unit tests',
    needs: [],
    run: runCargo,
  },
  {
    name: 'unit',
    title: 'TypeScript unit tests, layers, error table',
    needs: [],
    run: (env) => runNode('unit', env, { files: 2, fileMs: MINUTE_MS, suiteMs: 5 * MINUTE_MS }),
  },
  {
    name: 'package',
    title: 'the packed package, as a user installs it',
    needs: ['native', 'lib'],
    run: (env) => runNode('package', env, { files: 1, fileMs: 5 * MINUTE_MS, suiteMs: 10 * MINUTE_MS }),
  },
  {
    name: 'nodes',
    title: 'the packed package on each release of Node.js that it is meant for',
    needs: ['native', 'lib'],
    run: (env) => runNode('nodes', env, { files: 1, fileMs: 10 * MINUTE_MS, suiteMs: 11 * MINUTE_MS }),
  },
  {
    name: 'integration',
    title: 'integration on the embedded broker',
    needs: ['native', 'lib'],
    run: (env) => runNode('integration', env, { files: 2, fileMs: 3 * MINUTE_MS, suiteMs: 15 * MINUTE_MS }),
  },
  {
    name: 'kafka',
    title: 'integration on real Kafka',
    needs: ['native', 'lib'],
    realKafka: true,
    run: (env) => runNode('kafka', env, { files: 1, fileMs: 5 * MINUTE_MS, suiteMs: 20 * MINUTE_MS }),
  },
  {
    name: 'soak',
    title: 'what takes minutes, on real Kafka',
    needs: ['native', 'lib'],
    realKafka: true,
    isLong: true,
    run: (env) => runNode('soak', env, { files: 1, fileMs: 5 * MINUTE_MS, suiteMs: 20 * MINUTE_MS }),
  },
]

/** @param {NodeJS.ProcessEnv} env */
async function runCargo(env) {
  const counts = noCounts()
  const args = ['test', '--lib', '--tests']
  // The first time it compiles OpenSSL and librdkafka.
  const result = await run('cargo', args, { env, timeoutMs: 30 * MINUTE_MS, onLine: cargoCounter(counts) })
  return settle(counts, result)
}

/**
 * @param {string} folder in __test__/
 * @param {NodeJS.ProcessEnv} env
 * @param {{ files: number, fileMs: number, suiteMs: number }} limits files: how many run at once
 */
async function runNode(folder, env, { files, fileMs, suiteMs }) {
  const counts = noCounts()
  const paths = testFiles(folder)
  if (paths.length === 0) return settle(counts, { ok: true, timedOut: false })
  const args = [
    ...['--enable-source-maps', '--import', 'tsx', '--import', './scripts/test-watchdog.mjs'],
    // No --test-force-exit: a test that leaves something open must be seen.
    ...['--test', '--test-reporter=spec', `--test-concurrency=${files}`, `--test-timeout=${fileMs}`],
    ...paths,
  ]
  const result = await run(process.execPath, args, {
    env: { ...env, NARAD_TEST_FILE_MS: String(fileMs) },
    timeoutMs: suiteMs,
    onLine: nodeCounter(counts),
  })
  return settle(counts, result)
}

/** @param {string} folder */
function testFiles(folder) {
  const path = join(ROOT, '__test__', folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => `__test__/${folder}/${name}`)
}

/**
 * A runner that failed without naming a test, or ran none, counts as one failure.
 * @param {import('./test-counts.mjs').Counts} counts
 * @param {{ ok: boolean, timedOut: boolean }} result
 */
function settle(counts, { ok, timedOut }) {
  const ranNone = counts.passed + counts.failed + counts.skipped === 0
  if (timedOut) console.log('the suite took longer than it may, and was ended')
  else if (ok && ranNone) console.log('the suite holds no test')
  if (counts.failed === 0 && (!ok || ranNone)) counts.failed = 1
  return counts
}

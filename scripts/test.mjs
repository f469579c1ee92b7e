// @ts-check
// npm test: prepares the clone, runs the suites named as arguments (without any all that are not long), and ends with
// `N passed, N failed` over all of them. Exit code 1 when a test failed or a suite ran none.
import { prepare } from './prepare.mjs'
import { addCounts, countsLine, noCounts } from './test-counts.mjs'
import { SUITES } from './test-suites.mjs'

/** @typedef {import('./test-suites.mjs').Suite} Suite */
/** @typedef {import('./test-counts.mjs').Counts} Counts */

const chosen = chooseSuites(process.argv.slice(2))
/** @type {Array<{ suite: Suite, counts: Counts, seconds: number }>} */
const results = []

const notMade = await prepare(chosen.flatMap(({ needs }) => needs))
if (notMade === 'prerequisites' || notMade === 'packages') {
  console.log(countsLine({ ...noCounts(), failed: 1 }))
  process.exit(1)
}
for (const suite of chosen) {
  const start = performance.now()
  console.log(`\n── ${suite.name}: ${suite.title}`)
  const counts = await runSuite(suite)
  const seconds = (performance.now() - start) / 1000
  results.push({ suite, counts, seconds })
  console.log(`── ${suite.name}: ${countsLine(counts)} in ${seconds.toFixed(1)} s`)
}

const total = noCounts()
console.log('')
for (const { suite, counts, seconds } of results) {
  addCounts(total, counts)
  console.log(`${suite.name.padEnd(12)} ${countsLine(counts).padEnd(40)} ${seconds.toFixed(1).padStart(7)} s`)
}
console.log(countsLine(total))
process.exitCode = total.failed > 0 ? 1 : 0

/** @param {string[]} names */
function chooseSuites(names) {
  const known = SUITES.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    console.error(`there is no suite ${unknown}: the suites are ${known.join(', ')}`)
    process.exit(2)
  }
  return SUITES.filter(({ name, isLong }) => (names.length === 0 ? !isLong : names.includes(name)))
}

/**
 * @param {Suite} suite
 * @returns {Promise<Counts>}
 */
async function runSuite(suite) {
  if (!canRun(suite)) {
    console.log(`not run: ${notMade} could not be prepared`)
    return { ...noCounts(), failed: 1 }
  }
  const env = testEnvironment()
  if (!suite.realKafka) return suite.run(env)
  const kafka = await realKafka()
  if ('counts' in kafka) return kafka.counts
  try {
    return await suite.run({ ...env, NARAD_TEST_KAFKA: kafka.brokers })
  } finally {
    await kafka.stop()
  }
}

/** @param {Suite} suite */
function canRun({ needs }) {
  if (notMade === undefined) return true
  // The bundle is not built after an addon that was not.
  return notMade === 'native' ? needs.length === 0 : !needs.includes('lib')
}

/** Tests decide their own settings: none leaks in from the shell. */
function testEnvironment() {
  const names = Object.keys(process.env).filter((name) => name.startsWith('KAFKA_'))
  return Object.fromEntries(names.map((name) => [name, undefined]))
}

/** @returns {Promise<{ brokers: string, stop: () => Promise<void> } | { counts: Counts }>} */
async function realKafka() {
  const given = process.env.KAFKA_BROKERS
  if (given) {
    console.log(`using the Kafka at KAFKA_BROKERS=${given}`)
    return { brokers: given, stop: async () => {} }
  }
  const { kafkaMissing } = await import('./kafka/install.mjs')
  const missing = kafkaMissing()
  if (missing !== undefined) {
    const required = process.env.REQUIRE_KAFKA === '1'
    console.log(`${required ? 'FAILED' : 'SKIPPED'}: ${missing} (set KAFKA_BROKERS to use a cluster that runs)`)
    return { counts: { ...noCounts(), [required ? 'failed' : 'skipped']: 1 } }
  }
  console.log('starting Apache Kafka (the first time it is downloaded)')
  const { startCluster } = await import('./kafka/cluster.mjs')
  try {
    return await startCluster({ brokers: 1 })
  } catch (error) {
    console.log(`FAILED: Kafka could not be started: ${error instanceof Error ? error.message : error}`)
    return { counts: { ...noCounts(), failed: 1 } }
  }
}

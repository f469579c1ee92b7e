// @ts-check
// npm run kafka:stop -- [--port N]   Ends what kafka:start left running: all of it, or the cluster on one port.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isAlive, readRuns } from './run-files.mjs'

const STOP_TIMEOUT_MS = 30_000

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string' } } })
  const runs = readRuns().filter(({ port }) => values.port === undefined || String(port) === values.port)
  if (runs.length === 0) console.log('No Kafka is running.')
  await Promise.all(runs.map(stop))
}

/** @param {import('./run-files.mjs').Run} run */
async function stop(run) {
  process.kill(run.pid, 'SIGTERM')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (isAlive(run)) {
    if (Date.now() > deadline) throw new Error(`${run.brokers} (process ${run.pid}) did not end`)
    await delay(100)
  }
  console.log(`Stopped Kafka on ${run.brokers}.`)
}

main().catch((error) => {
  console.error(`kafka:stop: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})

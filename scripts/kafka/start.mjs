// @ts-check
// npm run kafka:start -- [--brokers 1|3] [--port N] [--data DIR] [--heap SIZE] [--property k=v]… [--foreground]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCluster } from './cluster.mjs'
import { removeRun, writeRun } from './run-files.mjs'

const USAGE = `Starts Apache Kafka on this machine and prints KAFKA_BROKERS=…; npm run kafka:stop ends it.

  --brokers 1|3     how many brokers (1)
  --port N          port of the first broker; the others get the next ones (9092)
  --data DIR        keep the data in DIR (a temporary folder, removed when Kafka stops)
  --heap SIZE       Java heap of each broker, such as 1g (512m)
  --property k=v    broker configuration; may be repeated
  --foreground      stay until Ctrl-C
`

/** @param {string[]} args */
function parse(args) {
  const { values } = parseArgs({
    args,
    options: {
      brokers: { type: 'string', default: '1' },
      port: { type: 'string', default: '9092' },
      data: { type: 'string' },
      heap: { type: 'string' },
      property: { type: 'string', multiple: true, default: [] },
      foreground: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const brokers = Number(values.brokers)
  if (brokers !== 1 && brokers !== 3) throw new Error(`--brokers takes 1 or 3, not ${values.brokers}`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port + brokers - 1 > 65_535) {
    throw new Error(`--port takes a port number, not ${values.port}`)
  }
  if (values.heap !== undefined && !/^\d+[kmg]$/i.test(values.heap)) {
    throw new Error(`--heap takes a size such as 512m or 1g, not ${values.heap}`)
  }
  const properties = Object.fromEntries(
    values.property.map((property) => {
      const equals = property.indexOf('=')
      if (equals < 1) throw new Error(`--property takes name=value, not ${property}`)
      return [property.slice(0, equals), property.slice(equals + 1)]
    }),
  )
  /** @type {import('./cluster.mjs').ClusterOptions & { port: number }} */
  const cluster = { brokers, port, properties }
  if (values.data !== undefined) cluster.dataDir = values.data
  if (values.heap !== undefined) cluster.heap = values.heap
  return { cluster, foreground: values.foreground, help: values.help }
}

/**
 * Owns the cluster until a signal ends it; tells a parent, if there is one, how the start went.
 * @param {import('./cluster.mjs').ClusterOptions & { port: number }} options
 * @param {(brokers: string) => void} started
 */
async function keep(options, started) {
  const ended = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)))
  const parent = process.connected
  const cluster = await startCluster(options)
  if (parent && !process.connected) return cluster.stop() // nobody waits for it any more
  writeRun({ pid: process.pid, port: options.port, brokers: cluster.brokers })
  started(cluster.brokers)
  // The brokers do not hold the event loop, and signal handlers do not either.
  const alive = setInterval(() => {}, 2 ** 30)
  await ended
  clearInterval(alive)
  await cluster.stop()
  removeRun(options.port)
}

/** @param {string[]} args */
async function keepInBackground(args) {
  const keeper = fork(fileURLToPath(import.meta.url), ['--foreground', ...args], {
    detached: true,
    stdio: 'ignore',
  })
  const [message] = await Promise.race([
    once(keeper, 'message'),
    once(keeper, 'exit').then(([code]) => [{ error: `the background process ended with exit code ${code}` }]),
  ])
  if (keeper.connected) keeper.disconnect()
  keeper.unref()
  if (message.error) throw new Error(message.error)
  return /** @type {string} */ (message.brokers)
}

async function main() {
  const args = process.argv.slice(2)
  const { cluster, foreground, help } = parse(args)
  const announce = (/** @type {string} */ brokers) => console.log(`KAFKA_BROKERS=${brokers}`)
  if (help) {
    console.log(USAGE)
  } else if (!foreground) {
    announce(await keepInBackground(args))
  } else if (process.send) {
    await keep(cluster, (brokers) => process.send?.({ brokers }))
  } else {
    await keep(cluster, announce)
  }
}

main().catch((error) => {
  const message = error instanceof Error ? error.message : String(error)
  if (process.send) process.send({ error: message })
  else console.error(`kafka:start: ${message}`)
  process.exitCode = 1
})

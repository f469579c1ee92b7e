// @ts-check
// npm run demo: prepares the clone, then runs a small order service on the embedded broker or on a real cluster.
// Exit code 0 when everything that was sent was acknowledged and handled, 1 when not, 2 for bad arguments.
import { parseArgs } from 'node:util'
import { prepare } from './prepare.mjs'

const USAGE = `Usage: npm run demo [-- --brokers HOST:PORT[,HOST:PORT...]]

Runs a small order service and shows what happens in it: several topics, keys, a consumer group of two members, and
a handler that takes batches. Without --brokers it runs on a broker inside the process, and needs neither Kafka,
Docker nor Java. The first run installs the npm packages and builds the addon, which takes minutes.

  --brokers  the cluster to run on instead; topics and groups get random names. KAFKA_SSL… and KAFKA_SASL… count.
  --help     shows this`

/** Far more than the demo takes anywhere; a cluster that does not answer ends it sooner. */
const LIMIT_MS = 120_000

const { brokers, help } = readArguments()
if (help) {
  console.log(USAGE)
} else if ((await prepare()) !== undefined) {
  process.exitCode = 1
} else {
  // Does not keep the process alive: it is for a part of the demo that does.
  setTimeout(() => {
    console.error(`The demo was ended: it took longer than ${LIMIT_MS / 1000} s.`)
    process.exit(1)
  }, LIMIT_MS).unref()
  process.exitCode = await runDemo()
}

async function runDemo() {
  // Not there before the clone is prepared.
  const [{ runOrderService }, { KafkaError }] = await Promise.all([
    import('../examples/demo/order-service.mjs'),
    import('narad'),
  ])
  try {
    return (await runOrderService(brokers)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    console.error(`The demo could not go on: ${error.message} (${error.code})`)
    return error.code === 'NARAD_CONFIG_INVALID' ? 2 : 1
  }
}

/** @returns {{ brokers: string | undefined, help: boolean }} */
function readArguments() {
  try {
    const { values } = parseArgs({ options: { brokers: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
    const { brokers, help = false } = values
    if (brokers !== undefined && !/^[^\s,:]\S*:\d+(,[^\s,:]\S*:\d+)*$/.test(brokers)) {
      throw new Error(`--brokers takes HOST:PORT, or several separated by commas, but got ${JSON.stringify(brokers)}`)
    }
    return { brokers, help }
  } catch (error) {
    const [problem] = error instanceof Error ? error.message.split('\n') : [String(error)]
    console.error(`${problem}\nTry: npm run demo -- --help`)
    process.exit(2)
  }
}

// System logs: a logger that ships its entries to a topic, in the background, and whoever reads them. docs/system-logs.md
import { createKafkaService, systemLogger } from 'narad'

const topic = 'examples.system-logs'
const kafka = createKafkaService({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', logLevel: 'error' })
const logger = systemLogger({ kafka, topic, service: 'payment-service', maxEntries: 1_000 })

// Nothing is connected yet: it waits. No call of a logger throws or waits.
logger.info('starting')

await kafka.connectProducer()
const reader = await kafka.stream(topic, { group: 'examples.log-reader', fromBeginning: true }).ready()

logger.info({ orderId: 'order-123', password: 'hunter2' }, 'Payment authorized')
const request = logger.child({ request: 'r-1' })
request.warn({ attempt: 2 }, 'The bank is slow')
request.error(new Error('no answer'), 'Payment failed')

// Entries have no key, and so come in order of a partition: whoever wants theirs orders them by their time.
const entries = []
for await (const { value } of reader) {
  entries.push(value)
  if (entries.length === 4) break
}
entries.sort((one, other) => Date.parse(one.timestamp) - Date.parse(other.timestamp))
for (const { service, level, message, data, timestamp } of entries) {
  const { err, ...fields } = data
  console.log(`${service} ${level} ${message} ${JSON.stringify(fields)}${err === undefined ? '' : ` (${err.message})`}`)
  if (level === 'ERROR') console.log(`at ${new Date(timestamp).getUTCFullYear()}, dropped ${logger.dropped}`)
}
await kafka.disconnect()

// Prints:
//   payment-service INFO starting {}
//   payment-service INFO Payment authorized {"orderId":"order-123","password":"[redacted]"}
//   payment-service WARN The bank is slow {"request":"r-1","attempt":2}
//   payment-service ERROR Payment failed {"request":"r-1"} (no answer)
//   at <number>, dropped 0

// A subscription to all topics whose names match, those that are created later included.
import { randomUUID } from 'node:crypto'
import { kafkaService } from 'narad'
import { until } from './until.mjs'

// Names of their own for each run, so that "newly created" is true on a real cluster as well.
const prefix = `examples.shop-${randomUUID().slice(0, 8)}`

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
await kafkaService.connectConsumer(`${prefix}.audit`)

// The broker creates a topic when something is sent to it.
await kafkaService.send(`${prefix}.orders`, 'sent before the subscription, which begins after it')

const seen = []
await kafkaService.subscribe([new RegExp(`^${prefix}\\..+`)], (text, { topic }) => {
  seen.push(`${topic.slice(prefix.length + 1)}: ${text}`)
})
await kafkaService.send(`${prefix}.orders`, 'first order')

// Topics are listed every 5 seconds. A new one is read from its beginning: nothing is lost meanwhile.
await kafkaService.send(`${prefix}.refunds`, 'first refund')
await until(() => seen.length === 2)

for (const line of seen.sort()) console.log(line)
await kafkaService.disconnect()

// Prints:
//   orders: first order
//   refunds: first refund

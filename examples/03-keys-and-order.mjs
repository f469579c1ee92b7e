// Keys: records of one key are handled in the order in which they were sent, one after the other, while records of
// different keys are handled side by side.
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaService } from 'narad'
import { until } from './until.mjs'

const orders = ['order-1', 'order-2', 'order-3']
const steps = ['created', 'paid', 'packed', 'shipped']

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
await kafkaService.connectConsumer('examples.order-log')

const seen = new Map(orders.map((order) => [order, []]))
let handled = 0
let running = 0
let mostAtATime = 0
await kafkaService.subscribe(
  'examples.order-steps',
  async ({ order, step }) => {
    running += 1
    mostAtATime = Math.max(mostAtATime, running)
    // However long each takes: "paid" never begins before "created" of the same order has ended.
    await delay(20 + Math.random() * 30)
    seen.get(order).push(step)
    running -= 1
    handled += 1
  },
  // These are the defaults. `ordering` may also be 'partition' or 'none'.
  { concurrency: 16, ordering: 'key' },
)

// The steps of all orders mixed, in one send. The key is taken from each value.
const events = steps.flatMap((step) => orders.map((order) => ({ order, step })))
const sent = await kafkaService.send('examples.order-steps', events, { key: (event) => event.order })
await until(() => handled === events.length)

for (const order of orders) {
  const partitions = new Set(sent.filter((_, index) => events[index].order === order).map((record) => record.partition))
  console.log(`${order}: ${seen.get(order).join(', ')} (${partitions.size} partition)`)
}
console.log(`side by side: ${mostAtATime > 1}`)
await kafkaService.disconnect()

// Prints:
//   order-1: created, paid, packed, shipped (1 partition)
//   order-2: created, paid, packed, shipped (1 partition)
//   order-3: created, paid, packed, shipped (1 partition)
//   side by side: true

// A handler that takes many records at a time, as a bulk insert into a database wants them.
import { kafkaService } from 'narad'
import { until } from './until.mjs'

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
await kafkaService.connectConsumer('examples.measurements')

let handled = 0
let sum = 0
let largest = 0
await kafkaService.subscribe(
  'examples.temperatures',
  // One call at a time; its records are committed together when it has returned.
  async (messages, { records }) => {
    for (const { celsius } of messages) sum += celsius
    // records[i] tells the key, offset and headers of messages[i].
    largest = Math.max(largest, records.length)
    handled += messages.length
  },
  // Called with 100 records, or with what is there 50 ms after the first of them.
  { batch: { maxMessages: 100, maxWaitMs: 50 } },
)

const values = Array.from({ length: 250 }, (_, index) => ({ sensor: index % 5, celsius: 20 }))
await kafkaService.send('examples.temperatures', values, { key: ({ sensor }) => sensor })
await until(() => handled === values.length)

console.log(`handled ${handled} records, on average ${sum / handled} °C`)
console.log(`more than one at a time: ${largest > 1}, never more than 100: ${largest <= 100}`)
await kafkaService.disconnect()

// Prints:
//   handled 250 records, on average 20 °C
//   more than one at a time: true, never more than 100: true

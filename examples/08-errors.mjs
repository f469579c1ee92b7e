// Errors: one family with a stable code, and what becomes of a record whose handler fails.
// docs/errors.md lists every code with its remedy.
import { createKafkaService, KafkaError, SendError } from 'narad'
import { until } from './until.mjs'

const brokers = process.env.KAFKA_BROKERS ?? 'embedded'
const topic = 'examples.payments'
const shop = createKafkaService({ brokers })
const worker = createKafkaService({ brokers })

// What is wrong with a call is told before anything is sent.
await fails('not connected', () => shop.send(topic, { id: 1 }))
await fails('unknown option', () => createKafkaService({ brokrs: 'localhost' }).connectProducer())
await shop.connectProducer()
await fails('bad topic', () => shop.send('no spaces please', { id: 1 }))
await fails('not JSON', () => shop.send(topic, { id: 1n }))

// In an array, one record's failure is not that of the others: `results` has each, in input order.
try {
  await shop.send('examples.documents', [{ text: 'short' }, { text: 'x'.repeat(2_000_000) }, { text: 'short' }])
} catch (error) {
  if (!(error instanceof SendError)) throw error
  const fates = error.results.map((result) => (result instanceof KafkaError ? result.code : 'acknowledged'))
  console.log(`an array: ${fates.join(', ')}`)
}

// By default a record whose handler fails is handled again, and then becomes a dead letter. Without either its partition
// stops: nothing after the record is handled or committed, and the event tells.
const handled = []
let failure
worker.on('error', (error) => {
  failure = error
})
await worker.connectConsumer('examples.payer')
await worker.subscribe(
  topic,
  ({ id }) => {
    if (id === 2) throw new Error('the bank does not answer')
    handled.push(id)
  },
  { retry: false, dlq: false },
)
await shop.send(topic, [{ id: 1 }, { id: 2 }, { id: 3 }], { key: 'account-7' })
await until(() => failure !== undefined)
console.log(`a handler: ${failure.code}, because ${failure.cause.message}; handled ${handled}`)

// Whoever gets the partition next, such as the mended service after its restart, goes on with the same record.
await worker.disconnect()
await worker.init().connectConsumer('examples.payer')
await worker.subscribe(topic, ({ id }) => handled.push(id))
await until(() => handled.length === 3)
console.log(`after the restart: handled ${handled}`)

await worker.disconnect()
await shop.disconnect()
await fails('disconnected', () => shop.send(topic, { id: 4 }))

async function fails(what, call) {
  try {
    await call()
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    console.log(`${what}: ${error.code}`)
  }
}

// Prints:
//   not connected: NARAD_NOT_CONNECTED
//   unknown option: NARAD_UNKNOWN_OPTION
//   bad topic: NARAD_INVALID_TOPIC
//   not JSON: NARAD_ENCODE_FAILED
//   an array: acknowledged, NARAD_RECORD_TOO_LARGE, acknowledged
//   a handler: NARAD_HANDLER_FAILED, because the bank does not answer; handled 1
//   after the restart: handled 1,2,3
//   disconnected: NARAD_CLOSED

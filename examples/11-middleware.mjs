// Middleware: what runs around every handler and every send, for the whole service or for one subscription.
import { AsyncLocalStorage } from 'node:async_hooks'
import { dedupe, HEADERS, kafkaService, memoryStore, message } from 'narad'
import { until } from './until.mjs'

const requests = new AsyncLocalStorage()
const invoices = []

// The correlation id of a record goes on to all that its handler sends, and nobody has to think of it.
kafkaService.use({
  name: 'correlation',
  consume: (context, next) => requests.run(context.correlationId, next),
  send({ records }, next) {
    for (const record of records) record.headers[HEADERS.correlationId] ??= requests.getStore()
    return next()
  },
})

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
console.log(`middleware: ${kafkaService.middleware.join(', ')}`)

await kafkaService.connectConsumer('examples.billing')
await kafkaService.subscribe(
  'examples.checkouts',
  (checkout) => kafkaService.send('examples.invoices', { invoice: checkout.id }),
  // A checkout that was written twice is billed once.
  { use: [dedupe({ store: memoryStore(), id: (context) => String(context.headers['checkout-id']) })] },
)
await kafkaService.subscribe('examples.invoices', ({ invoice }, { correlationId }) => {
  invoices.push(`invoice ${invoice} belongs to ${correlationId}`)
})

for (const id of [1, 1, 2]) {
  const checkout = message({ id }).key(`cart-${id}`).header('checkout-id', `c-${id}`).correlationId(`request-${id}`)
  await kafkaService.send('examples.checkouts', checkout)
}
await until(() => invoices.length === 2)
await kafkaService.disconnect()
for (const invoice of invoices.sort()) console.log(invoice)

// Prints:
//   middleware: logging, correlation
//   invoice 1 belongs to request-1
//   invoice 2 belongs to request-2

// Middleware: what runs around every handler and every send, for the whole service or for one subscription.
import { AsyncLocalStorage } from 'node:async_hooks'
import { correlation, dedupe, kafkaService, memoryStore, message } from 'narad'
import { until } from './until.mjs'

const tenants = new AsyncLocalStorage()
const invoices = []

// Comes with narad: the correlation id of a record goes on to all that its handler sends.
kafkaService.use(correlation())

// One of your own, around handlers and sends: so does the tenant, and nobody has to think of it.
kafkaService.use({
  name: 'tenant',
  consume: (context, next) => tenants.run(context.headers.tenant, next),
  send({ records }, next) {
    for (const record of records) record.headers.tenant ??= tenants.getStore()
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
await kafkaService.subscribe('examples.invoices', ({ invoice }, { correlationId, headers }) => {
  invoices.push(`invoice ${invoice} of ${headers.tenant} belongs to ${correlationId}`)
})

for (const id of [1, 1, 2]) {
  const headers = { 'checkout-id': `c-${id}`, tenant: `shop-${id}` }
  const checkout = message({ id }).key(`cart-${id}`).headers(headers).correlationId(`request-${id}`)
  await kafkaService.send('examples.checkouts', checkout)
}
await until(() => invoices.length === 2)
await kafkaService.disconnect()
for (const invoice of invoices.sort()) console.log(invoice)

// Prints:
//   middleware: logging, correlation, tenant
//   invoice 1 of shop-1 belongs to request-1
//   invoice 2 of shop-2 belongs to request-2

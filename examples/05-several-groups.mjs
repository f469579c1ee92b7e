// Several consumer groups in one service: each of them gets every record. Within a group, each record goes to one
// member.
import { kafkaService } from 'narad'
import { until } from './until.mjs'

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
const billing = await kafkaService.connectConsumer('examples.billing')
await kafkaService.connectConsumer('examples.mailing')

const invoices = []
const mails = []
await billing.subscribe('examples.purchases', ({ id, total }) => invoices.push(`${id}: ${total} €`))
// The service's own subscribe goes to the group that was connected last, or that its option `group` names. One group may
// subscribe to many topics, at any time, each topic with a handler of its own.
await kafkaService.subscribe('examples.purchases', ({ id, customer }) => mails.push(`${id}: dear ${customer}`))
await kafkaService.subscribe('examples.refunds', ({ id, customer }) => mails.push(`${id}: sorry, ${customer}`))

await kafkaService.send('examples.purchases', [
  { id: 1, customer: 'Ada', total: 30 },
  { id: 2, customer: 'Alan', total: 12 },
])
await kafkaService.send('examples.refunds', { id: 3, customer: 'Ada' })
await until(() => invoices.length === 2 && mails.length === 3)

console.log('billing:', invoices.sort().join('; '))
console.log('mailing:', mails.sort().join('; '))
await kafkaService.disconnect()

// Prints:
//   billing: 1: 30 €; 2: 12 €
//   mailing: 1: dear Ada; 2: dear Alan; 3: sorry, Ada

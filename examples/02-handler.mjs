// Handles records: a consumer group, a handler, and what the handler is told of each record.
import { kafkaService, message } from 'narad'
import { until } from './until.mjs'

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
await kafkaService.connectConsumer('examples.greeter')

// What goes wrong outside of a call arrives here; without a listener it is logged.
kafkaService.on('error', (error) => console.error(error))

let handled = 0
// Resolves once the group is joined and its start is fixed: what is sent from here on is handled.
await kafkaService.subscribe('examples.signups', async (user, context) => {
  console.log(`welcome ${user.name}`)
  console.log(`  ${context.topic}, key ${context.key}, handled by group ${context.group}`)
  console.log(`  event ${context.eventType}, headers ${Object.keys(context.headers)}`)
  console.log(`  at an offset: ${Number.isInteger(context.offset)}, sent this minute: ${isRecent(context.timestamp)}`)
  handled += 1
})

const signup = message({ name: 'Ada' }).key('ada').eventType('user.signed-up').header('region', 'eu')
await kafkaService.send('examples.signups', signup)
await until(() => handled === 1)

// Lets handlers that run finish, commits what was handled, and leaves the group.
const { groups } = await kafkaService.disconnect()
console.log(`handlers that did not finish: ${groups[0].unfinished}`)

function isRecent(timestamp) {
  return Math.abs(Date.now() - timestamp) < 60_000
}

// Prints:
//   welcome Ada
//     examples.signups, key ada, handled by group examples.greeter
//     event user.signed-up, headers x-event-type,region
//     at an offset: true, sent this minute: true
//   handlers that did not finish: 0

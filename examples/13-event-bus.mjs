// An event bus: handlers by type and by pattern, topics that name themselves, and events that know what caused them.
import { createEventBus, createKafkaService } from 'narad'
import { until } from './until.mjs'

const kafka = createKafkaService({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', logLevel: 'error' })
const bus = createEventBus({ service: 'user-service', domain: 'examples.user', kafka })
const lines = []

bus.registerHandler('user.created', async ({ data, aggregateId }) => {
  lines.push(`welcome ${data.name}`)
  // What a handler publishes inherits the correlation, and has the event that is handled as its cause.
  await bus.publish({ type: 'user.welcomed', data: {}, aggregateId, aggregateType: 'User' })
})

let created
bus.registerHandler('user.*', (event, { topic, key }) => {
  lines.push(`${event.type} of ${key} in ${topic}, from ${event.source}`)
  if (event.type === 'user.created') created = event
  else lines.push(`caused by ${event.causationId === created.id ? created.type : '?'} in ${event.correlationId}`)
})

await bus.start()
// Connects the group "user-service". The options are those of every subscription: retries, dead letters, ordering.
await bus.subscribe('examples.user.events')

const stored = await bus.publish({
  type: 'user.created',
  data: { name: 'Ada' },
  aggregateId: 'user-1', // becomes the key: the events of one user stay in order
  aggregateType: 'User',
  correlationId: 'request-1',
})
console.log(`stored in ${stored.topic}`)
// Nobody has registered for this one.
await bus.publish({ type: 'newsletter.sent', data: {} })
await until(() => lines.length === 4 && bus.unhandled.size === 1)

// In tests, an event can be handled without Kafka.
const test = createEventBus({ service: 'test' })
test.registerHandler('user.created', ({ data }) => {
  if (data.name === undefined) throw new Error('a user without a name')
})
await test.dispatch({ type: 'user.created', data: {} }).catch((error) => lines.push(`the test sees: ${error.message}`))

await bus.stop()
for (const line of lines) console.log(line)
for (const [type, count] of bus.unhandled) console.log(`unhandled: ${count} ${type}`)

// Prints:
//   stored in examples.user.events
//   welcome Ada
//   user.created of user-1 in examples.user.events, from user-service
//   user.welcomed of user-1 in examples.user.events, from user-service
//   caused by user.created in request-1
//   the test sees: a user without a name
//   unhandled: 1 newsletter.sent

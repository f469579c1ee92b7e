// Sends: one value, several values, and a value with more around it.
//
// Every example runs on a broker inside the process, unless KAFKA_BROKERS names others:
//   node examples/01-first-send.mjs
//   KAFKA_BROKERS=localhost:9092 node examples/01-first-send.mjs
import { kafkaService, message } from 'narad'

// A service writes kafkaService.init() alone: the brokers come from KAFKA_BROKERS, or are localhost:9092.
await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()

// Any value that JSON can hold. The promise resolves once the brokers have the record.
const one = await kafkaService.send('examples.users', { userId: 1, action: 'login' })
console.log(`one record: topic ${one.topic}, partition ${one.partition}, offset ${one.offset}`)

// Each value of an array becomes a record; the results are in the same order.
const several = await kafkaService.send('examples.users', [
  { userId: 1, action: 'search' },
  { userId: 2, action: 'login' },
])
console.log(`an array: ${several.length} records`)

// message() puts a key, headers, a timestamp or a partition around a value.
const login = message({ userId: 3, action: 'login' }).key('user-3').header('region', 'eu').eventType('user.login')
const keyed = await kafkaService.send('examples.users', login)
const again = await kafkaService.send('examples.users', login)
console.log(`the same key, the same partition: ${keyed.partition === again.partition}`)

// Key and value as they are, without any codec.
const raw = await kafkaService.sendRecords('examples.users', [{ key: 'user-4', value: '{"userId":4}' }])
console.log(`as it is: ${raw.length} record`)

// Delivers what is left, and closes the connections.
const { undelivered } = await kafkaService.disconnect()
console.log(`not delivered: ${undelivered}`)

// Prints:
//   one record: topic examples.users, partition <number>, offset <number>
//   an array: 2 records
//   the same key, the same partition: true
//   as it is: 1 record
//   not delivered: 0

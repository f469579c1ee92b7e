// A stream: records in a loop, acknowledged by reading on. What the loop breaks at comes again. docs/streams.md
import { createKafkaService, message } from 'narad'

const topic = 'examples.readings'
const service = createKafkaService({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', logLevel: 'error' })
await service.connectProducer()

// The group is connected for the stream, and left when it ends.
const group = 'examples.averages'
const stream = await service.stream(topic, { group }).ready()
await service.send(
  topic,
  [18, 19, 21, 40, 20].map((degrees) => message({ degrees }).key('kitchen')),
)

for await (const { value, key } of stream) {
  console.log(`${key}: ${value.degrees}`)
  if (value.degrees > 30) break
}
console.log('that was not acknowledged: it is read again')

// An AbortSignal ends the loop after the record at hand, which counts.
const enough = new AbortController()
for await (const { value } of service.stream(topic, { group, signal: enough.signal })) {
  console.log(`again: ${value.degrees}`)
  if (value.degrees === 20) enough.abort()
}

// Arrays of records, in a group of their own.
const all = []
for await (const batch of service.stream(topic, { group: 'examples.all', fromBeginning: true, batch: true })) {
  all.push(...batch.map(({ value }) => value.degrees))
  if (all.length >= 5) break
}
console.log(`in batches: ${all.slice(-5).join(', ')}`)
await service.disconnect()

// Prints:
//   kitchen: 18
//   kitchen: 19
//   kitchen: 21
//   kitchen: 40
//   that was not acknowledged: it is read again
//   again: 40
//   again: 20
//   in batches: 18, 19, 21, 40, 20

// Retries and dead letters: a failure that passes is handled again, a record that nothing mends is put aside, and one
// that is refused for good reason is done. The other keys go on meanwhile. docs/failures.md has all options.
import { BusinessError, createKafkaService, DEAD_LETTER_HEADERS, message, PermanentError, TransientError } from 'narad'
import { until } from './until.mjs'

const topic = 'examples.charges'
// What fails is logged as well; here events and headers tell it.
const service = createKafkaService({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', logLevel: 'error' })
const stories = { 1: [], 2: [], 3: [], 4: [] }
const letters = []
let waited = 0

service.on('retry', ({ afterMs }) => {
  waited += afterMs
})
service.on('deadLetter', ({ deadLetterTopic, error }) => {
  stories[2].push(`to ${deadLetterTopic}: ${error.message}`)
})

await service.connectProducer()
await service.connectConsumer('examples.charger')
await service.subscribe(
  topic,
  ({ id, total }, { attempt }) => {
    if (typeof total !== 'number') throw new PermanentError('the total is no number')
    if (total < 0) {
      stories[id].push('refused')
      throw new BusinessError('there is nothing to charge')
    }
    if (id === 1 && attempt < 3) {
      stories[id].push(`attempt ${attempt} failed`)
      throw new TransientError('the bank does not answer')
    }
    stories[id].push(`charged at attempt ${attempt}`)
  },
  { retry: { maxRetries: 5, initialDelayMs: 50 } },
)

// Dead letters are records like others: read them, mend what was wrong, send them again.
await service.connectConsumer('examples.mender')
await service.subscribe(
  `${topic}.examples.charger.dlq`,
  (value, { key, headers }) => letters.push({ value, key, headers }),
  {
    fromBeginning: true,
  },
)

await service.send(topic, [
  message({ id: 1, total: 10 }).key('one'),
  message({ id: 2, total: 'many' }).key('two').header('shop', 'north'),
  message({ id: 3, total: -5 }).key('three'),
  message({ id: 4, total: 20 }).key('four'),
])
await until(() => stories[1].length === 3 && letters.length === 1 && stories[3].length === 1 && stories[4].length === 1)
await service.disconnect()

for (const [id, story] of Object.entries(stories)) console.log(`${id}: ${story.join(', ')}`)
console.log(`retries waited ${waited} ms`)
const [{ value, key, headers }] = letters
console.log(`the letter: key ${key}, value ${JSON.stringify(value)}, shop ${headers.shop}`)
for (const name of ['topic', 'partition', 'offset', 'group', 'deliveryCount', 'message', 'class', 'name', 'id']) {
  const header = DEAD_LETTER_HEADERS[name]
  console.log(`${header}: ${headers[header]}`)
}

// Prints:
//   1: attempt 1 failed, attempt 2 failed, charged at attempt 3
//   2: to examples.charges.examples.charger.dlq: the total is no number
//   3: refused
//   4: charged at attempt 1
//   retries waited <number> ms
//   the letter: key two, value {"id":2,"total":"many"}, shop north
//   __dlq.errors.topic: examples.charges
//   __dlq.errors.partition: <number>
//   __dlq.errors.offset: <number>
//   __dlq.errors.group: examples.charger
//   __dlq.errors.delivery.count: 1
//   __dlq.errors.message: the total is no number
//   x-narad-dlq-class: permanent
//   x-narad-dlq-name: PermanentError
//   x-narad-dlq-id: examples.charges/<number>/<number>/examples.charger

// Codecs: how values become bytes, and bytes values. JSON unless said otherwise, for the service, a send or a
// subscription.
import { kafkaService, message } from 'narad'
import { until } from './until.mjs'

// encode gives text or bytes; decode takes bytes. Both are synchronous.
const csv = {
  name: 'csv',
  encode: (row) => row.join(','),
  decode: (bytes) => bytes.toString().split(','),
}

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()
await kafkaService.connectConsumer('examples.codecs')

const seen = []
const show = (name) => (value) => seen.push(`${name}: ${describe(value)}`)
await kafkaService.subscribe('examples.json', show('json'))
await kafkaService.subscribe('examples.text', show('string'), { codec: 'string' })
await kafkaService.subscribe('examples.bytes', show('buffer'), { codec: 'buffer' })
await kafkaService.subscribe('examples.csv', show('csv'), { codec: csv })

await kafkaService.send('examples.json', { a: [1, null, 'ü'] })
await kafkaService.send('examples.text', 'plain text', { codec: 'string' })
await kafkaService.send('examples.bytes', Buffer.from([1, 2, 3]), { codec: 'buffer' })
// A row is an array, and an array is many records: so this array holds one row.
await kafkaService.send('examples.csv', [['a', 'b', 'c']], { codec: csv })

// null is a tombstone with every codec: it deletes the key from a compacted topic. Empty is not null.
await kafkaService.send('examples.json', message(null).key('user-1'))
await kafkaService.send('examples.text', '', { codec: 'string' })
await until(() => seen.length === 6)

for (const line of seen.sort()) console.log(line)
await kafkaService.disconnect()

function describe(value) {
  if (value === null) return 'null'
  return Buffer.isBuffer(value) ? `bytes ${value.toString('hex')}` : JSON.stringify(value)
}

// Prints:
//   buffer: bytes 010203
//   csv: ["a","b","c"]
//   json: null
//   json: {"a":[1,null,"ü"]}
//   string: ""
//   string: "plain text"

// An event bus that hands events to one of 100 handlers, beside clients that only parse the same records as JSON.
// node benches/event-bus.mjs [records] [rounds]
import { randomBytes } from 'node:crypto'
import { clients } from './clients/index.mjs'
import { checksumOf, eventRecordOf } from './harness/data.mjs'
import { openKafka } from './harness/kafka.mjs'
import { installPeers, node24 } from './harness/peers.mjs'
import { runClient } from './harness/run-client.mjs'
import { PARTITIONS } from './rows/index.mjs'

const [records = 1_000_000, rounds = 3] = process.argv.slice(2).map(Number)
const bus = { name: 'narad-bus', label: 'narad, event bus', node: 'current' }
const contenders = [bus, ...clients.filter(({ node }) => node !== 'native')]
const rates = new Map(contenders.map(({ name }) => [name, []]))

installPeers(clients)
const kafka = await openKafka()
const topic = `bench-events-${randomBytes(4).toString('hex')}`
try {
  await kafka.createFilledTopic(topic, PARTITIONS, records, eventRecordOf)
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, module = name, options, node } of contenders) {
      const spec = { kind: 'consume', mode: 'json', isEvent: true, row: 'event-bus', client: name, module, options }
      const group = `${topic}-${name}-${round}`
      const program = { node: node === 'node24' ? node24() : process.execPath }
      const result = await runClient(program, { ...spec, records, topic, group, brokers: kafka.brokers })
      const isRight = result.checksum === checksumOf(records)
      if (isRight) rates.get(name).push(records / result.seconds)
      const figures = `${Math.round(records / result.seconds)} events/s, ${cpuOf(result)} CPU s a million`
      console.error(name, isRight ? figures : JSON.stringify(result))
    }
  }
} finally {
  await kafka.deleteTopic(topic)
  await kafka.close()
}

function cpuOf({ cpuSeconds }) {
  return ((cpuSeconds / records) * 1e6).toFixed(2)
}

const medianOf = (name) => rates.get(name).sort((a, b) => a - b)[Math.floor(rates.get(name).length / 2)] ?? 0
for (const { name, label } of contenders) console.log(`${label}: ${Math.round(medianOf(name) / 1_000)} k events/s`)
const peers = contenders.filter(({ name }) => !name.startsWith('narad'))
const best = Math.max(...peers.map(({ name }) => medianOf(name)))
console.log(`event bus / best peer's JSON: ${(medianOf(bus.name) / best).toFixed(2)}`)

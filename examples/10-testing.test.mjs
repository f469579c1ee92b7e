// Tests of your own: a Kafka cluster inside the test process, with faults on request. Run it with
//   node --test examples/10-testing.test.mjs
// With Jest and Vitest it is the same but for the names of the hooks.
import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { after, before, test } from 'node:test'
import { createKafkaService } from 'narad'
import { TestBroker } from 'narad/testing'

let broker
let service

before(async () => {
  broker = await TestBroker.start({ topics: [{ name: 'orders', partitions: 3 }, 'invoices'] })
  service = createKafkaService({ brokers: broker.brokers })
  await service.connectProducer()
  await service.connectConsumer('billing')
  await startBilling(service)
})

after(async () => {
  await service.disconnect()
  // Rejects if the broker had to drop records, because the tests may then have seen too little.
  await broker.stop()
})

test('an order becomes an invoice with the same key', async () => {
  const invoices = await collect('invoices')
  await service.send('orders', { id: 1, total: 30 }, { key: 'order-1' })
  const { value, context } = await invoices.next()
  assert.deepEqual(value, { order: 1, due: 30 })
  assert.equal(context.key, 'order-1')
})

test('a send survives what brokers do in a bad moment', async () => {
  await broker.failRequests('Produce', 'NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS')
  const stored = await service.send('orders', { id: 2, total: 12 }, { key: 'order-2' })
  assert.equal(stored.topic, 'orders')
})

// What is tested: it would be a module of yours.
async function startBilling(kafka) {
  await kafka.subscribe('orders', async (order, { key }) => {
    await kafka.send('invoices', { order: order.id, due: order.total }, { key })
  })
}

/** Subscribes a group of its own, and gives the records one after the other. */
async function collect(topic) {
  const arrivals = new EventEmitter()
  const records = on(arrivals, 'record')
  await service.connectConsumer(`witness-of-${topic}`)
  await service.subscribe(topic, (value, context) => {
    arrivals.emit('record', { value, context })
  })
  return { next: async () => (await records.next()).value[0] }
}

// How the parts work together: the real protocol, on a broker in the process of the test.
const { createKafkaService } = require('narad')
const { TestBroker } = require('narad/testing')
const { startBilling } = require('./billing.js')

let broker
let kafka

beforeAll(async () => {
  broker = await TestBroker.start({ topics: ['orders', 'invoices'] })
  kafka = createKafkaService({ brokers: broker.brokers })
  await kafka.connectProducer()
  await kafka.connectConsumer('billing')
  await startBilling(kafka)
})

afterAll(async () => {
  await kafka.disconnect()
  await broker.stop()
})

test('an order is billed although brokers fail in between', async () => {
  await kafka.connectConsumer('witness')
  const invoice = new Promise((resolve) => {
    kafka.subscribe('invoices', resolve, { fromBeginning: true })
  })
  await broker.failRequests('Produce', 'NOT_ENOUGH_REPLICAS')
  await kafka.send('orders', { id: 1, total: 30 }, { key: 'order-1' })
  expect(await invoice).toEqual({ order: 1, due: 30 })
})

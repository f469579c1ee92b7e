// What a handler does, without a broker: no time passes, also not for retries.
const { createTestService } = require('narad/testing')
const { startBilling } = require('./billing.js')

let kafka

beforeEach(async () => {
  kafka = createTestService()
  await startBilling(kafka)
})

test('an order becomes an invoice with the same key', async () => {
  await kafka.deliver('orders', { id: 1, total: 30 }, { key: 'order-1' })
  expect(kafka.sentTo('invoices')).toMatchObject([{ key: 'order-1', value: { order: 1, due: 30 } }])
})

test('an order with a negative total is given up at once', async () => {
  await expect(kafka.deliver('orders', { id: 2, total: -1 })).rejects.toThrow('negative total')
  expect(kafka.sent).toEqual([])
})

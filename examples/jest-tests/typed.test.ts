// The same in TypeScript, which ts-jest compiles: the types of the records are checked with the test.
import { expect, test } from '@jest/globals'
import type { RecordContext } from 'narad'
import { createTestService } from 'narad/testing'

interface Order {
  id: number
  total: number
}

test('a handler gets the record with its context', async () => {
  const kafka = createTestService()
  const seen: string[] = []
  await kafka.connectConsumer('audit')
  await kafka.subscribe<Order>('orders', async (order, context: RecordContext) => {
    seen.push(`${context.key}: ${order.total}`)
  })
  await kafka.deliver('orders', { id: 1, total: 30 }, { key: 'order-1' })
  expect(seen).toEqual(['order-1: 30'])
})

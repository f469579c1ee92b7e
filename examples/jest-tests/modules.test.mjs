// The same from an ES module: Jest has these under NODE_OPTIONS=--experimental-vm-modules.
import { KafkaError } from 'narad'
import { createTestService } from 'narad/testing'
import billing from './billing.js'

test('an order that nobody handles is an error of the test', async () => {
  const kafka = createTestService()
  await billing.startBilling(kafka)
  await expect(kafka.deliver('order', {})).rejects.toThrow(KafkaError)
})

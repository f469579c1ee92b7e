import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKafkaService } from 'narad'
import { TestBroker } from 'narad/testing'
import { randomGroup } from '../helpers/names.ts'

const NO_BROKER = { brokers: '127.0.0.1:1', devMode: 'auto', connectionTimeoutMs: 300, logLevel: 'silent' } as const

// Bug: the first part to fail let the shared connection go, and the second was left on it and rejected.
test('parts that connect at once without a broker all go log-only in dev mode "auto"', async () => {
  const service = createKafkaService(NO_BROKER).init()
  await Promise.all([service.connectProducer(), service.connectConsumer(randomGroup())])
  assert.equal(service.mode, 'log-only')
  await service.disconnect()
})

// Bug: a later connect that failed turned the whole live service log-only, and its producer was never closed.
test('a service that was live stays live in dev mode "auto" when a later connect fails', async (t) => {
  const broker = await TestBroker.start()
  t.after(() => broker.stop())
  const service = createKafkaService({
    brokers: broker.brokers,
    devMode: 'auto',
    connectionTimeoutMs: 500,
    logLevel: 'silent',
  }).init()
  t.after(() => service.disconnect({ timeoutMs: 1_000 }))
  await service.connectProducer()
  await broker.brokerDown(1)
  await assert.rejects(service.connectConsumer(randomGroup()), { code: 'NARAD_CONNECTION_TIMEOUT' })
  assert.equal(service.mode, 'live')
  await broker.brokerUp(1)
  const sent = await service.send('orders', { id: 1 })
  assert.equal(sent.offset, 0)
})

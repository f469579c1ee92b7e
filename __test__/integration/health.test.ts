import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentError } from 'narad'
import { TestBroker } from 'narad/testing'
import { describeHealth } from '../behaviours/health.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

describeHealth(embeddedBed())

test('is not ready while dead letters cannot be written', async (t) => {
  const topic = randomTopic()
  await using broker = await TestBroker.start({ topics: [topic] })
  const service = await makeProducer(t, { brokers: broker.brokers, onError: () => {} })
  await service.connectConsumer(randomGroup())
  await service.send(topic, 'poison')
  await broker.failRequests('Produce', ...Array<string>(500).fill('TOPIC_AUTHORIZATION_FAILED'))
  const fail = () => {
    throw new PermanentError('poison')
  }
  await service.subscribe(topic, fail, { fromBeginning: true, retry: { initialDelayMs: 1, maxDelayMs: 10 } })
  await waitFor(() => !service.health().ready, { what: 'a letter that fails' })
  assert.match(service.health().reasons.join(), /^Group .* cannot write dead letters: /)
  assert.deepEqual([service.health().live, service.health().groups[0]?.held], [true, 1])
  await broker.clearFailures('Produce')
  await waitFor(() => service.health().ready, { what: 'the letter' })
})

test('is not ready, but live, without a broker', async (t) => {
  const broker = await TestBroker.start()
  const service = await makeProducer(t, { brokers: broker.brokers, onError: () => {} })
  await broker.stop()
  await waitFor(() => !service.health().ready, { what: 'the loss of the connection', timeoutMs: 30_000 })
  const { status, live, reasons } = service.health()
  assert.deepEqual([status, live, reasons], ['disconnected', true, ['No broker answers.']])
  await service.disconnect({ timeoutMs: 100 })
})

test('is ready in log-only mode, which it names', async (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  await service.connectProducer()
  const { status, mode, live, ready, reasons, groups } = service.health()
  assert.deepEqual([status, mode, live, ready, reasons, groups], ['disconnected', 'log-only', true, true, [], []])
})

test('shows no password of the configuration', () => {
  const service = makeService(
    { after: () => {} },
    {
      brokers: 'localhost:9092',
      sasl: { mechanism: 'plain', username: 'me', password: 'hunter2' },
    },
  )
  assert.equal(JSON.stringify(service.health()).includes('hunter2'), false)
})

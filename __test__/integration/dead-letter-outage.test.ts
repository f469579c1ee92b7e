import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEAD_LETTER_HEADERS, type DeadLetterEvent, type KafkaError, PermanentError, type RecordContext } from 'narad'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('C5: nothing is committed past a record whose dead letter cannot be written, until it is written', async (t) => {
  const [topic, group] = [randomTopic(), randomGroup()]
  await using broker = await TestBroker.start({ topics: [topic] })
  const { brokers } = broker
  const errors: KafkaError[] = []
  const service = await makeProducer(t, { brokers, commitIntervalMs: 20, onError: (error) => errors.push(error) })
  await service.send(topic, numbers(20), { key: String })
  await service.connectConsumer(group)
  const received = new Received<number>()
  const handler = (value: number, context: RecordContext) => {
    if (value === 5) throw new PermanentError('poison')
    received.handler(value, context)
  }
  await broker.failRequests('Produce', ...Array<string>(500).fill('TOPIC_AUTHORIZATION_FAILED'))
  await service.subscribe<number>(topic, handler, { fromBeginning: true })
  await received.count(19)
  await waitFor(() => errors.length > 1, { what: 'two attempts to write the letter' })
  for (const { code } of errors) assert.equal(code, 'NARAD_DEAD_LETTER_FAILED')
  const report = await service.disconnect({ timeoutMs: 2_000 })
  assert.deepEqual(report.groups, [{ group, unfinished: 0, leftGroup: true, blocked: [] }])

  const again = new Received<number>()
  const parked: DeadLetterEvent[] = []
  const next = makeService(t, { brokers, onError: () => {} })
  next.on('deadLetter', (event) => parked.push(event))
  await next.connectProducer()
  await next.connectConsumer(group)
  await next.subscribe<number>(topic, (value, context) => {
    again.handler(value, context)
    if (value === 5) throw new PermanentError('poison')
  })
  await again.count(15)
  assert.deepEqual(parked, [])
  await broker.clearFailures('Produce')
  await waitFor(() => parked.length === 1, { what: 'the dead letter', timeoutMs: 40_000 })
  const letters = new Received<number>()
  const reader = await next.connectConsumer(randomGroup())
  await reader.subscribe<number>(`${topic}.${group}.dlq`, letters.handler, { fromBeginning: true })
  await letters.count(1)
  assert.deepEqual([letters.values, letters.records[0]?.headers[DEAD_LETTER_HEADERS.offset]], [[5], '5'])
  await next.disconnect()

  const after = new Received<number>()
  const last = await makeProducer(t, { brokers })
  await last.connectConsumer(group)
  await last.subscribe<number>(topic, after.handler)
  await last.send(topic, 20)
  await after.count(1)
})

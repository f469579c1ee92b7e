import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { KafkaError } from 'narad'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

// Positions in the deleted topic were taken for positions in the new one: its records before them were never handled.
describe('A topic that is deleted and made again', { skip: ownClusterSkip() }, () => {
  let brokers = ''
  const cleanUps: Array<() => Promise<void>> = []
  before(async () => {
    // A service's own request for metadata would make the topic again.
    const properties = { 'auto.create.topics.enable': 'false' }
    brokers = (await ownCluster({ after: (cleanUp) => cleanUps.push(cleanUp) }, { properties })).brokers
  })
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })

  async function makeAgain(topic: string): Promise<void> {
    const args = ['--bootstrap-server', brokers, '--delete', '--topic', topic]
    await javaTool('org.apache.kafka.tools.TopicCommand', args)
    await createTopic(brokers, topic)
  }

  for (const groupProtocol of ['classic', 'consumer'] as const) {
    for (const [size, count] of [
      ['smaller', 2],
      ['larger', 50],
    ] as const) {
      test(`C11, ${groupProtocol}: is read from its beginning when the new one is ${size}, and an event says so`, async (t) => {
        const topic = randomTopic()
        await createTopic(brokers, topic)
        const errors: KafkaError[] = []
        const onError = (error: KafkaError) => errors.push(error)
        const service = makeService(t, { brokers, groupProtocol, onError, connectionTimeoutMs: 20_000 })
        await service.connectConsumer(randomGroup())
        const received = new Received<number>()
        await service.subscribe<number>(topic, received.handler, { dlq: false })
        const old = await makeProducer(t, { brokers })
        await old.send(topic, numbers(10))
        await received.count(10)
        await old.disconnect()
        await makeAgain(topic)
        const producer = await makeProducer(t, { brokers })
        await producer.send(topic, numbers(count, 100))
        const isRead = () => numbers(count, 100).every((value) => received.values.includes(value))
        await waitFor(isRead, { what: 'every record of the new topic', timeoutMs: 20_000 })
        const told = errors.filter(({ code }) => code === 'NARAD_OFFSET_OUT_OF_RANGE')
        assert.deepEqual(
          told.map((error) => error.topic),
          [topic],
        )
        assert.match(told[0]?.message ?? '', /made again/)
      })
    }
  }

  test('C11: is read from its beginning by a restarted service, though a record of the old one was committed late', async (t) => {
    const [topic, group] = [randomTopic(), randomGroup()]
    await createTopic(brokers, topic)
    const first = makeService(t, { brokers, onError: () => {}, connectionTimeoutMs: 20_000 })
    await first.connectConsumer(group)
    const [values, release] = [new Set<number>(), new AbortController()]
    const handler = async (value: number) => {
      if (value === 9) await new Promise((resolve) => release.signal.addEventListener('abort', resolve, { once: true }))
      values.add(value)
    }
    await first.subscribe<number>(topic, handler, { dlq: false })
    const old = await makeProducer(t, { brokers })
    await old.send(topic, numbers(10))
    await waitFor(() => values.size === 9, { what: 'the other records' })
    await old.disconnect()
    await makeAgain(topic)
    const producer = await makeProducer(t, { brokers })
    await producer.send(topic, numbers(50, 100))
    release.abort()
    await first.disconnect()

    const second = makeService(t, { brokers, onError: () => {}, connectionTimeoutMs: 20_000 })
    await second.connectConsumer(group)
    await second.subscribe<number>(topic, handler, { dlq: false })
    await waitFor(() => values.size === 60, { what: 'every record', timeoutMs: 20_000 })
  })
})

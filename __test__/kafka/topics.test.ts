import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { kafkaBed } from '../helpers/bed.ts'
import { groupOffsets } from '../helpers/java-tools.ts'
import { kcatProduce } from '../helpers/kcat.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
const bed = kafkaBed()

describe('Partitions and groups of Kafka', { skip: bed.skip }, () => {
  // With `latest`, what is written to a new partition before its consumers discover it is lost to other clients.
  test('C11: a partition that is added while the group runs is read from its beginning', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
    const service = makeService(t, { brokers, librdkafka: { 'topic.metadata.refresh.interval.ms': 2_000 } })
    await service.connectProducer()
    await service.connectConsumer(group)
    await service.send(topic, numbers(10, 9_000))
    const received = new Received<number>()
    await service.subscribe<number>(topic, received.handler, { fromBeginning: false })
    await service.send(topic, numbers(10), { partition: 0 })
    await received.count(10)
    const alter = ['--bootstrap-server', brokers, '--alter', '--topic', topic, '--partitions', '3']
    await javaTool('org.apache.kafka.tools.TopicCommand', alter)
    const values = numbers(50, 100).map((value) => ({ value: String(value) }))
    await kcatProduce(brokers, topic, values, { partition: 2 })
    await received.count(60, 20_000)
    assert.deepEqual(sorted(received.values), [...numbers(10), ...numbers(50, 100)])
    // the producer knows the new partitions too
    const { partition } = await service.send(topic, 7, { partition: 1 })
    assert.equal(partition, 1)
    await received.count(61)
    await service.disconnect()
    const committed = (await groupOffsets(brokers, group)).map((offsets) => offsets.committed)
    assert.deepEqual(committed, [20, 1, 50])
  })

  test('the group protocol of KIP-848 joins, shares, commits and goes on', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(4), randomGroup()]
    const librdkafka = { 'group.protocol': 'consumer' }
    const producer = await makeProducer(t, { brokers })
    const members = [new Received<number>(), new Received<number>()]
    const services = members.map(() => makeService(t, { brokers, librdkafka }))
    const owned = [new Set<number>(), new Set<number>()]
    for (const [index, service] of services.entries()) {
      service.on('rebalance', ({ kind, partitions }) => {
        for (const { partition } of partitions) {
          if (kind === 'assigned') owned[index]?.add(partition)
          else owned[index]?.delete(partition)
        }
      })
      await service.connectConsumer(group)
      await service.subscribe<number>(topic, (members[index] as Received<number>).handler, { fromBeginning: true })
    }
    await waitFor(() => owned.every(({ size }) => size === 2), { what: 'two partitions each', timeoutMs: 20_000 })
    await producer.send(topic, numbers(400), { key: String })
    await waitFor(() => members.reduce((sum, { records }) => sum + records.length, 0) >= 400, { what: 'all records' })
    assert.deepEqual(sorted(members.flatMap(({ values }) => values)), numbers(400))
    for (const service of services) {
      assert.deepEqual((await service.disconnect()).groups, [{ group, unfinished: 0, leftGroup: true, blocked: [] }])
    }
    await producer.send(topic, numbers(10, 1_000), { key: String })
    const rest = new Received<number>()
    const next = makeService(t, { brokers, librdkafka })
    await next.connectConsumer(group)
    await next.subscribe<number>(topic, rest.handler)
    await rest.count(10)
    assert.deepEqual(sorted(rest.values), numbers(10, 1_000))
  })
})

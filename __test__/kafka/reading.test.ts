import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { describeReading } from '../behaviours/reading.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { read } from '../helpers/reading.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

describeReading(bed)

const BEGINNING = { kind: 'beginning', value: 0 } as const
const END = { kind: 'end', value: 0 } as const
const time = (value: number) => ({ kind: 'timestamp', value }) as const

describe('Reading without a group on Kafka alone', { skip: bed.skip }, () => {
  test('leaves no group behind, while it reads and afterwards', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    const groups = async () => {
      const args = ['--bootstrap-server', brokers, '--list']
      return (await javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)).stdout.split('\n')
    }
    const service = await makeProducer(t, { brokers })
    await service.send(topic, 1)
    const { values, reader } = await read(t, brokers, { topic, from: BEGINNING })
    await waitFor(() => values.length === 1, { what: 'the record' })
    assert.ok(!(await groups()).includes('narad-reader'))
    await reader.close(5_000)
    assert.ok(!(await groups()).includes('narad-reader'))
  })

  test('between two times reads what was written from the first on and before the second', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
    const service = await makeProducer(t, { brokers })
    const startMs = Date.now() - 100_000
    for (let index = 0; index < 10; index += 1) {
      await service.send(topic, index, { partition: index % 2, timestamp: startMs + index * 1_000 })
    }
    const { values, reader } = await read(t, brokers, {
      topic,
      from: time(startMs + 2_500),
      to: time(startMs + 6_500),
    })
    await reader.ended
    assert.deepEqual(values.toSorted(), ['0:4', '0:6', '1:3', '1:5'])
  })

  test('partitions that are added are read from their beginning', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    const { values } = await read(t, brokers, { topic, from: END })
    const args = ['--bootstrap-server', brokers, '--alter', '--topic', topic, '--partitions', '3']
    await javaTool('org.apache.kafka.tools.TopicCommand', args)
    const service = await makeProducer(t, { brokers })
    for (const partition of [0, 1, 2]) await service.send(topic, 7, { partition })
    await waitFor(() => values.length === 3, { what: 'a record of each partition', timeoutMs: 30_000 })
    assert.deepEqual(values.toSorted(), ['0:7', '1:7', '2:7'])
  })

  // No record stands right before the end of a log whose last transaction was committed: its marker does.
  test('to the end comes to its end where the last offset is no record', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
    await javaTool('org.apache.kafka.tools.ProducerPerformance', [
      ...['--bootstrap-server', brokers, '--topic', topic, '--transactional-id', randomTopic()],
      ...['--num-records', '10', '--record-size', '5', '--throughput', '-1'],
    ])
    const { values, reader } = await read(t, brokers, { topic, from: BEGINNING, to: END })
    const [range] = reader.ranges
    await reader.ended
    assert.equal(values.length, 10)
    assert.equal(range?.end, 11)
  })
})

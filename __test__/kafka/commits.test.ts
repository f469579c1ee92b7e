import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RecordContext } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { groupOffsets } from '../helpers/java-tools.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received, STOPPING } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Committed offset and end of each partition, as Kafka's own command tells them. */
async function offsets(brokers: string, group: string): Promise<Array<[committed: number | null, end: number]>> {
  return (await groupOffsets(brokers, group)).map(({ committed, end }) => [committed, end])
}

describe('Committed offsets', { skip: bed.skip }, () => {
  // The first commit never became due, so that nothing was committed before the group was left.
  test('follow what was handled while the group runs, and are exact when it has left', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
    const service = makeService(t, { brokers, commitIntervalMs: 100 })
    await service.connectProducer()
    await service.connectConsumer(group)
    const received = new Received<number>()
    await service.subscribe<number>(topic, received.handler)
    await service.send(topic, numbers(300), { partition: 0 })
    await service.send(topic, numbers(200), { partition: 1 })
    await received.count(500)
    const expected = [
      [300, 300],
      [200, 200],
    ]
    const isCommitted = async () => JSON.stringify(await offsets(brokers, group)) === JSON.stringify(expected)
    await waitFor(isCommitted, { what: 'the commits of a group that runs', timeoutMs: 20_000 })
    await service.send(topic, numbers(10), { partition: 1 })
    await received.count(510)
    await service.disconnect()
    assert.deepEqual(await offsets(brokers, group), [
      [300, 300],
      [210, 210],
    ])
  })

  test('stay before a record whose handler failed, and go on in other partitions', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
    let failed = 0
    const service = makeService(t, { brokers, commitIntervalMs: 50, onError: () => (failed += 1) })
    await service.connectProducer()
    await service.connectConsumer(group)
    const received = new Received<number>()
    const handler = (value: number, context: RecordContext) => {
      if (value === 40 && context.partition === 0) throw new Error('on purpose')
      received.handler(value, context)
    }
    await service.subscribe<number>(topic, handler, { ...STOPPING, ordering: 'partition' })
    await service.send(topic, numbers(100), { partition: 0 })
    await waitFor(() => failed === 1, { what: 'the failure' })
    await service.send(topic, numbers(100), { partition: 1 })
    await received.count(140)
    await service.disconnect()
    assert.deepEqual(await offsets(brokers, group), [
      [40, 100],
      [100, 100],
    ])
  })

  test('stay before a record whose handler runs, though later ones are done', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const service = makeService(t, { brokers, commitIntervalMs: 50 })
    await service.connectProducer()
    await service.connectConsumer(group)
    const received = new Received<number>()
    let finish: () => void = () => {}
    const handler = async (value: number, context: RecordContext) => {
      if (value === 7) {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
      }
      received.handler(value, context)
    }
    await service.subscribe<number>(topic, handler)
    await service.send(topic, numbers(2_000))
    await received.count(1_999)
    await waitFor(async () => (await offsets(brokers, group))[0]?.[0] === 7, { what: 'offset 7', timeoutMs: 20_000 })
    finish()
    await received.count(2_000)
    await service.disconnect()
    assert.deepEqual(await offsets(brokers, group), [[2_000, 2_000]])
  })

  test('are the end of the log for a group that begins there, before it has handled anything', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const service = await makeProducer(t, { brokers })
    await service.send(topic, numbers(25))
    await service.connectConsumer(group)
    await service.subscribe(topic, () => assert.fail('there is nothing to handle'))
    await service.disconnect()
    assert.deepEqual(await offsets(brokers, group), [[25, 25]])
  })

  test('are none for a group from the beginning that has handled nothing', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const service = await makeProducer(t, { brokers })
    await service.send(topic, 0)
    await service.connectConsumer(group)
    let isCalled = false
    const handler = () => {
      isCalled = true
      return new Promise(() => {})
    }
    await service.subscribe(topic, handler, { fromBeginning: true })
    await waitFor(() => isCalled, { what: 'the handler to run' })
    await service.disconnect({ timeoutMs: 1_500 })
    assert.deepEqual(
      (await offsets(brokers, group)).filter(([committed]) => committed !== null),
      [],
    )
  })
})

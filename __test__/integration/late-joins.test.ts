import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const unreadable = Array<string>(1_000).fill('COORDINATOR_LOAD_IN_PROGRESS')

// A subscription that was given up while its partitions were being started took its topics back at once, and the next
// one asked for them anew: a rebalance for nothing. With KIP-848 it did not even wait for the start.
for (const protocol of ['classic', 'consumer'] as const) {
  test(`a ${protocol} group can be subscribed again while what a late subscription got is still being started`, async (t) => {
    await using broker = await TestBroker.start()
    const topic = randomTopic()
    await broker.createTopic(topic, { partitions: 2 })
    const { brokers } = broker
    const producer = await makeProducer(t, { brokers })
    await producer.send(topic, [1, 2, 3])
    const onError = () => {}
    const service = makeService(t, {
      brokers,
      connectionTimeoutMs: 2_000,
      ...(protocol === 'classic' && { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 500 }),
      groupProtocol: protocol,
      onError,
    })
    await service.connectConsumer(randomGroup())
    const late = new Received<number>()
    await broker.failRequests('OffsetFetch', ...unreadable)
    await assert.rejects(service.subscribe<number>(topic, late.handler, { fromBeginning: true }), {
      code: 'NARAD_SUBSCRIBE_TIMEOUT',
    })
    const received = new Received<number>()
    const again = service.subscribe<number>(topic, received.handler, { fromBeginning: true })
    await broker.clearFailures('OffsetFetch')
    await again
    await received.count(3)
    const report = await service.disconnect({ timeoutMs: 5_000 })
    assert.equal(report.groups[0]?.leftGroup, true)
    assert.deepEqual(late.values, [])
  })

  // librdkafka waits for an answer to an assignment, which is given once the committed offsets are known.
  test(`C9: disconnect leaves a ${protocol} group while its committed offsets are slow to come`, async (t) => {
    await using broker = await TestBroker.start()
    const [topic, group] = [randomTopic(), randomGroup()]
    await broker.createTopic(topic, { partitions: 3 })
    let errors = 0
    const onError = () => {
      errors += 1
    }
    const service = makeService(t, { brokers: broker.brokers, groupProtocol: protocol, onError })
    await service.connectConsumer(group)
    await broker.failRequests('OffsetFetch', ...unreadable)
    const subscribing = service.subscribe(topic, () => {}).catch(({ code }) => code)
    await waitFor(() => errors > 0, { what: 'an error about the offsets' })
    await broker.roundTripTime(1, 500)
    await broker.clearFailures('OffsetFetch')
    const report = await service.disconnect({ timeoutMs: 5_000 })
    assert.deepEqual(report.groups, [{ group, unfinished: 0, leftGroup: true, blocked: [] }])
    assert.equal(await subscribing, 'NARAD_CLOSED')
  })
}

// The start of what was assigned to the first subscription told the second one that it had joined.
test('a subscription has joined when its own topic was assigned, not when that of another one was', async (t) => {
  await using broker = await TestBroker.start()
  const [first, second] = [randomTopic(), randomTopic()]
  for (const topic of [first, second]) await broker.createTopic(topic, { partitions: 1 })
  let errors = 0
  const onError = () => {
    errors += 1
  }
  const service = makeService(t, { brokers: broker.brokers, onError })
  await service.connectConsumer(randomGroup())
  const assigned: string[] = []
  service.on('rebalance', ({ kind, partitions }) => {
    if (kind === 'assigned') assigned.push(...partitions.map(({ topic }) => topic))
  })
  await broker.failRequests('OffsetFetch', ...unreadable)
  const joining = service.subscribe(first, () => {})
  await waitFor(() => errors > 0, { what: 'an error about the offsets' })
  const joiningToo = service.subscribe(second, () => {})
  await broker.clearFailures('OffsetFetch')
  await joining
  await joiningToo
  assert.deepEqual(assigned, [first, second])
  await service.disconnect()
})

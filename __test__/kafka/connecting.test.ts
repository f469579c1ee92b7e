import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ClosedError, ConnectionError, type KafkaError } from 'narad'
import { createTopic, ownCluster, ownClusterSkip, proxiedCluster } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

async function failure(action: Promise<unknown>): Promise<{ error: KafkaError; tookMs: number }> {
  const start = performance.now()
  const error = await action.then(
    () => assert.fail('it should have rejected'),
    (reason: KafkaError) => reason,
  )
  return { error, tookMs: performance.now() - start }
}

describe('Brokers that are not there', () => {
  const places: Array<[what: string, brokers: string, why: RegExp]> = [
    ['a closed port', 'localhost:1', /refused/i],
    ['a name that does not exist', 'no-such-host.invalid:9092', /resolve|not known|No such host/i],
    ['two of them', 'localhost:1,no-such-host.invalid:9092', /refused|resolve|not known/i],
  ]
  for (const [what, brokers, why] of places) {
    test(`B9: with ${what} connect rejects at its deadline and says why`, async (t) => {
      const service = makeService(t, { brokers, connectionTimeoutMs: 1_500 })
      const attempts = [failure(service.connectProducer()), failure(service.connectConsumer(randomGroup()))]
      for (const { error, tookMs } of await Promise.all(attempts)) {
        assert.ok(error instanceof ConnectionError)
        assert.equal(error.code, 'NARAD_CONNECTION_TIMEOUT')
        assert.match(error.message, why)
        assert.match(error.message, /within 1500 ms/)
        assert.match(error.stack ?? '', /brokers-down\.test/)
        assert.ok(tookMs > 1_300 && tookMs < 2_500, `${tookMs} ms`)
      }
      assert.deepEqual([service.mode, service.isConnected], ['disconnected', false])
      // nothing is left that a second attempt could trip over
      assert.ok((await failure(service.connectProducer())).error instanceof ConnectionError)
      assert.deepEqual(await service.disconnect(), { undelivered: 0, groups: [] })
    })
  }

  test('B9: with a peer that takes connections and says nothing connect rejects at its deadline', async (t) => {
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: 1 } })
    t.after(() => proxy.stop())
    proxy.halfOpen()
    const service = makeService(t, { brokers: proxy.address, connectionTimeoutMs: 1_500 })
    const { error, tookMs } = await failure(service.connectProducer())
    assert.ok(error instanceof ConnectionError)
    assert.ok(tookMs > 1_300 && tookMs < 2_500, `${tookMs} ms`)
  })

  // A disconnect of the same tick found nothing to close yet, and the clients that were started after it waited for
  // their whole time.
  for (const waitMs of [undefined, 0, 100]) {
    test(`disconnect ends a connect that waits since ${waitMs ?? 'the same tick'}`, async (t) => {
      const service = makeService(t, { brokers: 'localhost:1', connectionTimeoutMs: 20_000 })
      const connecting = Promise.all([failure(service.connectProducer()), failure(service.connectConsumer('group'))])
      if (waitMs !== undefined) await delay(waitMs)
      const start = performance.now()
      await service.disconnect()
      for (const { error } of await connecting) assert.ok(error instanceof ClosedError, `${error}`)
      assert.ok(performance.now() - start < 1_000)
    })
  }
})

describe('A cluster that comes and goes', { skip: ownClusterSkip() }, () => {
  test('B9: a broker that comes later is found, and a connection that is lost mends itself', async (t) => {
    const { cluster, proxies, brokers } = await proxiedCluster(t)
    const [proxy] = proxies
    assert.ok(proxy)
    const topic = randomTopic()
    await createTopic(cluster.brokers, topic, { partitions: 2 })

    await proxy.stop()
    const service = makeService(t, { brokers, connectionTimeoutMs: 1_000 })
    assert.ok((await failure(service.connectProducer())).error instanceof ConnectionError)
    const patient = makeService(t, { brokers, connectionTimeoutMs: 30_000 })
    const connecting = patient.connectProducer()
    await proxy.start()
    const start = performance.now()
    await connecting
    assert.ok(performance.now() - start < 3_000)
    await service.connectProducer()
    assert.equal((await service.send(topic, -1, { partition: 0 })).offset, 0)

    const events: string[] = []
    patient.on('disconnected', () => events.push('disconnected'))
    patient.on('connected', () => events.push('connected'))
    await patient.connectConsumer(randomGroup())
    const received = new Received<number>()
    await patient.subscribe<number>(topic, received.handler)
    await patient.send(topic, numbers(100), { key: String })
    await received.count(100)
    await proxy.stop()
    await waitFor(() => !patient.isConnected, { what: 'the loss to be noticed' })
    assert.equal(patient.mode, 'live')
    const sending = patient.send(topic, numbers(100, 100), { key: String })
    await proxy.start()
    await waitFor(() => patient.isConnected, { what: 'the connection' })
    await sending
    await received.count(200)
    assert.deepEqual(
      [...received.values].sort((x, y) => x - y),
      numbers(200),
    )
    assert.deepEqual(events, ['disconnected', 'connected'])
  })

  test('B10: disconnect with every broker down stays inside its deadline and counts what was not delivered', async (t) => {
    const cluster = await ownCluster(t)
    const { brokers } = cluster
    const [topic, group] = [randomTopic(), randomGroup()]
    await createTopic(brokers, topic)
    const idle = await makeProducer(t, { brokers })
    const service = makeService(t, { brokers, onError: () => {}, commitIntervalMs: 60_000 })
    await service.connectProducer()
    await service.connectConsumer(group)
    const received = new Received<number>()
    await service.subscribe<number>(topic, received.handler)
    await service.send(topic, numbers(10))
    await received.count(10)
    await cluster.kill(0)
    const lone = numbers(50).map((value) => service.send(topic, value))
    const sends = Promise.allSettled([...lone, service.send(topic, numbers(30))])
    let start = performance.now()
    const report = await service.disconnect({ timeoutMs: 3_000 })
    const tookMs = performance.now() - start
    assert.ok(tookMs < 4_000, `${tookMs} ms`)
    assert.equal(report.undelivered, 80)
    assert.deepEqual(
      report.groups.map(({ group: name, unfinished }) => [name, unfinished]),
      [[group, 0]],
    )
    for (const outcome of await sends) {
      assert.equal(outcome.status, 'rejected')
      assert.equal(typeof (outcome as PromiseRejectedResult).reason.maybeInLog, 'boolean')
    }
    start = performance.now()
    assert.deepEqual(await idle.disconnect(), { undelivered: 0, groups: [] })
    assert.ok(performance.now() - start < 1_000, 'one with nothing to do takes no time')
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ClosedError, ConnectionError, KafkaError, type KafkaService, TopicError } from 'narad'
import { TestBroker } from 'narad/testing'
import { startCluster } from '../../scripts/kafka/cluster.mjs'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

/** What a call may take beyond its deadline: two busy cores. */
const GRACE_MS = 700
const RESTART_MS = 40_000

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

type Connect = (service: KafkaService) => Promise<unknown>
const PARTS: Array<[name: string, connect: Connect]> = [
  ['connectProducer', (service) => service.connectProducer()],
  ['connectConsumer', (service) => service.connectConsumer(randomGroup())],
]

/** A single broker that can be taken away and given back. */
interface Place {
  brokers(): string
  topic(partitions?: number): Promise<string>
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

async function realPlace(): Promise<Place> {
  const properties = { 'auto.create.topics.enable': 'false' }
  const cluster = await startCluster({ properties })
  return {
    brokers: () => cluster.brokers,
    async topic(partitions = 1) {
      const name = randomTopic()
      await createTopic(cluster.brokers, name, { partitions })
      return name
    },
    down: () => cluster.kill(0),
    up: () => cluster.restart(0),
    stop: () => cluster.stop(),
  }
}

async function embeddedPlace(): Promise<Place> {
  const broker = await TestBroker.start()
  return {
    brokers: () => broker.brokers,
    async topic(partitions = 1) {
      const name = randomTopic()
      await broker.createTopic(name, { partitions })
      return name
    },
    down: () => broker.brokerDown(1),
    up: () => broker.brokerUp(1),
    stop: () => broker.stop(),
  }
}

/** Rejects at the deadline, neither before nor much later, and says why. */
async function rejectsAtDeadline(connecting: Promise<unknown>, timeoutMs: number, why: RegExp): Promise<void> {
  const start = performance.now()
  await assert.rejects(connecting, (error: unknown) => {
    assert.ok(error instanceof ConnectionError, `${error}`)
    assert.deepEqual([error.code, error.retriable], ['NARAD_CONNECTION_TIMEOUT', true])
    assert.match(error.message, why)
    assert.match(error.message, new RegExp(`${timeoutMs} ms`))
    return true
  })
  const took = performance.now() - start
  assert.ok(took > timeoutMs - 50 && took < timeoutMs + GRACE_MS, `took ${took} ms`)
}

describe('Connecting to what is not there', () => {
  for (const [part, connect] of PARTS) {
    test(`B9: ${part} to a closed port rejects at its deadline and says that it was refused`, async (t) => {
      const [port] = await freePorts(1)
      const service = makeService(t, { brokers: `127.0.0.1:${port}`, connectionTimeoutMs: 800 })
      await rejectsAtDeadline(connect(service), 800, /Connection refused/)
      assert.deepEqual([service.isConnected, service.mode], [false, 'disconnected'])
    })

    test(`B9: ${part} to a name that does not exist rejects at its deadline and names it`, async (t) => {
      const service = makeService(t, { brokers: 'no-such-broker.invalid:9092', connectionTimeoutMs: 800 })
      await rejectsAtDeadline(connect(service), 800, /no-such-broker\.invalid.*resolve/i)
    })

    test(`B9: ${part} with every broker of the list down rejects at its deadline`, async (t) => {
      const ports = await freePorts(3)
      const brokers = ports.map((port) => `127.0.0.1:${port}`)
      const service = makeService(t, { brokers, connectionTimeoutMs: 800 })
      await rejectsAtDeadline(connect(service), 800, /refused|brokers? are down/i)
    })
  }
})

const PLACES: Array<[name: string, skip: string | false, start: () => Promise<Place>]> = [
  ['Kafka', ownClusterSkip(), realPlace],
  ['the embedded broker', false, embeddedPlace],
]

for (const [name, skip, start] of PLACES) {
  describe(`Outages of ${name}`, { skip }, () => {
    let place: Place
    before(async () => {
      place = await start()
    })
    after(() => place?.stop())

    test('B9: a broker that comes later heals a service whose connects were rejected', async (t) => {
      const topic = await place.topic()
      // The first group of a cluster waits until Kafka has made the topic of offsets.
      const timeoutMs = 4_000
      const service = makeService(t, { brokers: place.brokers(), connectionTimeoutMs: timeoutMs })
      await place.down()
      await Promise.all(PARTS.map(([, connect]) => rejectsAtDeadline(connect(service), timeoutMs, /refused|down/i)))
      await place.up()
      const received = new Received<number>()
      await service.connectProducer()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, received.handler)
      await service.send(topic, 1)
      await received.count(1)
    })

    test('B9: a broker that comes before the deadline makes connecting succeed', async (t) => {
      const topic = await place.topic()
      await place.down()
      const service = makeService(t, { brokers: place.brokers(), connectionTimeoutMs: RESTART_MS })
      const connecting = Promise.all(PARTS.map(([, connect]) => connect(service)))
      await place.up()
      await connecting
      assert.equal((await service.send(topic, 1)).offset, 0)
    })

    test('events and isConnected tell of an outage, and sends and handlers go on after it', async (t) => {
      const topic = await place.topic(2)
      const service = await makeProducer(t, { brokers: place.brokers() })
      const received = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, received.handler, { ordering: 'partition' })
      const events: string[] = []
      service.on('connected', () => events.push('connected'))
      service.on('disconnected', () => events.push('disconnected'))
      const sends = [service.send(topic, numbers(100), { partition: 0 })]
      await sends[0]
      await place.down()
      await waitFor(() => events.length > 0, { what: 'the event "disconnected"' })
      assert.deepEqual([events, service.isConnected, service.mode], [['disconnected'], false, 'live'])
      for (let round = 1; round <= 10; round += 1) {
        sends.push(service.send(topic, numbers(100, round * 100), { partition: round % 2 }))
      }
      await place.up()
      await waitFor(() => service.isConnected, { what: 'the service to be connected again', timeoutMs: RESTART_MS })
      const results = await Promise.all(sends)
      assert.equal(results.flat().length, 1_100)
      await received.count(1_100, RESTART_MS)
      assert.deepEqual(events, ['disconnected', 'connected'])
      assert.equal(new Set(received.values).size, 1_100)
      for (const values of received.byPartition().values()) {
        assert.deepEqual(
          values,
          [...values].sort((a, b) => a - b),
        )
      }
    })

    test('B10: disconnect with the broker down ends in time and accounts for every send', async (t) => {
      const topic = await place.topic()
      const service = await makeProducer(t, { brokers: place.brokers() })
      const received = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
      const delivered = await service.send(topic, numbers(10))
      await received.count(10)
      await place.down()
      const sends = Promise.allSettled(numbers(500, 10).map((value) => service.send(topic, value)))
      const start = performance.now()
      const report = await service.disconnect({ timeoutMs: 2_000 })
      const took = performance.now() - start
      assert.ok(took < 2_000 + GRACE_MS, `took ${took} ms`)
      const failed = (await sends).filter((result) => result.status === 'rejected')
      assert.deepEqual([failed.length, report.undelivered, report.groups.length], [500, 500, 1])
      for (const { reason } of failed) {
        assert.ok(reason instanceof ClosedError, `${reason}`)
        assert.equal(typeof reason.maybeInLog, 'boolean')
        assert.equal(reason.message.includes('may be in the log'), reason.maybeInLog)
      }
      await place.up()
      const sure = failed.filter(({ reason }) => !reason.maybeInLog).length
      const log = await endOf(t, place.brokers(), topic)
      assert.ok(log <= delivered.length + 500 - sure, 'what was said not to be in the log is not there')
    })
  })
}

/** How many records a topic of one partition holds. */
async function endOf(scope: Scope, brokers: string, topic: string): Promise<number> {
  const service = await makeProducer(scope, { brokers, connectionTimeoutMs: RESTART_MS })
  const { offset } = await service.send(topic, 'end')
  return offset
}

describe('A cluster that does not create topics', { skip: ownClusterSkip() }, () => {
  let place: Place
  before(async () => {
    place = await realPlace()
  })
  after(() => place?.stop())

  test('P3: a send to an unknown topic rejects within seconds, and other topics go on', async (t) => {
    const [known, unknown] = [await place.topic(), randomTopic('unknown')]
    const service = await makeProducer(t, { brokers: place.brokers() })
    const start = performance.now()
    const failing = assert.rejects(service.send(unknown, 1), (error: unknown) => {
      assert.ok(error instanceof TopicError, `${error}`)
      assert.deepEqual([error.code, error.topic], ['NARAD_UNKNOWN_TOPIC', unknown])
      assert.deepEqual([error.retriable, error.maybeInLog], [true, false])
      return true
    })
    assert.equal((await service.send(known, 1)).offset, 0)
    await failing
    assert.ok(performance.now() - start < 8_000)
    assert.equal((await service.send(known, 2)).offset, 1)
  })

  test('P3: a topic that is created after a send to it was rejected takes records within seconds', async (t) => {
    const topic = randomTopic()
    const service = await makeProducer(t, { brokers: place.brokers() })
    await assert.rejects(service.send(topic, 1), TopicError)
    await createTopic(place.brokers(), topic)
    // librdkafka remembers for a moment that there was none
    const send = () =>
      service.send(topic, 2).catch((error: unknown) => {
        assert.ok(error instanceof TopicError && error.retriable, `${error}`)
        return undefined
      })
    const sent = await waitFor(send, { what: 'the topic to take a record', intervalMs: 100 })
    assert.equal(sent.offset, 0)
  })

  // The table of codes says that it may succeed later; the error said that it could not.
  test('P3: a subscription to an unknown topic rejects when its time is over, and may be tried again', async (t) => {
    const topic = randomTopic('unknown')
    const service = makeService(t, { brokers: place.brokers(), connectionTimeoutMs: 3_000 })
    await service.connectConsumer(randomGroup())
    await assert.rejects(
      service.subscribe(topic, () => {}),
      (error: unknown) => {
        assert.ok(error instanceof KafkaError, `${error}`)
        assert.match(error.message, new RegExp(topic))
        return error.retriable
      },
    )
    await createTopic(place.brokers(), topic)
    const received = new Received<number>()
    await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
    await service.connectProducer()
    await service.send(topic, 1)
    await received.count(1)
  })

  test('P3: a bad name rejects at once, before anything is sent', async (t) => {
    const topic = await place.topic()
    const service = await makeProducer(t, { brokers: place.brokers() })
    await service.connectConsumer(randomGroup())
    for (const bad of ['', '.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(250), 'a\nb']) {
      const start = performance.now()
      const isBadName = (error: unknown) => error instanceof TopicError && error.code === 'NARAD_INVALID_TOPIC'
      await assert.rejects(service.send(bad, 1), isBadName)
      await assert.rejects(
        service.subscribe(bad, () => {}),
        isBadName,
      )
      assert.ok(performance.now() - start < 200)
    }
    assert.equal((await service.send(topic, 1)).offset, 0)
    assert.equal((await readAll(t, place.brokers(), topic, 1)).length, 1)
  })
})

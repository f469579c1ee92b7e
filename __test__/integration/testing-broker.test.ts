import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  ArgumentError,
  ClosedError,
  createKafkaService,
  EmbeddedBrokerError,
  type KafkaError,
  SendError,
  TopicError,
} from 'narad'
import { TestBroker, type TestBrokerOptions } from 'narad/testing'
import { metadata } from '../../scripts/kafka/protocol.mjs'
import { kcatConsume, kcatProduce, kcatSkip } from '../helpers/kcat.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { resources, resourcesSkip } from '../helpers/resources.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const MIB = 1024 * 1024
/** Kafka's UNKNOWN_TOPIC_OR_PARTITION. */
const UNKNOWN_TOPIC = 3
// One record a batch: the broker drops whole batches.
const ONE_A_BATCH = { properties: { 'batch.num.messages': '1' } }

/** Cleans up what came last first: a service disconnects before its broker stops. */
function lastFirst(scope: Scope): Scope {
  const stack: Array<() => Promise<void>> = []
  scope.after(async () => {
    for (const cleanUp of stack.reverse()) await cleanUp()
  })
  return { after: (cleanUp) => void stack.push(cleanUp) }
}

async function startBroker(scope: Scope, options?: TestBrokerOptions): Promise<TestBroker> {
  const broker = await TestBroker.start(options)
  scope.after(() => broker.stop())
  return broker
}

async function listens(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':')
  const socket = connect(Number(port), host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function leader(brokers: string, topic: string): Promise<number | undefined> {
  const { topics } = await metadata(brokers.split(',')[0] ?? '', [topic])
  return topics[0]?.partitions[0]?.leader
}

const code = (expected: string) => (error: unknown) => (error as KafkaError).code === expected

describe('TestBroker', () => {
  describe('to a client from outside', { skip: kcatSkip() }, () => {
    test('is a cluster that gives back what was written, and nothing of another broker', async (t) => {
      const [broker, other] = [await startBroker(t), await startBroker(t)]
      const topic = randomTopic()
      await broker.createTopic(topic, { partitions: 3 })
      const records = [
        { key: 'a', value: '1' },
        { key: null, value: 'two' },
        { key: 'a', value: '3' },
      ]
      await kcatProduce(broker.brokers, topic, records, { partition: 2, headers: [['source', 'test']] })
      const read = await kcatConsume(broker.brokers, topic)
      assert.deepEqual(
        read.map(({ key, value, partition, offset }) => [key && String(key), String(value), partition, offset]),
        [
          ['a', '1', 2, 0],
          [null, 'two', 2, 1],
          ['a', '3', 2, 2],
        ],
      )
      assert.deepEqual(read[0]?.headers, [['source', Buffer.from('test')]])
      assert.notEqual(broker.brokers, other.brokers)
      const [elsewhere] = (await metadata(other.brokers, [topic])).topics
      assert.equal(elsewhere?.errorCode, UNKNOWN_TOPIC)
    })

    test('shows what the service sent, and the service is handed what it wrote', async (t) => {
      const scope = lastFirst(t)
      const topic = randomTopic()
      const broker = await startBroker(scope, { topics: [{ name: topic, partitions: 2 }] })
      const service = await makeProducer(scope, { brokers: broker.brokers })
      const received = new Received<string>()
      await service.connectConsumer(randomGroup())
      await service.subscribe(topic, received.handler, { codec: 'string', fromBeginning: true })
      await service.sendRecords(topic, [{ key: 'k', value: 'from narad', partition: 1 }])
      const read = await kcatConsume(broker.brokers, topic)
      assert.deepEqual(
        read.map(({ key, value, partition }) => [String(key), String(value), partition]),
        [['k', 'from narad', 1]],
      )
      await kcatProduce(broker.brokers, topic, [{ key: 'k', value: 'from kcat' }])
      await received.count(2)
      assert.deepEqual(received.values.sort(), ['from kcat', 'from narad'])
    })
  })

  test('creates the topics that start was given, by name or with partitions and replicas', async (t) => {
    const broker = await startBroker(t, {
      brokers: 3,
      topics: ['orders', { name: 'invoices', partitions: 4, replicationFactor: 3 }],
    })
    assert.equal(broker.brokers.split(',').length, 3)
    const { brokers, topics } = await metadata(broker.brokers.split(',')[2] ?? '', ['orders', 'invoices'])
    assert.deepEqual(
      brokers.map(({ id }) => id),
      [1, 2, 3],
    )
    const shape = topics.map(({ topic, partitions }) => [topic, partitions.length, partitions[0]?.replicas.length])
    assert.deepEqual(shape.sort(), [
      ['invoices', 4, 3],
      ['orders', 1, 1],
    ])
  })

  test('lets requests fail with the errors it was told, in order, until they are cleared', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const broker = await startBroker(scope, { topics: [topic] })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    await broker.failRequests('Produce', 'NOT_ENOUGH_REPLICAS', 'INVALID_REQUIRED_ACKS')
    // the first is tried again, the second is not
    await assert.rejects(service.send(topic, 1), (error) => {
      assert.ok(error instanceof SendError)
      assert.equal(error.kafkaCode, 'INVALID_REQUIRED_ACKS')
      return true
    })
    assert.equal((await service.send(topic, 2)).offset, 0)
    await broker.failRequests('Produce', ...Array.from({ length: 50 }, () => 'INVALID_REQUIRED_ACKS'))
    await assert.rejects(service.send(topic, 3), SendError)
    await broker.clearFailures('Produce')
    assert.equal((await service.send(topic, 4)).offset, 1)
  })

  test('closes the connection instead of an answer for _TRANSPORT, and the send is tried again', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const broker = await startBroker(scope, { topics: [topic] })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    await broker.failRequests('Produce', '_TRANSPORT')
    assert.equal((await service.send(topic, 1)).offset, 0)
  })

  test('refuses connections to a broker that is down, and keeps its records until it is up again', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const broker = await startBroker(scope, { topics: [topic] })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    await service.send(topic, 'before')
    await broker.brokerDown(1)
    assert.equal(await listens(broker.brokers), false)
    const sent = service.send(topic, 'while it is down')
    await broker.brokerUp(1)
    assert.equal((await sent).offset, 1)
  })

  test('answers after the round-trip time', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const broker = await startBroker(scope, { topics: [topic] })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    await service.send(topic, 1)
    await broker.roundTripTime(1, 250)
    const start = performance.now()
    await service.send(topic, 2)
    assert.ok(performance.now() - start >= 250)
    await broker.roundTripTime(1, 0)
  })

  test('moves a leader and a coordinator to the broker that is named', async (t) => {
    const scope = lastFirst(t)
    const [topic, group] = [randomTopic(), randomGroup()]
    const broker = await startBroker(scope, { brokers: 3, topics: [topic] })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    for (const id of [2, 1, 3]) {
      await broker.moveLeader(topic, 0, id)
      assert.equal(await leader(broker.brokers, topic), id)
      await service.send(topic, id)
    }
    await broker.moveCoordinator(group, 3)
    await broker.brokerDown(1)
    await broker.brokerDown(2)
    const received = new Received<number>()
    await service.connectConsumer(group)
    await service.subscribe(topic, received.handler, { fromBeginning: true })
    await received.count(3)
    assert.deepEqual(received.values, [2, 1, 3])
  })

  test('gives a member that joins later, or after all have left, its part in well under a second', async (t) => {
    const scope = lastFirst(t)
    // in a classic group of the broker it would wait for session.timeout.ms less a second: 44 s
    const [topic, group] = [randomTopic(), randomGroup()]
    const { brokers } = await startBroker(scope, { topics: [{ name: topic, partitions: 4 }] })
    const joined = async () => {
      const service = makeService(scope, { brokers })
      let parts = 0
      service.on('rebalance', ({ kind, partitions }) => {
        parts += kind === 'assigned' ? partitions.length : -partitions.length
      })
      await service.connectConsumer(group)
      await service.subscribe(topic, () => {})
      return { service, parts: () => parts }
    }
    const settled = async (what: string, holds: () => boolean) => {
      const start = performance.now()
      await waitFor(holds, { what })
      assert.ok(performance.now() - start < 1_000, `${what} took ${performance.now() - start} ms`)
    }
    const first = await joined()
    const second = await joined()
    await settled('both members to have two partitions', () => first.parts() === 2 && second.parts() === 2)
    await first.service.disconnect()
    await settled('the second to have all', () => second.parts() === 4)
    await second.service.disconnect()
    const start = performance.now()
    const third = await joined()
    assert.equal(third.parts(), 4)
    assert.ok(performance.now() - start < 1_000, `the third took ${performance.now() - start} ms`)
  })

  test('knows topics that a client created by using them', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const broker = await startBroker(scope, { brokers: 2 })
    const service = await makeProducer(scope, { brokers: broker.brokers })
    await service.send(topic, 1)
    await broker.moveLeader(topic, 3, 2)
    await assert.rejects(broker.createTopic(topic), {
      code: 'NARAD_EMBEDDED_BROKER',
      kafkaCode: 'TOPIC_ALREADY_EXISTS',
    })
  })

  test('says at once, and again when it stops, that it dropped records', { skip: kcatSkip() }, async () => {
    const topic = randomTopic()
    const broker = await TestBroker.start({ topics: [topic] })
    const warning = once(process, 'warning') as Promise<[Error & { code?: string }]>
    const value = 'x'.repeat(MIB / 2)
    await kcatProduce(
      broker.brokers,
      topic,
      Array.from({ length: 13 }, () => ({ value })),
      ONE_A_BATCH,
    )
    const [told] = await warning
    assert.equal(told.code, 'NARAD_EMBEDDED_DATA_LOST')
    assert.match(told.message, new RegExp(`dropped the first \\d+ records? of ${topic} \\[0\\]`))
    const left = (await kcatConsume(broker.brokers, topic)).length
    await assert.rejects(broker.stop(), (error) => {
      assert.ok(error instanceof EmbeddedBrokerError)
      assert.equal(error.code, 'NARAD_EMBEDDED_DATA_LOST')
      assert.equal(error.topic, topic)
      assert.ok(error.message.includes(`${13 - left} records in all`), error.message)
      return true
    })
    assert.equal(await listens(broker.brokers), false)
  })

  test('closes every port when it stops, as often as it is told to, and then takes no calls', async () => {
    const broker = await TestBroker.start({ brokers: 3 })
    const addresses = broker.brokers.split(',')
    assert.deepEqual(await Promise.all(addresses.map(listens)), [true, true, true])
    await Promise.all([broker.stop(), broker.stop()])
    await broker[Symbol.asyncDispose]()
    assert.deepEqual(await Promise.all(addresses.map(listens)), [false, false, false])
    await assert.rejects(broker.createTopic('orders'), ClosedError)
    await assert.rejects(broker.brokerUp(1), ClosedError)
  })

  test('leaves threads and descriptors level after many starts and stops', { skip: resourcesSkip }, async () => {
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round += 1) {
        const broker = await TestBroker.start({ brokers: 3, topics: ['orders'] })
        await broker.stop()
      }
    }
    await rounds(5)
    const before = resources()
    await rounds(50)
    // the thread of a call ends a moment after its answer
    await waitFor(() => resources().threads <= before.threads, { what: 'the threads of the brokers to end' })
    assert.ok(resources().descriptors <= before.descriptors)
  })

  test('goes on when only its address is kept, and lets the process end', async (t) => {
    // A broker that is collected stops: clients would lose it in the middle of a test.
    const script = join(__dirname, '..', 'children', 'keeps-the-address.ts')
    const child = startNode(t, script, { nodeArgs: ['--expose-gc'] })
    await child.waitForLine('it still listens')
    const { code: exitCode } = await child.ended
    assert.equal(exitCode, 0, child.stderr)
  })

  test('refuses wrong arguments with an error that says what is wrong', async (t) => {
    const broker = await startBroker(t, { brokers: 2, topics: ['orders'] })
    const any = broker as unknown as Record<string, (...args: unknown[]) => Promise<void>>
    const call = (method: string, ...args: unknown[]) => (any[method] as (...args: unknown[]) => Promise<void>)(...args)
    const bad: Array<[bad: () => Promise<unknown>, errorClass: typeof KafkaError, message: RegExp]> = [
      [() => TestBroker.start({ brokers: 0 }), ArgumentError, /brokers must be a whole number from 1 to 100, but is 0/],
      [() => TestBroker.start({ brokers: '3' as never }), ArgumentError, /brokers must be .* but is "3"/],
      [() => TestBroker.start({ topics: 'orders' as never }), ArgumentError, /"topics" must be an array/],
      [() => TestBroker.start({ topics: ['no spaces'] }), TopicError, /no spaces/],
      [() => TestBroker.start({ topics: [{ name: 'a', partitions: 0 }] }), ArgumentError, /partitions must be/],
      [
        () => TestBroker.start({ topics: [{ name: 'a', replicationFactor: 2 }] }),
        ArgumentError,
        /replication factor .* is 2/,
      ],
      [() => call('createTopic', ''), TopicError, /must not be empty/],
      [() => call('createTopic', 'a/b'), TopicError, /a\/b/],
      [() => call('createTopic', 'a', { partitions: 1.5 }), ArgumentError, /partitions .* 1.5/],
      [
        () => call('createTopic', 'a', { replicationFactor: 3 }),
        ArgumentError,
        /from 1 to the number of brokers, which is 2/,
      ],
      [() => call('failRequests', 'Produce'), ArgumentError, /at least one error/],
      [() => call('failRequests', 'produce', '_TRANSPORT'), ArgumentError, /did you mean "Produce"/],
      [() => call('failRequests', 'toString', '_TRANSPORT'), ArgumentError, /no request "toString"/],
      [() => call('failRequests', 'Produce', 'NOT_ENOUGH'), ArgumentError, /"NOT_ENOUGH" is no error/],
      [() => call('failRequests', 'Produce', 7), ArgumentError, /An error must be a string/],
      [() => call('clearFailures', undefined), ArgumentError, /The request must be a string/],
      [() => call('brokerDown', 3), ArgumentError, /no broker 3: .* from 1 to 2/],
      [() => call('brokerUp', '1'), ArgumentError, /id of the broker must be/],
      [() => call('roundTripTime', 1, -1), ArgumentError, /round-trip time in milliseconds must be/],
      [() => call('moveLeader', 'missing', 0, 1), TopicError, /no topic missing/],
      [() => call('moveLeader', 'orders', 1, 1), TopicError, /no partition 1: it has 1/],
      [() => call('moveLeader', 'orders', 0, 3), ArgumentError, /no broker 3/],
      [() => call('moveCoordinator', '', 1), ArgumentError, /The group must be a string/],
    ]
    for (const [attempt, errorClass, message] of bad) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof errorClass, String(error))
        assert.match(error.message, message)
        return true
      })
    }
    const unknown = TestBroker.start({ broker: 1 } as never)
    await assert.rejects(unknown, { code: 'NARAD_UNKNOWN_OPTION', message: /Did you mean "brokers"/ })
    // the brokers answer these without a look at the errors they were told
    for (const request of ['Metadata', 'CreateTopics', 'AddPartitionsToTxn']) {
      await assert.rejects(call('failRequests', request, '_TRANSPORT'), { code: 'NARAD_EMBEDDED_UNSUPPORTED' })
    }
  })
})

describe("brokers: 'embedded'", () => {
  test('is one broker for all services of the process, until the last of them disconnects', async (t) => {
    const scope = lastFirst(t)
    const topic = randomTopic()
    const [first, second] = [makeService(scope, { brokers: 'embedded' }), makeService(scope, { brokers: 'embedded' })]
    await first.connectProducer()
    assert.equal((await first.send(topic, 1)).offset, 0)
    await second.connectProducer()
    await first.disconnect()
    const received = new Received<number>()
    await second.connectConsumer(randomGroup())
    await second.subscribe(topic, received.handler, { fromBeginning: true })
    await received.count(1)
    await second.disconnect()

    const third = await makeProducer(scope, { brokers: 'embedded' })
    const sent = await third.sendRecords(topic, [{ value: 'new', partition: 0 }])
    assert.equal(sent[0]?.offset, 0, 'the records of the broker before it are gone')
  })

  test('tells dropped records as an error event of the service', async () => {
    const topic = randomTopic()
    const errors: KafkaError[] = []
    const service = createKafkaService({ logLevel: 'silent' }).init({ brokers: 'embedded' })
    service.on('error', (error) => errors.push(error))
    await service.connectProducer()
    const value = 'x'.repeat(MIB / 2)
    for (let record = 0; record < 13; record += 1) {
      await service.sendRecords(topic, [{ value, partition: 0 }])
    }
    await waitFor(() => errors.length > 0, { what: 'an error event' })
    await service.disconnect()
    assert.ok(errors.every(code('NARAD_EMBEDDED_DATA_LOST')))
    assert.equal(errors[0]?.topic, topic)
    assert.equal(errors[0]?.partition, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ClosedError,
  ConfigError,
  type ConsumerReport,
  createKafkaService,
  kafkaService,
  message,
  NotConnectedError,
  type RebalanceEvent,
  type RecordContext,
  type UnfinishedRecord,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const NOTHING_LEFT = { undelivered: 0, undeliveredByTopic: {}, groups: [] }

/** What holds for connecting, disconnecting and what lies between. */
export function describeLifecycle(bed: Bed): void {
  describe(`The life of a service on ${bed.name}`, { skip: bed.skip }, () => {
    test('init chains, may be called again, and is refused with another configuration while connected', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = createKafkaService({ brokers, logLevel: 'silent' })
      t.after(() => service.disconnect().then(() => {}))
      assert.equal(service.mode, 'disconnected')
      assert.equal(service.init({ brokers: 'localhost:1', logLevel: 'silent' }), service)
      assert.equal(await service.init({ brokers, logLevel: 'silent' }).connectProducer(), service)
      assert.deepEqual([service.mode, service.isConnected], ['live', true])
      assert.equal(service.init(), service)
      assert.throws(() => service.init({ brokers }), ConfigError)
      assert.equal((await service.send(topic, 1)).offset, 0)
    })

    test('connectProducer may be called at once and again', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = makeService(t, { brokers })
      const connected: string[] = []
      service.on('connected', () => connected.push('connected'))
      await Promise.all([service.connectProducer(), service.connectProducer(), service.connectProducer()])
      await service.connectProducer()
      assert.equal((await service.send(topic, 1)).offset, 0)
      assert.deepEqual(connected, ['connected'])
    })

    test('connectConsumer may be called at once and again: it stays one member of the group', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const [one, two] = [randomGroup('one'), randomGroup('two')]
      const consumers = await Promise.all([one, one, two].map((group) => service.connectConsumer(group)))
      await service.connectConsumer(one)
      assert.deepEqual(
        consumers.map(({ group }) => group),
        [one, one, two],
      )
      const { groups } = await service.disconnect()
      assert.deepEqual(
        groups.map(({ group, leftGroup }) => [group, leftGroup]),
        [
          [one, true],
          [two, true],
        ],
      )
    })

    test('what connectConsumer gives subscribes for its group, whichever was connected last', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const first = await service.connectConsumer(randomGroup())
      const second = await service.connectConsumer(randomGroup())
      const received = [new Received<number>(), new Received<number>()]
      const groups: string[] = []
      for (const [index, consumer] of [first, second].entries()) {
        await consumer.subscribe<number>(topic, (value, context) => {
          groups.push(context.group)
          received[index]?.handler(value, context)
        })
      }
      await service.send(topic, 1)
      for (const one of received) await one.count(1)
      assert.deepEqual(groups.sort(), [first.group, second.group].sort())
    })

    test('a send before connectProducer rejects with "not connected", though a consumer is connected', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      await service.connectConsumer(randomGroup())
      await assert.rejects(service.send('topic', 1), NotConnectedError)
    })

    test('events tell of the connection and of partitions, and the report of what was left', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
      const service = makeService(t, { brokers })
      const events: string[] = []
      const rebalances: RebalanceEvent[] = []
      service.on('connected', () => events.push('connected'))
      service.on('disconnected', () => events.push('disconnected'))
      service.on('rebalance', (event) => rebalances.push(event))
      await service.connectProducer()
      await service.connectConsumer(group)
      await service.subscribe(topic, () => {})
      assert.deepEqual(rebalances, [
        { group, kind: 'assigned', partitions: [0, 1, 2].map((partition) => ({ topic, partition })) },
      ])
      assert.equal(service.isConnected, true)
      const report = await service.disconnect()
      assert.deepEqual(report, {
        undelivered: 0,
        undeliveredByTopic: {},
        groups: [{ group, unfinished: 0, leftGroup: true, blocked: [] }],
      })
      assert.deepEqual([service.isConnected, service.mode], [false, 'disconnected'])
      assert.deepEqual(events, ['connected', 'disconnected'])
    })

    test('disconnect is the same promise for every call, and init makes the service usable again', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      for (let round = 0; round < 3; round += 1) {
        assert.equal((await service.send(topic, round)).offset, round)
        const disconnecting = service.disconnect()
        assert.equal(service.disconnect(), disconnecting)
        assert.deepEqual(await disconnecting, NOTHING_LEFT)
        assert.equal(service.disconnect(), disconnecting)
        await assert.rejects(service.send(topic, 1), (error) => {
          return error instanceof ClosedError && error.message.includes('not connected')
        })
        await assert.rejects(service.connectProducer(), ClosedError)
        await service.init().connectProducer()
      }
    })

    test('handlers of a service that was used before get the records of the new life alone', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const [first, second] = [new Received<number>(), new Received<number>()]
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, first.handler)
      await service.send(topic, 1)
      await first.count(1)
      await service.disconnect()
      await service.init().connectProducer()
      await assert.rejects(service.subscribe(topic, second.handler), NotConnectedError)
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, second.handler)
      await service.send(topic, 2)
      await second.count(1)
      assert.deepEqual([first.values, second.values], [[1], [2]])
    })

    test('two services and the shared one live in a process without knowing each other', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const [one, two] = [await makeProducer(t, { brokers }), await makeProducer(t, { brokers })]
      t.after(() => kafkaService.disconnect().then(() => {}))
      await kafkaService.init({ brokers, logLevel: 'silent' }).connectProducer()
      const received = new Received<string>()
      await two.connectConsumer(randomGroup())
      await two.subscribe<string>(topic, received.handler)
      await one.send(topic, 'one')
      await one.disconnect()
      await two.send(topic, 'two')
      await kafkaService.send(topic, 'shared')
      await received.count(3)
      assert.deepEqual(received.values, ['one', 'two', 'shared'])
    })

    test('disconnect delivers what was sent and not awaited', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const sends = numbers(10_000).map((value) => service.send(topic, value))
      assert.deepEqual(await service.disconnect(), NOTHING_LEFT)
      const results = await Promise.all(sends)
      assert.deepEqual(
        results.map(({ offset }) => offset),
        numbers(10_000),
      )
    })

    // A handler that was let end could not send any more: it failed, and its record was handled again by the next
    // member.
    test('disconnect waits for handlers that run, lets them send, and commits what they did', async (t) => {
      const [brokers, source, target] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const group = randomGroup()
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      let started = 0
      const handler = async (value: number) => {
        started += 1
        await delay(300)
        await service.send(target, value)
      }
      await service.subscribe<number>(source, handler, { concurrency: 4 })
      await service.send(source, numbers(100))
      await waitFor(() => started === 4, { what: 'four handlers to run' })
      const report = await service.disconnect()
      assert.deepEqual(report, {
        undelivered: 0,
        undeliveredByTopic: {},
        groups: [{ group, unfinished: 0, leftGroup: true, blocked: [] }],
      })
      assert.equal(started, 4, 'none was started meanwhile')
      const [rest, sent] = [new Received<number>(), new Received<number>()]
      const next = makeService(t, { brokers })
      await next.connectConsumer(randomGroup())
      await next.subscribe<number>(target, sent.handler, { fromBeginning: true })
      await sent.count(4)
      await next.connectConsumer(group)
      await next.subscribe<number>(source, rest.handler)
      await rest.count(96)
      assert.deepEqual(rest.values, numbers(96, 4))
    })

    test('a handler that runs too long is told by its signal, and disconnect stays within its time', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const warnings: Array<{ fields: unknown; text: unknown }> = []
      const warn = (fields: unknown, text?: unknown) => void warnings.push({ fields, text })
      const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
      const service = await makeProducer(t, { brokers, logger, logLevel: 'warn' })
      await service.connectConsumer(group)
      let aborted: unknown
      let isRunning = false
      const handler = (_: unknown, { signal }: RecordContext) =>
        new Promise<void>((resolve) => {
          isRunning = true
          signal.addEventListener('abort', () => {
            aborted = signal.reason
            resolve()
          })
        })
      await service.subscribe(topic, handler)
      await service.send(topic, message(1).key('k').partition(0))
      await waitFor(() => isRunning, { what: 'the handler to run' })
      const start = performance.now()
      const report = await service.disconnect({ timeoutMs: 2_000 })
      assert.ok(performance.now() - start < 2_200)
      const [{ blocked, ...left }] = report.groups as [ConsumerReport]
      assert.deepEqual(left, { group, unfinished: 1, leftGroup: true })
      const { runningMs, offset, ...named } = blocked[0] as UnfinishedRecord
      assert.deepEqual(named, { topic, partition: 0, key: 'k', attempt: 1, doing: 'handler' })
      assert.deepEqual([blocked.length, offset], [1, 0])
      assert.ok(runningMs >= 0 && runningMs <= 2_200, `${runningMs} ms`)
      // the log says the same, and nothing of what is in the record
      const warning = JSON.stringify(warnings.find(({ text }) => text === 'Disconnected with work left')?.fields)
      assert.match(warning, /"blocked":\[\{"topic":/)
      assert.doesNotMatch(warning, /"key"/)
      assert.ok(aborted instanceof ClosedError)
    })

    test('disconnect({ timeoutMs: 0 }) resolves at once and counts what it left', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const sends = Promise.allSettled(numbers(20_000).map((value) => service.send(topic, value)))
      const start = performance.now()
      const { undelivered, undeliveredByTopic } = await service.disconnect({ timeoutMs: 0 })
      assert.ok(performance.now() - start < 10_000, 'it waited for the broker')
      const failed = (await sends).filter((result) => result.status === 'rejected')
      assert.equal(failed.length, undelivered)
      assert.deepEqual(undeliveredByTopic, undelivered === 0 ? {} : { [topic]: undelivered })
      assert.ok(failed.every(({ reason }) => reason instanceof ClosedError))
      assert.ok(failed.every(({ reason }) => typeof reason.maybeInLog === 'boolean'))
    })

    test('signals are listened to only where it is asked for, from connecting to disconnecting', async (t) => {
      const brokers = await bed.brokers()
      const listeners = () => (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => process.listenerCount(name))
      const none = listeners()
      const [silent, usual] = [makeService(t, { brokers }), makeService(t, { brokers, handleSignals: true })]
      const own = makeService(t, { brokers, handleSignals: ['SIGHUP', 'SIGTERM'] })
      assert.deepEqual(listeners(), none)
      await Promise.all([silent, usual, own].map((service) => service.connectProducer()))
      assert.deepEqual(
        listeners(),
        none.map((count) => count + 1),
      )
      await Promise.all([usual, own].map((service) => service.disconnect()))
      assert.deepEqual(listeners(), none)
    })

    test('C9: disconnect before the first poll resolves', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const group = randomGroup()
      await service.connectConsumer(group)
      assert.deepEqual(await service.disconnect(), {
        undelivered: 0,
        undeliveredByTopic: {},
        groups: [{ group, unfinished: 0, leftGroup: true, blocked: [] }],
      })
    })

    // A disconnect while topics for dead letters were looked for was told as an error about those.
    test('C9: disconnect while a group is joined resolves, and the subscription says that it was closed', async (t) => {
      for (const waitMs of [0, 5, 20, 60, 65, 70, 75]) {
        const [brokers, topic] = [await bed.brokers(), await bed.topic()]
        const service = makeService(t, { brokers })
        await service.connectConsumer(randomGroup())
        const subscribing = service
          .subscribe(topic, () => {})
          .then(
            () => 'subscribed',
            (error: unknown) => error,
          )
        await delay(waitMs)
        const [report, outcome] = await Promise.all([service.disconnect({ timeoutMs: 5_000 }), subscribing])
        assert.equal(report.groups[0]?.leftGroup, true)
        assert.ok(outcome === 'subscribed' || outcome instanceof ClosedError, `${outcome}`)
      }
    })

    test('C9: disconnect while connecting resolves, and the connects say that it was closed', async (t) => {
      const brokers = await bed.brokers()
      for (const turn of [0, 1, 2, 3]) {
        const service = makeService(t, { brokers })
        const connects = [service.connectProducer(), service.connectConsumer(randomGroup())].map((promise) =>
          (promise as Promise<unknown>).then(
            () => 'connected',
            (error: unknown) => error,
          ),
        )
        await delay(turn)
        await service.disconnect({ timeoutMs: 5_000 })
        for (const outcome of await Promise.all(connects)) {
          assert.ok(outcome === 'connected' || outcome instanceof ClosedError, `${outcome}`)
        }
        assert.deepEqual([service.isConnected, service.mode], [false, 'disconnected'])
      }
    })

    // What connects is loaded first: a disconnect between that and the connection found none, and left it for ever.
    test('C9: disconnect some microtasks after a connect ends it', async (t) => {
      const brokers = await bed.brokers()
      for (let turns = 0; turns < 12; turns += 1) {
        const service = makeService(t, { brokers })
        const connect = service.connectProducer().catch((error: unknown) => error)
        for (let turn = 0; turn < turns; turn += 1) await null
        await service.disconnect({ timeoutMs: 5_000 })
        assert.ok((await connect) instanceof ClosedError, `after ${turns} turns`)
      }
    })

    test('C9: a service that was never connected is disconnected twice and at once', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const [one, two] = await Promise.all([service.disconnect(), service.disconnect()])
      assert.deepEqual([one, two], [NOTHING_LEFT, NOTHING_LEFT])
      assert.deepEqual(await createKafkaService().disconnect(), NOTHING_LEFT)
    })
  })
}

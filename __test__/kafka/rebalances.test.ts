import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaError, KafkaService, RebalanceEvent, RecordContext } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received, type ServiceOptions } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()
const SHORT_SESSION = { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 200 }

/** Resolves when the signal aborts. */
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

function rebalances(service: KafkaService): RebalanceEvent[] {
  const events: RebalanceEvent[] = []
  service.on('rebalance', (event) => events.push(event))
  return events
}

describe('Rebalances', { skip: bed.skip }, () => {
  test('C2: a handler slower than max.poll.interval keeps its partition, and its record is handled once', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers, ...SHORT_SESSION, maxPollIntervalMs: 2_000 })
    await service.connectConsumer(randomGroup())
    const received = new Received<number>()
    await service.subscribe<number>(topic, async (value, context) => {
      if (value === 0) await delay(6_000)
      received.handler(value, context)
    })
    const events = rebalances(service)
    await service.send(topic, [0, 1, 2], { key: 'k' })
    await received.count(3)
    assert.deepEqual([received.values, events], [[0, 1, 2], []])
  })

  for (const ends of [true, false]) {
    const title = ends
      ? 'C3: a revoke waits for the handler that runs, commits its record, and hands over the rest'
      : 'C3: a revoke whose handler does not end goes on after its limit, and the record is handled by the next owner'
    test(title, async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const first = await makeProducer(t, { brokers })
      await first.connectConsumer(group)
      const [started, done]: [number[], Received<number>] = [[], new Received<number>()]
      const [release, moved] = [new AbortController(), [] as number[]]
      const slow = async (value: number, context: RecordContext) => {
        started.push(value)
        if (value < 2) {
          await Promise.race([aborted(context.signal), aborted(release.signal)])
          if (context.signal.aborted) moved.push(context.partition)
          if (context.signal.aborted && !ends) await aborted(release.signal)
        }
        done.handler(value, context)
      }
      await first.subscribe<number>(topic, slow)
      for (const partition of [0, 1]) await first.send(topic, [partition, partition + 10], { partition, key: 'k' })
      await waitFor(() => started.includes(0) && started.includes(1), { what: 'both handlers to run' })

      const second = makeService(t, { brokers, connectionTimeoutMs: 20_000 })
      const others = new Received<number>()
      await second.connectConsumer(group)
      await second.subscribe<number>(topic, others.handler)
      assert.equal(moved.length, 1, 'one partition moves, and the handler of the other is left alone')
      const [partition = -1] = moved
      const expected = ends ? [partition + 10] : [partition, partition + 10]
      await others.count(expected.length)
      assert.deepEqual(others.values, expected)
      release.abort()
      const rest = 1 - partition
      await waitFor(() => done.values.includes(rest + 10), { what: 'the partition that stayed' })
      await first.send(topic, 20, { partition, key: 'k' })
      await others.count(expected.length + 1)
      assert.deepEqual(others.values, [...expected, 20])
      assert.ok(!done.values.includes(partition + 10))
    })
  }

  // The handler was neither told nor waited for: the next owner went on beside it.
  test('C3: a revoke aborts and waits for a handler that has run since before its partition was sought', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
    const first = await makeProducer(t, { brokers })
    await first.connectConsumer(group)
    const [order, release, running] = [[] as string[], new AbortController(), new Set<number>()]
    const slow = async (_: number, { signal, partition }: RecordContext) => {
      running.add(partition)
      await Promise.race([aborted(signal), aborted(release.signal)])
      if (!signal.aborted) return
      order.push('aborted')
      await delay(500)
      order.push('ended')
    }
    const subscription = await first.subscribe<number>(topic, slow)
    for (const partition of [0, 1]) await first.send(topic, partition, { partition })
    await waitFor(() => running.size === 2, { what: 'both handlers to run' })
    await subscription.seek({ topic }, 'end')
    const second = makeService(t, { brokers, connectionTimeoutMs: 20_000 })
    second.on('rebalance', ({ kind }) => order.push(kind))
    await second.connectConsumer(group)
    await second.subscribe<number>(topic, () => {})
    // the first assignment is empty: the partition comes when its owner has let it go
    await waitFor(() => order.includes('assigned'), { what: 'the partition to move' })
    assert.deepEqual(order, ['aborted', 'ended', 'assigned'])
    release.abort()
  })

  // The other member was told of a rebalance that assigned nothing to it.
  test('C10: a static member that restarts within its session causes no rebalance', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
    const received = new Received<number>()
    const member = async (groupInstanceId: string, options: ServiceOptions = {}) => {
      const service = makeService(t, { brokers, groupInstanceId, sessionTimeoutMs: 20_000, ...options })
      const events = rebalances(service)
      await service.connectConsumer(group)
      await service.subscribe<number>(topic, received.handler)
      return { service, events }
    }
    const stays = await member('stays')
    const restarts = await member('restarts')
    const isShared = () => stays.events.map(({ kind }) => kind).join() === 'assigned,revoked'
    await waitFor(isShared, { what: 'the second to get its share' })
    const before = stays.events.length
    await restarts.service.disconnect()
    const producer = await makeProducer(t, { brokers })
    for (const partition of [0, 1]) await producer.send(topic, partition, { partition })
    await member('restarts')
    await received.count(2)
    assert.deepEqual(stays.events.slice(before), [])
  })

  test('C10: of two static members with one id the older is fenced, and says so', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const errors: KafkaError[] = []
    const options = { brokers, groupInstanceId: 'twin', ...SHORT_SESSION }
    const older = makeService(t, { ...options, onError: (error) => errors.push(error) })
    await older.connectConsumer(group)
    await older.subscribe(topic, () => {})
    const newer = await makeProducer(t, options)
    const received = new Received<number>()
    await newer.connectConsumer(group)
    await newer.subscribe<number>(topic, received.handler)
    await waitFor(() => errors.some(({ code }) => code === 'NARAD_FENCED'), { what: 'the error', timeoutMs: 15_000 })
    await newer.send(topic, 1)
    await received.count(1)
  })
})

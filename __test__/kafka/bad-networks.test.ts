import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaError } from 'narad'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type ProxiedKafka, startProxiedKafka } from '../helpers/proxied-kafka.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const ROUNDS = 10
const PER_ROUND = 50
const SESSION_MS = 6_000
const ROUND_TRIP_MS = 300

interface Checked {
  id: number
  text: string
  sum: string
}

const sumOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** A value in which a byte that is lost, added or swapped is noticed. */
function checked(id: number, bytes: number): Checked {
  const text = Array.from({ length: Math.ceil(bytes / 64) }, (_, index) => sumOf(`${id}/${index}`)).join('')
  return { id, text, sum: sumOf(text) }
}

describe('Kafka behind a bad network', { skip: ownClusterSkip() }, () => {
  let kafka: ProxiedKafka
  before(async () => {
    kafka = await startProxiedKafka()
  })
  after(() => kafka?.stop())

  const newTopic = async (partitions: number) => {
    const topic = randomTopic()
    await createTopic(kafka.internalBrokers, topic, { partitions })
    return topic
  }

  // One whose first request was not answered yet left without a word, and its report said that it had left. To the
  // coordinator it was a member, and the group waited for 45 s until its session had ended.
  for (const groupProtocol of ['classic', 'consumer'] as const) {
    test(`C9, ${groupProtocol}: members that leave while they join hold nobody up`, async (t) => {
      const [topic, group, received] = [await newTopic(2), randomGroup(), new Received<number>()]
      const join = async (brokers: string) => {
        const service = makeService(t, { brokers, groupProtocol })
        await service.connectConsumer(group)
        const subscribing = service.subscribe<number>(topic, received.handler)
        return { service, code: subscribing.catch(({ code }: KafkaError) => code) }
      }
      await (await join(kafka.internalBrokers)).code
      kafka.proxy.setFaults({ delayMs: ROUND_TRIP_MS / 2 })
      const leave = async (_: unknown, turn: number) => {
        const { service } = await join(kafka.brokers)
        await delay((turn * ROUND_TRIP_MS) / 2)
        const { groups } = await service.disconnect()
        return groups.map(({ leftGroup }) => leftGroup)
      }
      const left = await Promise.all(Array.from({ length: 16 }, leave))
      kafka.proxy.setFaults({})
      assert.deepEqual(left, Array(16).fill([true]))
      assert.notEqual(await (await join(kafka.internalBrokers)).code, 'NARAD_SUBSCRIBE_TIMEOUT')
      const producer = await makeProducer(t, { brokers: kafka.internalBrokers })
      await producer.sendRecords(
        topic,
        [0, 1].map((partition) => ({ partition, value: String(partition) })),
      )
      await received.count(2)
    })
  }

  test('B5: connections that are reset before the answer to a produce lose, repeat and swap no record', async (t) => {
    const topic = await newTopic(3)
    const witness = makeService(t, { brokers: kafka.internalBrokers })
    await witness.connectConsumer(randomGroup())
    const received = new Received<number>()
    await witness.subscribe<number>(topic, received.handler, { fromBeginning: true, ordering: 'partition' })
    const service = await makeProducer(t, { brokers: kafka.brokers })
    await service.send(topic, [-3, -2, -1])
    for (let round = 1; round <= ROUNDS; round += 1) {
      kafka.proxy.holdAnswers()
      const values = Array.from({ length: PER_ROUND }, (_, index) => (round - 1) * PER_ROUND + index)
      const sends = Promise.all(values.map((value) => service.send(topic, value, { key: `k${value % 10}` })))
      // they are in the log, and the client does not know
      await waitFor(() => received.records.length > 3 + (round - 1) * PER_ROUND, { what: `a record of round ${round}` })
      kafka.proxy.resetConnections()
      kafka.proxy.heal()
      await sends
    }
    await received.count(3 + ROUNDS * PER_ROUND)
    const last = new Map<string | null, number>()
    for (const { key, value } of received.records) {
      if (key === null) continue
      assert.ok(value > (last.get(key) ?? -1), `${value} of key ${key} comes after ${last.get(key)}`)
      last.set(key, value)
    }
    assert.equal(new Set(received.values).size, 3 + ROUNDS * PER_ROUND)
  })

  /** Sends and handles through the proxy, while `weather` lasts. */
  async function goesThrough(scope: Scope, count: number, bytes: number, weather: () => Promise<void> | void) {
    const topic = await newTopic(3)
    const options = { brokers: kafka.brokers, sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 1_000 }
    const service = await makeProducer(scope, options)
    await service.connectConsumer(randomGroup())
    const received = new Received<Checked>()
    await service.subscribe<Checked>(topic, received.handler)
    const moves: string[] = []
    service.on('rebalance', ({ kind }) => moves.push(kind))
    await weather()
    const values = Array.from({ length: count }, (_, id) => checked(id, bytes))
    const results = await Promise.all(values.map((value) => service.send(topic, value, { key: `k${value.id % 10}` })))
    await received.count(count, 60_000)
    assert.equal(new Set(results.map(({ partition, offset }) => `${partition}/${offset}`)).size, count)
    for (const { text, sum } of received.values) assert.equal(sum, sumOf(text))
    assert.equal(new Set(received.values.map(({ id }) => id)).size, count)
    return { moves }
  }

  const weathers: Array<[title: string, faults: Parameters<ProxiedKafka['proxy']['setFaults']>[0], bytes: number]> = [
    ['round trips of 2 s', { delayMs: 1_000 }, 1_000],
    ['a line of 20 kB/s', { bytesPerSecond: 20_000 }, 1_000],
    ['slices of one byte', { sliceBytes: 1 }, 500],
  ]
  for (const [title, faults, bytes] of weathers) {
    test(`B6: ${title} spoil no record, and the member stays in its group`, async (t) => {
      t.after(() => kafka.proxy.setFaults({}))
      const start = performance.now()
      const { moves } = await goesThrough(t, 100, bytes, () => kafka.proxy.setFaults(faults))
      const isSessionOver = () => performance.now() - start > 2 * SESSION_MS
      await waitFor(isSessionOver, { what: 'two session timeouts', timeoutMs: 60_000 })
      assert.deepEqual(moves, [])
    })
  }

  test('B6: sends and handlers go on after connections whose peer was silent for 4 s', async (t) => {
    const { moves } = await goesThrough(t, 100, 1_000, () => {
      kafka.proxy.halfOpen()
      setTimeout(() => kafka.proxy.heal(), 4_000)
    })
    assert.deepEqual(moves, [])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ArgumentError, type BatchContext, message, type RecordContext } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)

/** What holds for every subscription. */
export function describeSubscribing(bed: Bed): void {
  describe(`Subscribing on ${bed.name}`, { skip: bed.skip }, () => {
    test('a handler is given the value and all that stands beside it', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      let resolve: (seen: Record<string, unknown>) => void = () => {}
      const seen = new Promise<Record<string, unknown>>((done) => {
        resolve = done
      })
      await service.subscribe(topic, function (this: unknown, value, context) {
        const { signal, rawKey, rawValue, rawHeaders, headers, ...rest } = contextFields(context)
        resolve({ self: this, value, ...rest, isAborted: (signal as AbortSignal).aborted })
        assert.equal(String(rawKey), 'k')
        assert.equal(String(rawValue), '{"a":1}')
        assert.deepEqual(
          (rawHeaders as Array<[string, Buffer | null]>).map(([name, bytes]) => [name, bytes && String(bytes)]),
          [
            ['x-correlation-id', 'c'],
            ['tag', 'one'],
            ['tag', 'two'],
            ['none', null],
          ],
        )
        assert.equal(Object.getPrototypeOf(headers), null)
      })
      const builder = message({ a: 1 }).key('k').correlationId('c').header('tag', ['one', 'two']).header('none', null)
      const sent = await service.send(topic, builder)
      assert.deepEqual(await seen, {
        self: undefined,
        value: { a: 1 },
        ...sent,
        group,
        key: 'k',
        attempt: 1,
        correlationId: 'c',
        isAborted: false,
      })
    })

    test('what is sent after subscribe has resolved is handled, and nothing from before', async (t) => {
      const brokers = await bed.brokers()
      const service = await makeProducer(t, { brokers })
      for (let round = 0; round < 5; round += 1) {
        const topic = await bed.topic(3)
        const received = new Received<number>()
        await service.send(topic, numbers(300), { key: String })
        const group = randomGroup()
        await service.connectConsumer(group)
        await service.subscribe<number>(topic, received.handler, { fromBeginning: false })
        await service.send(topic, numbers(300, 1_000), { key: String })
        await received.count(300)
        assert.deepEqual(sorted(received.values), numbers(300, 1_000))
      }
    })

    test('fromBeginning reads what was there, and autoOffsetReset "earliest" makes that the default', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, numbers(500), { key: String })
      const byOption = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, byOption.handler, { fromBeginning: true })
      await byOption.count(500)
      const byDefault = new Received<number>()
      const other = makeService(t, { brokers, autoOffsetReset: 'earliest' })
      await other.connectConsumer(randomGroup())
      await other.subscribe<number>(topic, byDefault.handler)
      await byDefault.count(500)
      assert.deepEqual(sorted(byDefault.values), sorted(byOption.values))
    })

    test('every group gets every record, whichever was connected last', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers, group: randomGroup('configured') })
      const groups = [randomGroup(), randomGroup()]
      const received = [new Received<number>(), new Received<number>(), new Received<number>()]
      for (const group of groups) await service.connectConsumer(group)
      await service.subscribe<number>(topic, (received[0] as Received<number>).handler, { group: groups[0] as string })
      await service.subscribe<number>(topic, (received[1] as Received<number>).handler)
      const consumer = await service.connectConsumer()
      assert.equal(consumer.group, service.config.group)
      await service.subscribe<number>(topic, (received[2] as Received<number>).handler)
      await service.send(topic, numbers(200), { key: String })
      for (const one of received) {
        await one.count(200)
        assert.deepEqual(sorted(one.values), numbers(200))
      }
    })

    test('topics of one call share a handler, and those of several calls have their own', async (t) => {
      const brokers = await bed.brokers()
      const topics = [await bed.topic(), await bed.topic(2), await bed.topic(), await bed.topic()]
      const [a, b, c, d] = topics as [string, string, string, string]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const [both, third, fourth] = [new Received<number>(), new Received<number>(), new Received<number>()]
      await Promise.all([
        service.subscribe<number>([a, b, a], both.handler),
        service.subscribe<number>(c, third.handler),
        service.subscribe<number>([d], fourth.handler),
      ])
      await Promise.all(topics.map((topic, index) => service.send(topic, numbers(100, index * 1_000))))
      await both.count(200)
      await third.count(100)
      await fourth.count(100)
      assert.deepEqual(new Set(both.records.map(({ topic }) => topic)), new Set([a, b]))
      assert.deepEqual(sorted(third.values), numbers(100, 2_000))
      assert.deepEqual(sorted(fourth.values), numbers(100, 3_000))
    })

    test('a topic that is subscribed while others are consumed costs them no record and repeats none', async (t) => {
      const brokers = await bed.brokers()
      const topics = [await bed.topic(3), await bed.topic(3), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = topics.map(() => new Received<number>())
      let isSending = true
      let sent = 0
      await service.subscribe<number>(topics[0] as string, (received[0] as Received<number>).handler)
      const sending = (async () => {
        while (isSending) {
          await service.send(topics[0] as string, numbers(50, sent), { key: String })
          sent += 50
        }
      })()
      for (const index of [1, 2]) {
        await waitFor(() => (received[0] as Received).records.length > index * 200, { what: 'records to flow' })
        await service.subscribe<number>(topics[index] as string, (received[index] as Received<number>).handler)
        await service.send(topics[index] as string, numbers(100), { key: String })
      }
      isSending = false
      await sending
      await received[1]?.count(100)
      await received[2]?.count(100)
      await received[0]?.count(sent)
      assert.deepEqual(sorted(received[0]?.values ?? []), numbers(sent))
    })

    test('C11: a RegExp takes the topics that match, and reads one that appears later from its beginning', async (t) => {
      const brokers = await bed.brokers()
      const prefix = randomTopic('orders')
      const first = await bed.topic(2, `${prefix}.eu`)
      await bed.topic(1, `${prefix}-other`)
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      await service.send(first, numbers(10))
      // `g` makes a RegExp remember where it was: it must not matter
      await service.subscribe<number>(new RegExp(`^${prefix}\\.(eu|us)$`, 'g'), received.handler)
      await service.send(first, numbers(50, 100))
      await service.send(`${prefix}-other`, numbers(10))
      await received.count(50)
      const later = await bed.topic(2, `${prefix}.us`)
      await service.send(later, numbers(80, 1_000), { key: String })
      await received.count(130, 20_000)
      assert.deepEqual(sorted(received.values), [...numbers(50, 100), ...numbers(80, 1_000)])
      await service.send(first, numbers(5, 2_000))
      await received.count(135)
    })

    test('a RegExp that matches nothing yet resolves, and a name beside it has records at once', async (t) => {
      const brokers = await bed.brokers()
      const [prefix, named] = [randomTopic('later'), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<string>()
      await service.subscribe<string>(new RegExp(`^${prefix}`), received.handler)
      const mixed = new Received<string>()
      await service.subscribe<string>([named, new RegExp(`^${prefix}nothing`)], mixed.handler)
      await service.send(named, 'named')
      await mixed.count(1)
      await bed.topic(1, `${prefix}-1`)
      await service.send(`${prefix}-1`, ['one', 'two'])
      await received.count(2, 20_000)
      assert.deepEqual(received.values, ['one', 'two'])
    })

    test('a second handler for a topic of the same group is refused, and the first goes on', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const group = randomGroup()
      await service.connectConsumer(group)
      const received = new Received<number>()
      await service.subscribe<number>(topic, received.handler)
      await assert.rejects(service.subscribe(topic, received.handler), (error) => {
        assert.ok(error instanceof ArgumentError)
        assert.deepEqual([error.topic, error.group], [topic, group])
        return /already has a handler/.test(error.message)
      })
      await service.send(topic, 1)
      await received.count(1)
    })

    // The subscription resolved, and the RegExp's handler went on taking all of the topic's records.
    test('a topic that a RegExp has taken is refused to a second handler of the group', async (t) => {
      const brokers = await bed.brokers()
      const prefix = randomTopic('taken')
      const [taken, free] = [await bed.topic(1, `${prefix}.a`), await bed.topic(1, `${prefix}-b`)]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const [byPattern, byName] = [new Received<number>(), new Received<number>()]
      await service.subscribe<number>(free, byName.handler)
      await service.subscribe<number>(new RegExp(`^${prefix}`), byPattern.handler)
      await assert.rejects(
        service.subscribe(taken, () => {}),
        /already has a handler in group .*, by a RegExp: .* subscribe to it before the RegExp\.$/,
      )
      await service.send(taken, 1)
      await service.send(free, 2)
      await byPattern.count(1)
      await byName.count(1)
      assert.deepEqual([byPattern.values, byName.values], [[1], [2]])
    })

    test('a topic that is not there is created, as other clients do it', async (t) => {
      const [brokers, topic] = [await bed.brokers(), randomTopic('fresh')]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      await service.subscribe<number>(topic, received.handler)
      await service.send(topic, numbers(20), { key: String })
      await received.count(20)
    })

    test('a batch handler is given no more than maxMessages, in order, one call at a time', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, numbers(2_500), { key: (value) => String(value % 7) })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      let running = 0
      const handler = async (values: number[], context: BatchContext) => {
        running += 1
        assert.equal(running, 1)
        await delay(1)
        received.batchHandler(values, context)
        running -= 1
      }
      await service.subscribe<number>(topic, handler, { fromBeginning: true, batch: { maxMessages: 100 } })
      await received.count(2_500)
      assert.ok(received.batches.every((size) => size <= 100))
      assert.ok(received.batches.length < 100, `${received.batches.length} batches for 2,500 records`)
      for (const values of received.byPartition().values()) assert.deepEqual(values, sorted(values))
    })

    test('a batch that is not full waits maxWaitMs for more records, and a full one does not', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      const batch = { maxMessages: 5, maxWaitMs: 1_500 }
      await service.subscribe<number>(topic, received.batchHandler, { batch })
      let start = performance.now()
      await service.send(topic, 0)
      await service.send(topic, 1)
      await received.count(2)
      assert.ok(performance.now() - start >= 1_400)
      assert.deepEqual(received.batches, [2])
      start = performance.now()
      await service.send(topic, numbers(5))
      await received.count(7)
      assert.ok(performance.now() - start < 1_400)
      assert.deepEqual(received.batches, [2, 5])
    })

    test('a group that comes back goes on where it was', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const producer = await makeProducer(t, { brokers })
      const all: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const service = makeService(t, { brokers })
        await service.connectConsumer(group)
        const received = new Received<number>()
        await service.subscribe<number>(topic, received.handler, { fromBeginning: round === 0 })
        await producer.send(topic, numbers(100, round * 1_000), { key: String })
        // from the second round on also what was sent while the group was away
        await received.count(round === 0 ? 100 : 150)
        all.push(...received.values)
        await service.disconnect()
        await producer.send(topic, numbers(50, round * 1_000 + 500), { key: String })
      }
      const expected = [0, 500, 1_000, 1_500, 2_000].flatMap((from) => numbers(from % 1_000 === 0 ? 100 : 50, from))
      assert.deepEqual(sorted(all), expected)
    })

    test('two members share the partitions, and each record goes to one of them', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(4), randomGroup()]
      const producer = await makeProducer(t, { brokers })
      const members = [new Received<number>(), new Received<number>()]
      const owned = [new Set<number>(), new Set<number>()]
      for (const [index, received] of members.entries()) {
        const service = makeService(t, { brokers })
        service.on('rebalance', ({ kind, partitions }) => {
          for (const { partition } of partitions) {
            if (kind === 'assigned') owned[index]?.add(partition)
            else owned[index]?.delete(partition)
          }
        })
        await service.connectConsumer(group)
        await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
      }
      await waitFor(() => owned[0]?.size === 2 && owned[1]?.size === 2, { what: 'two partitions each' })
      await producer.send(topic, numbers(1_000), { key: String })
      await waitFor(() => members.reduce((sum, { records }) => sum + records.length, 0) >= 1_000, {
        what: 'all records',
      })
      assert.deepEqual(sorted(members.flatMap(({ values }) => values)), numbers(1_000))
      assert.ok(members.every(({ records }) => records.length > 0))
    })
  })
}

/** The getters of a context, read. */
function contextFields(context: RecordContext): Record<string, unknown> {
  const { topic, partition, offset, timestamp, group, attempt, signal, key, headers, correlationId } = context
  const { rawKey, rawValue, rawHeaders } = context
  return {
    ...{ topic, partition, offset, timestamp, group, attempt, signal, key, headers, correlationId },
    ...{ rawKey, rawValue, rawHeaders },
  }
}

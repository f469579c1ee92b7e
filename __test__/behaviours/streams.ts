import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { ArgumentError, ClosedError, type DisconnectReport, type KafkaService, message, type StreamRecord } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** Sends the numbers to one partition. */
async function send(service: KafkaService, topic: string, values: readonly number[], partition = 0) {
  return await service.send(topic, values, { partition })
}

/** Reads until so many have come, and breaks at the last. */
async function take<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const record of stream) {
    taken.push(record)
    if (taken.length === count) break
  }
  return taken
}

const valuesOf = <T>(records: ReadonlyArray<StreamRecord<T>>): T[] => records.map(({ value }) => value)

const inShort = ({ group, unfinished, leftGroup }: DisconnectReport['groups'][number]) => ({
  group,
  unfinished,
  leftGroup,
})

/** What holds for every stream of records. */
export function describeStreams(bed: Bed): void {
  describe(`Streams on ${bed.name}`, { skip: bed.skip }, () => {
    test('a record has its value and all of its context, and those of a partition come in order', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const stream = await service.stream<number>(topic, { group }).ready()
      const sent = message(0).key('k').partition(1).header('a', 'b').correlationId('c-1').timestamp(1_700_000_000_000)
      await service.send(topic, sent)
      const [first] = await take(stream, 1)
      const { value, key, headers, partition, offset, timestamp, correlationId, attempt } =
        first as StreamRecord<number>
      assert.deepEqual(
        { value, key, headers: { ...headers }, partition, offset, timestamp, correlationId, attempt },
        {
          ...{ value: 0, key: 'k', headers: { a: 'b', 'x-correlation-id': 'c-1' }, partition: 1, offset: 0 },
          ...{ timestamp: 1_700_000_000_000, correlationId: 'c-1', attempt: 1 },
        },
      )
      assert.deepEqual([first?.topic, first?.group, first?.rawValue?.toString()], [topic, group, '0'])
      for (const from of [0, 1]) await send(service, topic, numbers(5_000), from)
      const all = await take(service.stream<number>(topic, { group, fromBeginning: true }), 10_001)
      for (const from of [0, 1]) {
        const those = all.filter((record) => record.partition === from)
        assert.deepEqual(valuesOf(those), from === 1 ? [0, ...numbers(5_000)] : numbers(5_000))
      }
    })

    test('reading on acknowledges, break does not: the next stream of the group begins with that record', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(3_000))
      const first = await take(service.stream<number>(topic, { group, fromBeginning: true }), 1_500)
      assert.deepEqual(valuesOf(first), numbers(1_500))
      const second = await take(service.stream<number>(topic, { group }), 1_000)
      assert.deepEqual(valuesOf(second), numbers(1_000, 1_499))
    })

    test('a loop that throws does not acknowledge the record either, and its error is what comes out', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(10))
      const failing = async () => {
        for await (const { value } of service.stream<number>(topic, { group, fromBeginning: true })) {
          if (value === 4) throw new Error('at four')
        }
      }
      await assert.rejects(failing, { message: 'at four' })
      const iterator = service.stream<number>(topic, { group })
      assert.equal((await iterator.next()).value?.value, 4)
      assert.equal((await iterator.next()).value?.value, 5)
      await assert.rejects(iterator.throw(new Error('thrown in')), { message: 'thrown in' })
      assert.deepEqual(await iterator.next(), { done: true, value: undefined })
      assert.deepEqual(valuesOf(await take(service.stream<number>(topic, { group }), 1)), [5])
    })

    test('a stream in a connected group gives its partitions up and leaves the group to the others', async (t) => {
      const [brokers, topic, other, group] = [await bed.brokers(), await bed.topic(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const received = new Received<number>()
      await service.subscribe<number>(other, received.handler, { fromBeginning: true })
      await send(service, topic, numbers(10))
      await take(service.stream<number>(topic, { fromBeginning: true }), 3)
      await send(service, other, numbers(10))
      await received.count(10)
      // the topic is free again, for a handler too
      const rest = new Received<number>()
      await service.subscribe<number>(topic, rest.handler)
      await rest.count(8)
      assert.deepEqual(rest.values, numbers(8, 2))
      const { groups } = await service.disconnect()
      assert.deepEqual(groups.map(inShort), [{ group, unfinished: 0, leftGroup: true }])
    })

    test('a group that was connected for streams is left with the last of them', async (t) => {
      const [brokers, topic, other, group] = [await bed.brokers(), await bed.topic(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const [one, two] = [service.stream(topic, { group }), service.stream(other, { group })]
      await Promise.all([one.ready(), two.ready()])
      await one.return()
      await send(service, other, [1])
      assert.equal((await two.next()).value?.value, 1)
      await two.return()
      assert.equal(service.isConnected, true)
      const { groups } = await service.disconnect()
      assert.deepEqual(groups, [])
    })

    test('a second stream of a topic in the same group is an error of its first next()', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const stream = await service.stream<number>(topic, { group }).ready()
      const second = service.stream(topic, { group })
      await assert.rejects(second.next(), (error) => error instanceof ArgumentError && /already/.test(error.message))
      assert.deepEqual(await second.next(), { done: true, value: undefined })
      await send(service, topic, [1])
      assert.deepEqual(valuesOf(await take(stream, 1)), [1])
    })

    test('the signal ends a stream that waits, and lets the record at hand be finished', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(10))
      const abort = new AbortController()
      const seen: number[] = []
      for await (const { value } of service.stream<number>(topic, {
        group,
        fromBeginning: true,
        signal: abort.signal,
      })) {
        seen.push(value)
        if (value === 3) abort.abort()
      }
      assert.deepEqual(seen, numbers(4))
      const again = new AbortController()
      const stream = service.stream<number>(topic, { group, signal: again.signal })
      // acknowledged, for the loop asked for more
      for (const expected of numbers(6, 4)) assert.equal((await stream.next()).value?.value, expected)
      const waiting = stream.next()
      again.abort()
      assert.deepEqual(await waiting, { done: true, value: undefined })
      const aborted = service.stream(topic, { group: randomGroup(), signal: AbortSignal.abort() })
      assert.deepEqual(await take(aborted, 1), [])
    })

    test('disconnect ends a stream: it waits for the record at hand, and those not read come again', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(100))
      const seen: number[] = []
      let disconnecting: Promise<DisconnectReport> | undefined
      for await (const { value } of service.stream<number>(topic, { group, fromBeginning: true })) {
        seen.push(value)
        if (value === 49) disconnecting = service.disconnect()
      }
      assert.deepEqual(seen, numbers(50))
      const report = await disconnecting
      assert.deepEqual(report?.groups.map(inShort), [{ group, unfinished: 0, leftGroup: true }])
      assert.throws(() => service.stream(topic, { group }), ClosedError)
      const next = makeService(t, { brokers })
      assert.deepEqual(valuesOf(await take(next.stream<number>(topic, { group }), 1)), [50])
    })

    test('a stream that waits for its first record does not hold a disconnect up', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = makeService(t, { brokers })
      const stream = await service.stream(topic, { group: randomGroup() }).ready()
      const reading = take(stream, 1)
      const start = performance.now()
      await service.disconnect()
      assert.deepEqual(await reading, [])
      assert.ok(performance.now() - start < 5_000)
    })

    // A peer's stream ends when its consumer is collected as garbage, and another reads all of the topic into memory.
    test('a reader that stands still keeps its place, and no more is begun than a record a partition', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const begun: string[] = []
      const stream = service.stream<number>(topic, {
        ...{ group, fromBeginning: true },
        use: [
          {
            name: 'counts',
            consume({ partition, offset }, next) {
              begun.push(`${partition} ${offset}`)
              return next()
            },
          },
        ],
      })
      const sent = 10_000
      for (const partition of [0, 1]) await send(service, topic, numbers(sent), partition)
      const standing = (await stream.next()).value as StreamRecord<number>
      globalThis.gc?.()
      // time enough for the rest to come, if it came
      const other = await makeService(t, { brokers }).connectConsumer(randomGroup())
      const received = new Received<number>()
      await other.subscribe<number>(topic, received.handler, { fromBeginning: true })
      await received.count(2 * sent)
      assert.ok(begun.length <= 2, `${begun.length}`)
      assert.deepEqual([standing.value, standing.offset, standing.signal.aborted], [0, 0, false])
      const rest = await take(stream, 2 * sent - 1)
      for (const partition of [0, 1]) {
        const own = valuesOf([standing, ...rest].filter((record) => record.partition === partition))
        assert.deepEqual(own, numbers(sent))
      }
    })

    test('batches come as arrays, and are acknowledged as a whole', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(1_000))
      const options = { group, fromBeginning: true, batch: { maxMessages: 100 } } as const
      const seen: number[] = []
      for await (const batch of service.stream<number>(topic, options)) {
        assert.ok(batch.length <= 100)
        seen.push(...valuesOf(batch))
        if (seen.length >= 500) break
      }
      const rest: number[] = []
      for await (const batch of service.stream<number>(topic, options)) {
        rest.push(...valuesOf(batch))
        if (rest.at(-1) === 999) break
      }
      const begin = rest[0] as number
      assert.ok(begin < seen.length && begin >= seen.length - 100, `${begin}`)
      assert.deepEqual(rest, numbers(1_000 - begin, begin))
    })

    test('a record that cannot be decoded becomes a dead letter, and the stream goes on', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const letters: string[] = []
      service.on('deadLetter', ({ deadLetterTopic }) => letters.push(deadLetterTopic))
      await service.sendRecords(
        topic,
        ['1', 'no json', '3'].map((value) => ({ value })),
      )
      const taken = await take(service.stream<number>(topic, { group, fromBeginning: true }), 2)
      assert.deepEqual(valuesOf(taken), [1, 3])
      assert.deepEqual(letters, [`${topic}.${group}.dlq`])
    })

    test('a record that stops its partition is an error of the stream', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers, onError: () => {} })
      await service.sendRecords(topic, [{ value: 'no json' }])
      const stream = service.stream<number>(topic, { group, fromBeginning: true, dlq: false })
      await assert.rejects(stream.next(), { name: 'DecodeError' })
    })

    test('middleware runs around each record until it is acknowledged', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const order: string[] = []
      await send(service, topic, [1, 2])
      const stream = service.stream<number>(topic, {
        ...{ group, fromBeginning: true },
        use: [
          {
            name: 'doubles',
            async consume(context, next) {
              const { offset } = context
              order.push(`before ${offset}`)
              await next((context.message as number) * 2)
              order.push(`after ${offset}`)
            },
          },
        ],
      })
      for await (const { value } of stream) {
        order.push(`read ${value}`)
        if (value === 4) break
      }
      assert.deepEqual(order, ['before 0', 'read 2', 'after 0', 'before 1', 'read 4'])
    })

    test('it goes through pipeline and Readable.from', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await send(service, topic, numbers(1_000))
      const seen: number[] = []
      await pipeline(
        service.stream<number>(topic, { group: randomGroup(), fromBeginning: true }),
        async function* (records: AsyncIterable<StreamRecord<number>>) {
          for await (const { value } of records) {
            yield value
            if (value === 999) return
          }
        },
        async (values: AsyncIterable<number>) => {
          for await (const value of values) seen.push(value)
        },
      )
      assert.deepEqual(seen, numbers(1_000))
      const readable = Readable.from(service.stream<number>(topic, { group: randomGroup(), fromBeginning: true }))
      const read: number[] = []
      for await (const { value } of readable) {
        read.push(value)
        if (value === 999) break
      }
      assert.deepEqual(read, numbers(1_000))
    })

    test('calls of next() at the same time get the records in order', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const stream = service.stream<number>(topic, { group, fromBeginning: true })
      const all = numbers(20).map(() => stream.next())
      await send(service, topic, numbers(20))
      const seen = (await Promise.all(all)).map(({ value }) => value?.value)
      assert.deepEqual(seen, numbers(20))
      await stream.return()
      assert.deepEqual(valuesOf(await take(service.stream<number>(topic, { group }), 1)), [19])
    })

    test('a partition that goes to another member is read on there', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const [service, other] = [await makeProducer(t, { brokers }), makeService(t, { brokers })]
      const seen = new Map<string, number>()
      const read = async (stream: AsyncIterable<StreamRecord<number>>) => {
        for await (const { partition, value } of stream) {
          const place = `${partition} ${value}`
          seen.set(place, (seen.get(place) ?? 0) + 1)
        }
      }
      const mine = await service.stream<number>(topic, { group, fromBeginning: true }).ready()
      const reading = [read(mine)]
      for (const partition of [0, 1]) await send(service, topic, numbers(500), partition)
      await waitFor(() => seen.size >= 10, { what: 'the first' })
      reading.push(read(await other.stream<number>(topic, { group }).ready()))
      for (const partition of [0, 1]) await send(service, topic, numbers(500, 500), partition)
      await waitFor(() => seen.size === 2_000, { what: 'all of both partitions', timeoutMs: 30_000 })
      await Promise.all([service.disconnect(), other.disconnect()])
      await Promise.all(reading)
    })
  })
}

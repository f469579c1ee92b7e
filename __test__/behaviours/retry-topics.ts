import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  DEAD_LETTER_HEADERS,
  type DeadLetterEvent,
  type KafkaService,
  PermanentError,
  RETRY_HEADERS,
  type RecordContext,
  type RetryEvent,
  type SubscribeOptions,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const FIRST_MS = 400
const SECOND_MS = 900
const RETRY = {
  maxRetries: 1,
  initialDelayMs: 1,
  maxDelayMs: 5,
  topics: [{ delayMs: FIRST_MS }, { delayMs: SECOND_MS }],
}
const OPTIONS = { ordering: 'none', fromBeginning: true, retry: RETRY } satisfies SubscribeOptions

interface Attempt {
  value: unknown
  attempt: number
  place: string
  timestamp: number
  /** How long before its time it began. */
  earlyMs: number
}

/** Notes each attempt, and fails as it is told. */
function noting(fails: (value: unknown, attempt: number) => Error | undefined) {
  const attempts: Attempt[] = []
  const handler = (value: unknown, context: RecordContext) => {
    const { topic, partition, offset, timestamp, attempt, headers } = context
    const earlyMs = Math.max(0, Number(headers[RETRY_HEADERS.due] ?? 0) - Date.now())
    attempts.push({ value, attempt, place: `${topic}/${partition}/${offset}`, timestamp, earlyMs })
    const error = fails(value, attempt)
    if (error !== undefined) throw error
  }
  const of = (value: unknown) => attempts.filter((one) => one.value === value)
  const count = (many: number) =>
    waitFor(() => attempts.length >= many, { what: `${many} attempts`, timeoutMs: 20_000 })
  const isNeverEarly = () =>
    assert.deepEqual(
      attempts.filter(({ earlyMs }) => earlyMs > 0),
      [],
    )
  return { attempts, handler, of, count, isNeverEarly }
}

function eventsOf(service: KafkaService) {
  const [retries, letters]: [RetryEvent[], DeadLetterEvent[]] = [[], []]
  service.on('retry', (event) => retries.push(event))
  service.on('deadLetter', (event) => letters.push(event))
  return { retries, letters }
}

/** What becomes of records whose long waits are in topics. */
export function describeRetryTopics(bed: Bed): void {
  describe(`Retry topics on ${bed.name}`, { skip: bed.skip }, () => {
    test('a record goes through all of them, never early, and becomes a dead letter of its first place', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const { retries, letters } = eventsOf(service)
      const { handler, of, count, isNeverEarly } = noting((value, attempt) => {
        if (value === 'never') return new Error('no luck')
        if (value === 'third' && attempt < 3) return new Error('not yet')
        if (value === 'permanent') return attempt === 3 ? new PermanentError('for good') : new Error('not yet')
        return undefined
      })
      const send = { partition: 2, timestamp: 1_700_000_000_000, headers: { trace: 'x' } }
      const [never] = await service.sendRecords(topic, [
        { key: 'k', value: '"never"', ...send },
        { key: 'k', value: '"third"', ...send },
        { key: 'k', value: '"permanent"', ...send },
        { key: 'k', value: '"good"', ...send },
      ])
      await service.connectConsumer(group)
      const subscription = await service.subscribe(topic, handler, OPTIONS)
      assert.deepEqual(subscription.topics, [topic])
      await count(11)
      await waitFor(() => letters.length === 2, { what: 'two dead letters' })
      isNeverEarly()
      assert.deepEqual(
        of('never').map(({ attempt }) => attempt),
        [1, 2, 3, 4],
      )
      assert.deepEqual([of('third').length, of('permanent').length, of('good').length], [3, 3, 1])
      // what the handler sees is the record as it was, wherever it waited
      const place = `${topic}/2/${never?.offset}`
      assert.ok(of('never').every((one) => one.place === place && one.timestamp === 1_700_000_000_000))
      const waits = retries.filter(({ offset }) => offset === never?.offset)
      assert.deepEqual(
        waits.slice(1).map(({ topic: of, attempt, afterMs, retryTopic }) => [of, attempt, afterMs, retryTopic]),
        [
          [topic, 2, FIRST_MS, `${topic}.${group}.retry.400ms`],
          [topic, 3, SECOND_MS, `${topic}.${group}.retry.900ms`],
        ],
      )
      const dead = await readAll(t, brokers, `${topic}.${group}.dlq`, 2)
      const letter = dead.find(({ value }) => value === 'never')
      assert.deepEqual([letter?.key, letter?.partition], ['k', 2])
      const headers = letter?.headers ?? {}
      assert.equal(headers.trace, 'x')
      assert.equal(headers[DEAD_LETTER_HEADERS.id], `${topic}/2/${never?.offset}/${group}`)
      assert.equal(headers[DEAD_LETTER_HEADERS.attempts], '4')
      assert.equal(headers[DEAD_LETTER_HEADERS.sourceTimestamp], '1700000000000')
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('x-narad-retry')),
        [],
      )
      const tookMs =
        Number(headers[DEAD_LETTER_HEADERS.lastFailure]) - Number(headers[DEAD_LETTER_HEADERS.firstFailure])
      assert.ok(tookMs >= FIRST_MS + SECOND_MS, `${tookMs} ms from the first failure to the last`)
    })

    test('records that wait when their member leaves are handled by the next, neither early nor lost', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
      const first = await makeProducer(t, { brokers })
      const { retries } = eventsOf(first)
      const before = noting(() => new Error('down'))
      const values = Array.from({ length: 300 }, (_, index) => index)
      await first.send(topic, values)
      await first.connectConsumer(group)
      const retry = { maxRetries: 0, topics: [{ delayMs: 3_000 }] }
      // so many that fail alike would wait where they are
      await first.subscribe(topic, before.handler, { ...OPTIONS, retry, outage: false })
      await waitFor(() => retries.length === 300, { what: 'all records in the retry topic' })
      await first.disconnect()
      const second = await makeProducer(t, { brokers })
      const after = noting(() => undefined)
      await second.connectConsumer(group)
      await second.subscribe(topic, after.handler, { ...OPTIONS, retry })
      await after.count(300)
      after.isNeverEarly()
      assert.deepEqual(
        after.attempts.map(({ value }) => value).sort((a, b) => Number(a) - Number(b)),
        values,
      )
      assert.ok(after.attempts.every(({ attempt }) => attempt === 2))
    })

    test('a pause of the subscription holds the records of its retry topics too', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const { retries } = eventsOf(service)
      const { attempts, handler, count } = noting((value, attempt) =>
        attempt === 1 ? new Error(`${value}`) : undefined,
      )
      await service.connectConsumer(group)
      const retry = { maxRetries: 0, topics: [{ delayMs: FIRST_MS }] }
      const subscription = await service.subscribe(topic, handler, { ...OPTIONS, retry })
      await service.send(topic, 'x')
      await waitFor(() => retries.length === 1, { what: 'the retry' })
      subscription.pause()
      const dueMs = Date.now() + FIRST_MS
      await waitFor(() => Date.now() > dueMs + 200, { what: 'the record to be due' })
      assert.equal(attempts.length, 1)
      subscription.resume()
      await count(2)
      assert.throws(() => subscription.pause({ topic: `${topic}.${group}.retry.400ms` }), {
        code: 'NARAD_NOT_ASSIGNED',
      })
    })

    test('a RegExp that matches its own retry topics does not read them but at their time', async (t) => {
      // A record would have been handled at once, as one of another topic, and gone to retry topics of retry topics.
      const [brokers, group] = [await bed.brokers(), randomGroup()]
      const topic = await bed.topic(1, `again-${randomTopic()}`)
      const { handler, attempts, count, isNeverEarly } = noting((_, attempt) =>
        attempt < 3 ? new Error('x') : undefined,
      )
      const retry = { maxRetries: 0, topics: [{ delayMs: FIRST_MS }, { delayMs: FIRST_MS }] }
      for (const run of [1, 2]) {
        // a new subscription sees the topics at once, where the first would find them seconds later
        const service = await makeProducer(t, { brokers })
        await service.connectConsumer(group)
        const subscription = await service.subscribe(new RegExp(`^${topic}`), handler, { ...OPTIONS, retry })
        assert.deepEqual(subscription.topics, [topic])
        await service.send(topic, run)
        await count(run * 3)
        await service.disconnect()
      }
      isNeverEarly()
      assert.deepEqual(
        attempts.map(({ value, attempt, place }) => [value, attempt, place]),
        [1, 2].flatMap((run) => [1, 2, 3].map((attempt) => [run, attempt, `${topic}/0/${run - 1}`])),
      )
    })

    test('subscribe refuses what has no retry topics, or would have a second handler for them', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const consumer = await service.connectConsumer(group)
      const { handler } = noting(() => undefined)
      await assert.rejects(consumer.subscribe(topic, handler, { retry: RETRY }), {
        code: 'NARAD_INVALID_ARGUMENT',
        message: /gives up the order of records/,
      })
      const long = await service.connectConsumer('g'.repeat(240))
      await assert.rejects(long.subscribe(topic, handler, OPTIONS), { code: 'NARAD_INVALID_TOPIC' })
      await consumer.subscribe(topic, handler, OPTIONS)
      await assert.rejects(consumer.subscribe(`${topic}.${group}.retry.400ms`, handler), {
        code: 'NARAD_INVALID_ARGUMENT',
        message: /already has a handler/,
      })
      await assert.rejects(consumer.subscribe(`${topic}.${group}.retry.5m`, handler, OPTIONS), {
        code: 'NARAD_INVALID_ARGUMENT',
        message: /is a retry topic of group .*: subscribe to it without "retry\.topics"\./,
      })
    })
  })
}

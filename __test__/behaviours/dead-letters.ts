import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BusinessError,
  DEAD_LETTER_HEADERS,
  type DeadLetterEvent,
  deadLetter,
  PermanentError,
  type RecordContext,
  type RetryEvent,
  retry,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const QUICK = { maxRetries: 2, initialDelayMs: 1, maxDelayMs: 5 }

/** What becomes of records that a handler fails for. */
export function describeDeadLetters(bed: Bed): void {
  describe(`Records that fail on ${bed.name}`, { skip: bed.skip }, () => {
    test('C4: poison becomes dead letters with its bytes, and its partition goes on', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
      const service = await makeProducer(t, { brokers })
      const headers = { trace: ['a', 'b'], nothing: null }
      const broken = Buffer.from('{"broken": \xff', 'latin1')
      await service.sendRecords(topic, [
        { key: 'k', value: '"throws"', headers, partition: 2, timestamp: 1_700_000_000_000 },
        { key: null, value: broken, partition: 2 },
        { key: 'k', value: '"permanent"', partition: 2 },
        { key: 'k', value: null, partition: 2 },
        { key: 'k', value: '"refused"', partition: 2 },
        { key: 'k', value: '"verdict"', partition: 2 },
        { key: 'k', value: '"good"', partition: 2 },
      ])
      await service.connectConsumer(group)
      const [retries, parked]: [RetryEvent[], DeadLetterEvent[]] = [[], []]
      service.on('retry', (event) => retries.push(event))
      service.on('deadLetter', (event) => parked.push(event))
      const attempts: Array<[unknown, number]> = []
      const handler = (value: unknown, context: RecordContext) => {
        attempts.push([value, context.attempt])
        if (value === 'throws') throw new TypeError('fetch failed', { cause: 'no route' })
        if (value === 'permanent') throw new Error('wrapped', { cause: new PermanentError('no such customer') })
        if (value === null) throw new PermanentError('a tombstone')
        if (value === 'refused') throw new BusinessError('sold out')
        if (value === 'verdict') return context.attempt === 1 ? retry({ afterMs: 0 }) : deadLetter('seen enough')
        return undefined
      }
      await service.subscribe(topic, handler, { fromBeginning: true, retry: QUICK })
      await waitFor(() => parked.length === 5 && attempts.some(([value]) => value === 'good'), {
        what: '5 dead letters',
      })
      const ofKey = attempts.filter(([value]) => value !== undefined)
      assert.deepEqual(ofKey, [
        ['throws', 1],
        ['throws', 2],
        ['throws', 3],
        ['permanent', 1],
        [null, 1],
        ['refused', 1],
        ['verdict', 1],
        ['verdict', 2],
        ['good', 1],
      ])
      assert.equal(retries.length, 3)

      const reader = await service.connectConsumer(randomGroup())
      const letters = new Received<Buffer | null>()
      await reader.subscribe<Buffer | null>(`${topic}.${group}.dlq`, letters.handler, {
        fromBeginning: true,
        codec: 'buffer',
        ordering: 'partition',
      })
      await letters.count(5)
      const byOffset = new Map(letters.records.map((letter) => [letter.headers[DEAD_LETTER_HEADERS.offset], letter]))
      const [first, second, , fourth] = ['0', '1', '2', '3'].map((offset) => byOffset.get(offset))
      assert.deepEqual([first?.value?.toString(), first?.key, first?.partition], ['"throws"', 'k', 2])
      assert.notEqual(first?.timestamp, 1_700_000_000_000)
      const { 'x-narad-dlq-stack': stack, ...rest } = first?.headers ?? {}
      assert.match(stack ?? '', /^TypeError: fetch failed\n {4}at .*dead-letters/)
      const times = [rest[DEAD_LETTER_HEADERS.firstFailure], rest[DEAD_LETTER_HEADERS.lastFailure]].map(Number)
      assert.ok((times[0] as number) <= (times[1] as number) && Math.abs((times[1] as number) - Date.now()) < 60_000)
      assert.deepEqual(rest, {
        trace: 'b',
        nothing: null,
        '__dlq.errors.topic': topic,
        '__dlq.errors.partition': '2',
        '__dlq.errors.offset': '0',
        '__dlq.errors.group': group,
        '__dlq.errors.delivery.count': '3',
        '__dlq.errors.message': 'fetch failed',
        'x-narad-dlq-id': `${topic}/2/0/${group}`,
        'x-narad-dlq-class': 'transient',
        'x-narad-dlq-name': 'TypeError',
        'x-narad-dlq-first-failure': String(times[0]),
        'x-narad-dlq-last-failure': String(times[1]),
        'x-narad-dlq-attempts': '3',
        'x-narad-dlq-source-timestamp': '1700000000000',
        'x-narad-dlq-replays': '0',
      })
      assert.deepEqual(second?.value, broken)
      assert.equal(second?.key, null)
      assert.equal(second?.headers[DEAD_LETTER_HEADERS.code], 'NARAD_DECODE_FAILED')
      assert.equal(second?.headers[DEAD_LETTER_HEADERS.attempts], '1')
      assert.deepEqual([fourth?.value, fourth?.key], [null, 'k'])
    })

    test('a RegExp that matches the topic of its own dead letters does not read it', async (t) => {
      // Each letter would have failed again, and become a letter in a topic of a longer name, and so on.
      const [brokers, group] = [await bed.brokers(), randomGroup()]
      const topic = await bed.topic(1, `poison-${randomTopic()}`)
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const parked: DeadLetterEvent[] = []
      service.on('deadLetter', (event) => parked.push(event))
      const fail = () => {
        throw new PermanentError('no')
      }
      await service.subscribe(new RegExp(`^${topic}`), fail, { fromBeginning: true })
      await service.send(topic, 1)
      await waitFor(() => parked.length === 1, { what: 'the dead letter' })
      assert.equal(parked[0]?.deadLetterTopic, `${topic}.${group}.dlq`)
      // a new subscription sees the topic at once, where the first would find it seconds later
      await service.disconnect()
      await service.init({ brokers, logLevel: 'silent' }).connectProducer()
      await service.connectConsumer(group)
      await service.subscribe(new RegExp(`^${topic}`), fail, { fromBeginning: true })
      await service.send(topic, 2)
      await waitFor(() => parked.length === 2, { what: 'the dead letter of the second record' })
      assert.deepEqual(
        parked.map((event) => event.topic),
        [topic, topic],
      )
    })

    test('a group whose name a topic cannot have is told so by subscribe, and may name a topic', async (t) => {
      const [brokers, topic, dead] = [await bed.brokers(), await bed.topic(), randomTopic()]
      const service = await makeProducer(t, { brokers })
      const consumer = await service.connectConsumer(`team/${randomGroup()}`)
      const fail = () => deadLetter('no')
      await assert.rejects(consumer.subscribe(topic, fail), {
        code: 'NARAD_INVALID_TOPIC',
        message: /may hold only ASCII letters.* Name one with "dlq: \{ topic \}", or say "dlq: false"\.$/,
      })
      await consumer.subscribe(topic, fail, { dlq: { topic: dead } })
      const letters = new Received()
      const reader = await service.connectConsumer(randomGroup())
      await service.send(topic, 'x')
      await reader.subscribe(dead, letters.handler, { fromBeginning: true })
      await letters.count(1)
    })

    test('without dead letters, a record that is given up is skipped where that was chosen', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const seen: unknown[] = []
      const handler = (value: unknown) => {
        seen.push(value)
        if (value === 1) throw new Error('no luck')
      }
      const options = { fromBeginning: true, retry: QUICK, dlq: false, onExhausted: 'skip' } as const
      await service.subscribe(topic, handler, { ...options, ordering: 'partition' })
      await service.send(topic, [1, 2])
      await waitFor(() => seen.includes(2), { what: 'the record behind the one that is skipped' })
      assert.deepEqual(seen, [1, 1, 1, 2])
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message, RecordTooLargeError, SendError, TopicError } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { makeProducer, type ReceivedRecord, readAll } from '../helpers/service.ts'

const at = ({ partition, offset }: { partition: number; offset: number }) => `${partition}/${offset}`

/** What holds for every producer. */
export function describeSending(bed: Bed): void {
  describe(`Sending to ${bed.name}`, { skip: bed.skip }, () => {
    test('a lone value resolves to its place in the log', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const before = Date.now()
      const first = await service.send(topic, { userId: 1 })
      const second = await service.send(topic, 'text')
      assert.deepEqual([first.topic, first.partition, first.offset], [topic, 0, 0])
      assert.deepEqual([second.topic, second.partition, second.offset], [topic, 0, 1])
      assert.ok(first.timestamp >= before - 1_000 && first.timestamp <= Date.now() + 1_000)
      const records = await readAll(t, brokers, topic, 2)
      assert.deepEqual(
        records.map(({ value, key, timestamp }) => [value, key, timestamp]),
        [
          [{ userId: 1 }, null, first.timestamp],
          ['text', null, second.timestamp],
        ],
      )
    })

    test('an array larger than a native call resolves to results in input order', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const values = Array.from({ length: 7_001 }, (_, index) => ({ index, pad: 'x'.repeat(index % 300) }))
      const results = await service.send(topic, values, { key: ({ index }) => `key-${index % 50}` })
      assert.equal(results.length, values.length)
      const records = await readAll<{ index: number }>(t, brokers, topic, values.length)
      const byPlace = new Map(records.map((record) => [at(record), record.value.index]))
      results.forEach((result, index) => {
        assert.equal(byPlace.get(at(result)), index)
      })
    })

    test('an empty array resolves to an empty array', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      assert.deepEqual(await service.send(topic, []), [])
      assert.deepEqual(await service.sendRecords(topic, []), [])
    })

    test('sends that are not awaited each get their own result, and keep their order', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const sends: Array<Promise<{ offset: number }>> = []
      for (let index = 0; index < 5_000; index += 1) {
        sends.push(service.send(topic, index))
        if (index % 1_000 === 999) await sends[index]
      }
      const results = await Promise.all(sends)
      assert.deepEqual(
        results.map(({ offset }) => offset),
        Array.from({ length: 5_000 }, (_, index) => index),
      )
      const records = await readAll(t, brokers, topic, 5_000)
      assert.deepEqual(
        records.map(({ value }) => value),
        Array.from({ length: 5_000 }, (_, index) => index),
      )
    })

    test('a builder carries key, headers, partition, timestamp and ids', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const timestamp = Date.now() - 86_400_000
      const record = message({ total: 5 })
        .key('u1')
        .header('plain', 'yes')
        .header('twice', ['1', '2'])
        .header('none', null)
        .header('empty', '')
        .partition(2)
        .timestamp(timestamp)
        .correlationId('c-1')
        .conversationId('v-1')
        .eventType('OrderPlaced')
        .source('shop')
      const result = await service.send(topic, record)
      assert.deepEqual([result.partition, result.offset, result.timestamp], [2, 0, timestamp])
      const [received] = await readAll(t, brokers, topic, 1)
      assert.deepEqual(received, {
        value: { total: 5 },
        topic,
        partition: 2,
        offset: 0,
        timestamp,
        key: 'u1',
        headers: {
          plain: 'yes',
          twice: '2',
          none: null,
          empty: '',
          'x-correlation-id': 'c-1',
          'x-conversation-id': 'v-1',
          'x-event-type': 'OrderPlaced',
          'x-source': 'shop',
        },
      })
    })

    // Whether a record has headers was read from the byte behind its value, and an empty value has none behind it.
    test('an empty value and a tombstone keep their headers', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const headers = { trace: 'a' }
      await service.sendRecords(topic, [
        { key: 'k', value: '', headers },
        { key: 'k', value: null, headers },
        { value: '', headers },
        { value: '' },
      ])
      const records = await readAll(t, brokers, topic, 4, 'string')
      assert.deepEqual(
        records.map(({ key, value, headers: found }) => [key, value, found]),
        [
          ['k', '', headers],
          ['k', null, headers],
          [null, '', headers],
          [null, '', {}],
        ],
      )
    })

    test("options hold for every record of an array, and a builder's own fields win", async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      const own = message({ id: 3 }).key('own').header('a', 'own').partition(2).timestamp(1_700_000_000_003)
      const results = await service.send(topic, [{ id: 1 }, { id: 2 }, own], {
        key: (value, index) => `${value.id}@${index}`,
        headers: { a: 'common', b: Buffer.from('bytes') },
        partition: 1,
        timestamp: new Date(1_700_000_000_000),
      })
      assert.deepEqual(
        results.map(({ partition, timestamp }) => [partition, timestamp]),
        [
          [1, 1_700_000_000_000],
          [1, 1_700_000_000_000],
          [2, 1_700_000_000_003],
        ],
      )
      const records = await readAll<{ id: number }>(t, brokers, topic, 3)
      const sorted = records.sort((a, b) => a.value.id - b.value.id)
      assert.deepEqual(
        sorted.map(({ key, headers }) => [key, headers.a, headers.b]),
        [
          ['1@0', 'common', 'bytes'],
          ['2@1', 'common', 'bytes'],
          ['own', 'own', 'bytes'],
        ],
      )
    })

    test('keys may be text, bytes, whole numbers and big integers', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      for (const key of ['text', Buffer.from('bytes'), 42, 2n ** 70n]) await service.send(topic, 0, { key })
      const records = await readAll(t, brokers, topic, 4)
      assert.deepEqual(
        records.map(({ key }) => key),
        ['text', 'bytes', '42', String(2n ** 70n)],
      )
    })

    test('each codec gives back what was sent', async (t) => {
      const brokers = await bed.brokers()
      const service = await makeProducer(t, { brokers })
      const text = await bed.topic()
      await service.send(text, 'grüße \u{1f600}\r\n', { codec: 'string' })
      assert.equal((await readAll(t, brokers, text, 1, 'string'))[0]?.value, 'grüße \u{1f600}\r\n')
      const bytes = await bed.topic()
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      await service.send(bytes, every, { codec: 'buffer' })
      const [received] = await readAll<Buffer>(t, brokers, bytes, 1, 'buffer')
      assert.ok(received?.value.equals(every))
      const custom = await bed.topic()
      const codec = { encode: (value: number) => `<${value}>`, decode: (raw: Buffer) => Number(raw.toString()) }
      await service.send(custom, 7, { codec })
      assert.equal((await readAll(t, brokers, custom, 1, 'string'))[0]?.value, '<7>')
    })

    test('sendRecords sends text and bytes as they are', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      const results = await service.sendRecords(topic, [
        { key: 'k', value: 'not json', partition: 1, headers: { h: ['1', '2'] }, timestamp: '1700000000000' },
        { value: Buffer.from([0, 255]), partition: 1 },
        { key: Buffer.from('k2'), value: null, partition: 0 },
      ])
      assert.deepEqual(
        results.map(({ partition, offset }) => `${partition}/${offset}`),
        ['1/0', '1/1', '0/0'],
      )
      assert.equal(results[0]?.timestamp, 1_700_000_000_000)
      const records = await readAll<Buffer | null>(t, brokers, topic, 3, 'buffer')
      const byPlace = new Map(records.map((record) => [at(record), record]))
      assert.equal(String(byPlace.get('1/0')?.value), 'not json')
      assert.deepEqual([...(byPlace.get('1/1')?.value ?? [])], [0, 255])
      assert.deepEqual([byPlace.get('0/0')?.value, byPlace.get('0/0')?.key], [null, 'k2'])
    })

    test('null and empty stay apart for keys and values, both ways', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const pairs: Array<[key: string | null, value: string | null]> = [
        [null, null],
        ['', ''],
        [null, ''],
        ['', null],
        ['k', 'v'],
      ]
      await service.sendRecords(
        topic,
        pairs.map(([key, value]) => ({ key, value })),
      )
      await service.send(
        topic,
        pairs.map(([key, value]) => message(value).key(key)),
        { codec: 'string' },
      )
      for (const [key, value] of pairs) await service.send(topic, value, { key, codec: 'string' })
      const records = await readAll<string | null>(t, brokers, topic, 15, 'string')
      assert.deepEqual(
        records.map(({ key, value }) => [key, value]),
        [...pairs, ...pairs, ...pairs],
      )
    })

    test('P1: a record over the limit rejects alone, and every record of its array is accounted for', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, maxRecordBytes: 10_000 })
      const large = 'x'.repeat(20_000)
      const alone = service.send(topic, large, { key: 'big' })
      const beside = service.send(topic, 'beside')
      await assert.rejects(alone, (error) => {
        assert.ok(error instanceof RecordTooLargeError)
        assert.deepEqual(
          [error.code, error.topic, error.key, error.retriable, error.maybeInLog],
          ['NARAD_RECORD_TOO_LARGE', topic, 'big', false, false],
        )
        assert.match(error.message, /10000|maxRecordBytes/)
        return true
      })
      assert.equal((await beside).offset, 0)
      const values = Array.from({ length: 3_000 }, (_, index) => (index % 1_000 === 500 ? large : `v${index}`))
      const error = await service.send(topic, values).catch((failure: unknown) => failure)
      assert.ok(error instanceof SendError && error.results)
      assert.equal(error.results.length, values.length)
      const records = await readAll(t, brokers, topic, 1 + 2_997)
      const byOffset = new Map(records.map(({ offset, value }) => [offset, value]))
      error.results.forEach((result, index) => {
        if (index % 1_000 === 500) assert.ok(result instanceof RecordTooLargeError, `record ${index}`)
        else assert.equal(byOffset.get((result as { offset: number }).offset), `v${index}`)
      })
      assert.match(error.message, /3 of 3000 records .*index 500/)
    })

    test('a partition that is not there fails its own record, and the others are sent', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const service = await makeProducer(t, { brokers })
      // Of a topic that it did not know yet librdkafka tells later, and the error did not name the partition.
      await assert.rejects(service.send(topic, 1, { partition: 7 }), (error) => {
        assert.ok(error instanceof TopicError)
        assert.deepEqual([error.code, error.topic, error.partition], ['NARAD_UNKNOWN_PARTITION', topic, 7])
        return /\b7\b/.test(error.message.replace(topic, ''))
      })
      const records = [5, 0, 1].map((partition) => message(`for ${partition}`).partition(partition))
      const error = await service.send(topic, records).catch((failure: unknown) => failure)
      assert.ok(error instanceof SendError && error.results)
      const [missing, ...sent] = error.results
      assert.ok(missing instanceof TopicError)
      assert.deepEqual([missing.code, missing.maybeInLog], ['NARAD_UNKNOWN_PARTITION', false])
      assert.deepEqual([missing.topic, missing.partition], [topic, 5])
      assert.deepEqual(
        sent.map((result) => (result as ReceivedRecord<string>).partition),
        [0, 1],
      )
    })

    test('a text of hundreds of kilobytes outside ASCII arrives whole', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const values = [200_000, 131_073].map((count) => ({ text: 'я'.repeat(count) }))
      for (const value of values) await service.send(topic, value, { key: 'ключ' })
      const records = await readAll(t, brokers, topic, 2)
      assert.deepEqual(
        records.map(({ value }) => value),
        values,
      )
    })
  })
}

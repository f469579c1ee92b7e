// Tools that share no code with narad (Java), or an older librdkafka (kcat), read what narad wrote and write what it reads.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Compression, message, type RecordInput } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { javaConsume, javaProduce, javaProduceFrom } from '../helpers/java-tools.ts'
import { codecsInLog, type Place } from '../helpers/kafka-log.ts'
import { kcatConsume, kcatProduce, kcatSkip } from '../helpers/kcat.ts'
import { makeProducer, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const TIMESTAMP = 1_700_000_000_123

const bed = kafkaBed()

/** Clients store a batch as it is where compressing does not make it smaller: this one any codec makes smaller. */
const LARGE = JSON.stringify('x'.repeat(100_000))

/** Records that tell tools from each other: null and empty, other alphabets, headers, a large value as the last. */
const RECORDS: readonly RecordInput[] = [
  { key: 'k', value: '{"plain":1}', headers: { a: '1', b: 'zwei' }, timestamp: TIMESTAMP },
  { key: 'ключ', value: '"grüße \u{1f600}"', headers: { none: null, empty: '', last: 'ä' }, timestamp: TIMESTAMP + 1 },
  { key: null, value: null, timestamp: TIMESTAMP + 2 },
  { key: '', value: '', timestamp: TIMESTAMP + 3 },
  { key: 'large', value: LARGE, headers: { repeated: ['1', '2'] } },
]

/** All headers of a record one by one, as other tools print them. */
function headerList({ headers = {} }: RecordInput): unknown[] {
  return Object.entries(headers).flatMap(([name, all]) => [all].flat().map((one) => [name, one]))
}

async function assertCodec(t: TestContext, brokers: string, places: readonly Place[], codec: Compression) {
  const codecs = await codecsInLog(brokers, places)
  if (codecs === undefined) return t.diagnostic('not checked: the brokers keep their logs on another machine')
  assert.deepEqual([...new Set(codecs)], [codec])
}

describe('kcat', { skip: bed.skip || kcatSkip() }, () => {
  for (const compression of CODECS) {
    test(`reads what narad wrote with ${compression}`, async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers, compression })
      const results = await service.sendRecords(topic, RECORDS)
      const records = await kcatConsume(brokers, topic)
      assert.equal(records.length, RECORDS.length)
      for (const [index, record] of RECORDS.entries()) {
        const { key, value, timestamp } = record
        const { partition, offset, timestamp: sentAt } = results[index] as (typeof results)[number]
        const seen = records.find((record) => record.partition === partition && record.offset === offset)
        assert.deepEqual([seen?.key?.toString() ?? null, seen?.value?.toString() ?? null], [key, value])
        assert.equal(seen?.timestamp, timestamp ?? sentAt)
        assert.deepEqual(
          seen?.headers.map(([name, bytes]) => [name, bytes?.toString() ?? null]),
          headerList(record),
        )
      }
      await assertCodec(t, brokers, results.slice(-1), compression)
    })

    test(`writes what narad reads, with ${compression}`, async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const headers: Array<[string, string | null]> = [
        ['one', '1'],
        ['none', null],
        ['empty', ''],
      ]
      const options = { codec: compression, headers, partition: 1 }
      await kcatProduce(
        brokers,
        topic,
        [{ key: 'large', value: LARGE }, { key: '', value: '[1]' }, { value: '5' }],
        options,
      )
      await kcatProduce(brokers, topic, [{ key: 'ключ', value: '{"a":"ü"}' }], options)
      await kcatProduce(brokers, topic, [{ key: 'gone', value: null }], { codec: compression, partition: 2 })
      await assertCodec(t, brokers, [{ topic, partition: 1, offset: 0 }], compression)
      const records = await readAll(t, brokers, topic, 5)
      assert.deepEqual(
        records.sort((a, b) => a.partition - b.partition).map(({ key, value, partition }) => [partition, key, value]),
        [
          [1, 'large', JSON.parse(LARGE)],
          [1, '', [1]],
          [1, null, 5],
          [1, 'ключ', { a: 'ü' }],
          [2, 'gone', null],
        ],
      )
      assert.deepEqual(records[0]?.headers, { one: '1', none: null, empty: '' })
    })
  }

  test('and narad see the same timestamps of what kcat wrote', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const start = Date.now()
    for (const value of ['0', '1', '2']) await kcatProduce(brokers, topic, [{ value }])
    const seen = (await kcatConsume(brokers, topic)).map(({ timestamp }) => timestamp)
    const received = (await readAll(t, brokers, topic, 3)).map(({ timestamp }) => timestamp)
    assert.deepEqual(received, seen)
    assert.ok(received.every((timestamp) => timestamp >= start && timestamp <= Date.now()))
  })
})

describe('The Java tools', { skip: bed.skip }, () => {
  for (const compression of CODECS) {
    test(`read what narad wrote with ${compression}, and write what narad reads`, async (t) => {
      const [brokers, topic, back] = [await bed.brokers(), await bed.topic(2), await bed.topic(2)]
      const service = await makeProducer(t, { brokers, compression })
      const results = await service.sendRecords(topic, RECORDS)
      const [records] = await Promise.all([
        javaConsume(brokers, topic, { count: RECORDS.length }),
        javaProduce(
          brokers,
          back,
          [
            {
              key: 'large',
              value: LARGE,
              headers: [
                ['h', 'ä'],
                ['none', null],
                ['empty', ''],
              ],
            },
            { key: 'gone', value: null },
            { key: null, value: '[1,2]' },
          ],
          { codec: compression },
        ),
      ])
      for (const [index, record] of RECORDS.entries()) {
        const { key, value, timestamp } = record
        const { partition, offset, timestamp: sentAt } = results[index] as (typeof results)[number]
        const seen = records.find((record) => record.partition === partition && record.offset === offset)
        assert.deepEqual([seen?.key, seen?.value, seen?.timestamp], [key, value, timestamp ?? sentAt])
        assert.deepEqual(seen?.headers, headerList(record))
      }
      const received = await readAll(t, brokers, back, 3)
      assert.deepEqual(
        received.map(({ key, value, headers }) => [key, value, headers]).sort(),
        [
          ['gone', null, {}],
          ['large', JSON.parse(LARGE), { h: 'ä', none: null, empty: '' }],
          [null, [1, 2], {}],
        ].sort(),
      )
      const large = [...results.slice(-1), ...received.filter(({ key }) => key === 'large')]
      await assertCodec(t, brokers, large, compression)
    })
  }

  test('and narad see the timestamps that a Java producer gave', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    await javaProduceFrom(brokers, topic, 3, TIMESTAMP)
    const seen = (await javaConsume(brokers, topic, { count: 3 })).map(({ timestamp }) => timestamp)
    const received = (await readAll(t, brokers, topic, 3)).map(({ timestamp }) => timestamp)
    assert.deepEqual(received, seen)
    assert.ok(received.every((timestamp) => timestamp >= TIMESTAMP && timestamp < TIMESTAMP + 60_000))
  })
})

describe('Keys', { skip: bed.skip }, () => {
  // murmur2 of the key's bytes, as org.apache.kafka.common.utils.Utils computes it.
  const HASHES: Array<[key: string, hash: number]> = [
    ['order-1', 1_221_710_326],
    ['ключ', 2_122_343_024],
  ]

  test('are placed by murmur2 as Java places them', async (t) => {
    const brokers = await bed.brokers()
    const service = await makeProducer(t, { brokers })
    const four = await bed.topic(4)
    assert.equal((await service.send(four, 1, { key: 'TT0124' })).partition, 2)
    for (const partitions of [2, 3, 7, 12]) {
      const topic = await bed.topic(partitions)
      for (const [key, hash] of HASHES) {
        for (const given of [key, Buffer.from(key)]) {
          const { partition } = await service.send(topic, message(1).key(given))
          assert.equal(partition, (hash & 0x7fff_ffff) % partitions, `${key} of ${partitions}`)
        }
      }
    }
  })

  test('go to the partition where the Java producer puts them', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(12)]
    const keys = Array.from({ length: 200 }, (_, index) => `${'клю-key-鍵'.slice(index % 9)}${index}`)
    await javaProduce(
      brokers,
      topic,
      keys.map((key) => ({ key, value: '0' })),
    )
    const service = await makeProducer(t, { brokers })
    const ours = await service.send(topic, keys, { key: String })
    const places = new Map<string | null, Set<number>>()
    for (const { key, partition } of await readAll(t, brokers, topic, 400)) {
      places.set(key, (places.get(key) ?? new Set()).add(partition))
    }
    assert.equal(places.size, 200)
    keys.forEach((key, index) => {
      assert.deepEqual(places.get(key), new Set([ours[index]?.partition]), key)
    })
  })

  test('that are null spread over the partitions, and an empty key is a key', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
    const service = await makeProducer(t, { brokers })
    const partitions = new Set<number>()
    const hasSpread = async () => partitions.add((await service.send(topic, 0)).partition).size === 3
    await waitFor(hasSpread, { what: 'records in each partition' })
    const empty = new Set<number>()
    for (let round = 0; round < 10; round += 1) empty.add((await service.send(topic, 0, { key: '' })).partition)
    assert.equal(empty.size, 1)
  })
})

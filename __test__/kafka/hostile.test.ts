import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { HandlerError, type KafkaError, RecordTooLargeError, SendError, TopicError } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { createTopic } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { makeProducer, makeService, Received, readAll, STOPPING } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const HOSTILE = join(__dirname, '..', 'children', 'hostile.ts')
const bed = kafkaBed()

/** Beginnings of JSON that a parser might fall over. */
const NESTED = 500_000

describe('What enemies send', { skip: bed.skip }, () => {
  test('U1: no secret is printed, and no line of the log is forged', async (t) => {
    const canary = 'c4n4ry-hunter2'
    const child = startNode(t, HOSTILE, { args: [await bed.brokers(), await bed.topic(), canary] })
    await child.waitForLine('ended', 30_000)
    assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
    assert.ok(child.stderr.length > 10_000, 'it was loud')
    assert.ok(!child.stderr.includes(canary), 'the password is not shown')
    for (const character of ['\u001b', '\r', '\u2028']) assert.ok(!child.stderr.includes(character))
    const begins = child.stderr.split('\n').filter((line) => /^(2026-01-01|FORGED)/.test(line))
    assert.deepEqual(begins, [], 'no line begins where a value says so')
    assert.match(child.stderr, /\\u001b\[31mFORGED/, 'it is shown escaped')
  })

  test('U1: bytes that are no UTF-8 and nesting without end are errors or values, and the process lives', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(8)]
    const errors: KafkaError[] = []
    const service = makeService(t, { brokers, onError: (error) => errors.push(error) })
    await service.connectProducer()
    await service.connectConsumer(randomGroup())
    const received = new Received<unknown>()
    await service.subscribe(topic, received.handler, STOPPING)
    const bad = [
      Buffer.from([0x22, 0xff, 0xfe, 0x22]),
      // a lone surrogate as some encoders write it
      Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
      Buffer.from('[1,2'),
      Buffer.from('\u0000'),
      Buffer.alloc(0),
      Buffer.from(`${'['.repeat(NESTED)}`),
      Buffer.from(`{"a":${'{"a":'.repeat(NESTED / 5)}`),
    ]
    await service.sendRecords(
      topic,
      bad.map((value, partition) => ({ value, partition, key: Buffer.from([0xff, partition]) })),
    )
    const deep = '['.repeat(NESTED / 2) + ']'.repeat(NESTED / 2)
    await service.sendRecords(topic, [{ value: deep, partition: 7 }])
    await service.send(topic, 'after', { partition: 7 })
    await received.count(2)
    assert.ok(Array.isArray(received.values[0]))
    await waitFor(() => errors.length === bad.length, { what: 'an error for each' })
    for (const error of errors) {
      assert.ok(error instanceof HandlerError)
      assert.equal((error.cause as KafkaError).code, 'NARAD_DECODE_FAILED')
      assert.ok(error.message.length < 500, `${error.message.length} characters`)
      assert.ok(JSON.stringify(error).length < 3_000)
    }
  })

  test('U1: 100 MB as a value, key, header or topic are refused at once, and nothing is sent', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const huge = 'x'.repeat(100_000_000)
    const start = performance.now()
    const attempts: Array<[() => Promise<unknown>, typeof KafkaError]> = [
      [() => service.send(topic, huge), RecordTooLargeError],
      [() => service.sendRecords(topic, [{ value: Buffer.alloc(100_000_000) }]), SendError],
      [() => service.send(topic, 1, { key: huge }), RecordTooLargeError],
      [() => service.send(topic, 1, { headers: { h: huge } }), RecordTooLargeError],
      [() => service.send(topic, 1, { headers: { [huge]: 'h' } }), RecordTooLargeError],
      [() => service.send(huge, 1), TopicError],
    ]
    for (const [attempt, expected] of attempts) {
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof expected, `${error}`.slice(0, 300))
        assert.ok(error.message.length < 1_000)
        assert.ok(JSON.stringify(error).length < 5_000, 'what is logged of it is short')
        return true
      })
    }
    assert.ok(performance.now() - start < 5_000)
    assert.equal((await service.send(topic, 1)).offset, 0)
  })

  test('U1: a record of 50 MB arrives where every limit allows it, and others with it', async (t) => {
    const [brokers, topic] = [await bed.brokers(), randomTopic()]
    await createTopic(brokers, topic, { configs: { 'max.message.bytes': '100000000' } })
    const service = await makeProducer(t, { brokers, maxRecordBytes: 90_000_000, sendBufferBytes: 200_000_000 })
    const huge = Buffer.alloc(50_000_000, 'narad')
    await service.send(topic, [Buffer.from('before'), huge, Buffer.from('after')], { codec: 'buffer' })
    const records = await readAll<Buffer>(t, brokers, topic, 3, 'buffer')
    assert.deepEqual(
      records.map(({ value }) => value.length),
      [6, 50_000_000, 5],
    )
    assert.ok(records[1]?.value.equals(huge))
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DecodeError, message, type ReadOptions } from 'narad'
import { ConsumeError, TopicError } from '../../lib/errors.ts'
import type { Bed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { read } from '../helpers/reading.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const BEGINNING = { kind: 'beginning', value: 0 } as const
const END = { kind: 'end', value: 0 } as const
const at = (value: number) => ({ kind: 'offset', value }) as const

/** What holds for every reader without a group. */
export function describeReading(bed: Bed): void {
  describe(`Reading without a group on ${bed.name}`, { skip: bed.skip }, () => {
    test('from the end reads what is written once it has started, and nothing before', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      for (const partition of [0, 1, 2]) await service.send(topic, [1, 2], { partition })
      const { values, errors, reader } = await read(t, brokers, { topic, from: END })
      assert.deepEqual(
        reader.ranges.map(({ partition, start, end }) => [partition, start, end]),
        [0, 1, 2].map((partition) => [partition, 2, undefined]),
      )
      await service.send(topic, [3], { partition: 2 })
      await service.send(topic, [4], { partition: 0 })
      await waitFor(() => values.length >= 2, { what: 'two records' })
      assert.deepEqual(values.toSorted(), ['0:4', '2:3'])
      await reader.close(5_000)
      assert.deepEqual(errors, [])
    })

    test('to a position ends when everything before it was handled, empty partitions included', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, [0, 1, 2, 3, 4], { partition: 0 })
      await service.send(topic, [0, 1], { partition: 1 })
      let handled = 0
      const all = await read(t, brokers, { topic, from: BEGINNING, to: END }, async (records) => {
        await service.send(topic, 'too late', { partition: 0 })
        handled += records.length
      })
      await all.reader.ended
      assert.equal(handled, 7)
      assert.deepEqual(all.values.toSorted(), ['0:0', '0:1', '0:2', '0:3', '0:4', '1:0', '1:1'])
      const part = await read(t, brokers, { topic, partitions: [0], from: at(1), to: at(3) })
      await part.reader.ended
      assert.deepEqual(part.values, ['0:1', '0:2'])
      const none = await read(t, brokers, { topic, partitions: [2], from: BEGINNING, to: END })
      await none.reader.ended
      assert.deepEqual(none.values, [])
    })

    // The one that failed closed the connection, since nothing else had come to its end on it yet.
    test('that fails leaves another alone that is being opened beside it', async (t) => {
      const [brokers, one, other] = [await bed.brokers(), await bed.topic(1), await bed.topic(1)]
      const sender = await makeProducer(t, { brokers })
      await sender.send(other, [1, 2])
      for (let round = 0; round < 10; round += 1) {
        const service = makeService(t, { brokers })
        const values: unknown[] = []
        const bad = assert.rejects(async () => {
          for await (const { value } of service.read(one, { from: 999, to: 'end' })) values.push(value)
        }, ConsumeError)
        for await (const { value } of service.read(other, { to: 'end' })) values.push(value)
        await bad
        assert.deepEqual(values, [1, 2])
        await service.disconnect()
      }
    })

    test('hands over no more than may be out while the handler has not ended', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.send(
        topic,
        Array.from({ length: 20_000 }, (_, index) => index),
      )
      let goOn = () => {}
      const gate = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const { values, reader } = await read(t, brokers, { topic, from: BEGINNING, to: END }, () => gate)
      await waitFor(() => values.length > 0, { what: 'the first batch' })
      assert.ok(values.length <= 1_000)
      goOn()
      await reader.ended
      assert.equal(values.length, 20_000)
      assert.deepEqual(values.slice(0, 3), ['0:0', '0:1', '0:2'])
      assert.equal(new Set(values).size, 20_000)
    })

    test('a handler that throws ends it with the error, and a close with work left ends it too', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, [1, 2, 3])
      const failing = await read(t, brokers, { topic, from: BEGINNING }, () => {
        throw new Error('no')
      })
      await assert.rejects(failing.reader.ended, { message: 'no' })
      const open = await read(t, brokers, { topic, from: BEGINNING })
      await open.reader.close(5_000)
      await assert.rejects(open.reader.ended, { code: 'NARAD_CLOSED' })
    })

    test('read() connects by itself, begins near an end of each partition, and ends where it is told', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const sender = await makeProducer(t, { brokers })
      for (const partition of [0, 1]) await sender.send(topic, [0, 1, 2, 3], { partition })
      const service = makeService(t, { brokers })
      const values = async (options: ReadOptions) => {
        const found: string[] = []
        for await (const { partition, value } of service.read(topic, options)) found.push(`${partition}:${value}`)
        return found.sort().join(' ')
      }
      assert.equal(await values({ from: { beforeEnd: 1 }, to: 'end' }), '0:3 1:3')
      assert.ok(service.isConnected)
      assert.equal(await values({ from: { afterBeginning: 3 }, to: 'end' }), '0:3 1:3')
      assert.equal(await values({ to: { afterBeginning: 1 } }), '0:0 1:0')
      assert.equal(await values({ from: { beforeEnd: 9 }, to: 2, partitions: [1] }), '1:0 1:1')
      assert.equal(await values({ signal: AbortSignal.abort() }), '')
    })

    test('read() goes on until its signal or a break, and takes no more from the brokers meanwhile', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, [1, 2])
      const stop = new AbortController()
      const seen: unknown[] = []
      for await (const { value, key } of service.read(topic, { signal: stop.signal })) {
        seen.push(value)
        if (value === 2) await service.send(topic, message(3).key('k'))
        if (key === 'k') stop.abort()
      }
      assert.deepEqual(seen, [1, 2, 3])
      for await (const { value } of service.read(topic)) {
        assert.equal(value, 1)
        break
      }
      await service.sendRecords(topic, [{ value: 'no json' }])
      const reading = service.read(topic, { from: 3 })
      await assert.rejects(reading.next(), DecodeError)
      assert.deepEqual(await reading.next(), { done: true, value: undefined })
      const open = service.read(topic, { from: 'end' })
      // it may reject before disconnect() resolves
      const isClosed = assert.rejects(open.next(), { code: 'NARAD_CLOSED' })
      await service.disconnect()
      await isClosed
    })

    test('a topic, a partition or an offset that is not there is refused', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const isTopicError = (error: unknown) => error instanceof TopicError && error.code === 'NARAD_UNKNOWN_PARTITION'
      await assert.rejects(read(t, brokers, { topic, partitions: [1], from: END }), isTopicError)
      const isRange = (error: unknown) => error instanceof ConsumeError && error.code === 'NARAD_OFFSET_OUT_OF_RANGE'
      await assert.rejects(read(t, brokers, { topic, from: at(7) }), isRange)
      await assert.rejects(read(t, brokers, { topic: randomTopic(), partitions: [99], from: END }))
    })
  })
}

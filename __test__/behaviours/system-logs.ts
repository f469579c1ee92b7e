import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SystemLogEntry, systemLogger } from 'narad'
import pino from 'pino'
import type { Bed } from '../helpers/bed.ts'
import { makeProducer, makeService, readAll } from '../helpers/service.ts'

/** What holds for every logger that ships to a topic. */
export function describeSystemLogs(bed: Bed): void {
  describe(`System logs on ${bed.name}`, { skip: bed.skip }, () => {
    test('an entry has service, level, message, data without secrets, and timestamp', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const kafka = await makeProducer(t, { brokers })
      const logger = systemLogger({ kafka, topic, service: 'payments', level: 'debug' })
      const start = Date.now()
      logger.info({ orderId: 'order-123', password: 'hunter2' }, 'Payment authorized')
      logger.child({ request: 'r-1' }).error(new Error('no bank'), 'Payment failed')
      logger.warn('a message alone')
      logger.debug({ deep: { list: [1, new Date(0), 5n] } })
      await logger.flush()
      const entries = (await readAll<SystemLogEntry>(t, brokers, topic, 4)).map(({ value }) => value)
      assert.deepEqual(
        entries.map(({ service, level, message }) => [service, level, message]),
        [
          ['payments', 'INFO', 'Payment authorized'],
          ['payments', 'ERROR', 'Payment failed'],
          ['payments', 'WARN', 'a message alone'],
          ['payments', 'DEBUG', ''],
        ],
      )
      assert.deepEqual(entries[0]?.data, { orderId: 'order-123', password: '[redacted]' })
      assert.equal(entries[1]?.data.request, 'r-1')
      assert.equal((entries[1]?.data.err as Error | undefined)?.message, 'no bank')
      assert.deepEqual(
        [entries[2]?.data, entries[3]?.data],
        [{}, { deep: { list: [1, '1970-01-01T00:00:00.000Z', '5'] } }],
      )
      for (const { timestamp } of entries) assert.ok(Math.abs(Date.parse(timestamp) - start) < 60_000, timestamp)
    })

    test('what is logged before there is a connection is sent later, and disconnect sends the rest', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const kafka = makeService(t, { brokers })
      const logger = systemLogger({ kafka, topic, service: 's' })
      logger.info('before')
      await kafka.connectProducer()
      await logger.flush()
      for (let at = 0; at < 5_000; at += 1) logger.info({ at }, 'at the end')
      await kafka.disconnect()
      const entries = await readAll<SystemLogEntry>(t, brokers, topic, 5_001)
      assert.deepEqual([entries[0]?.value.message, entries[5_000]?.value.data], ['before', { at: 4_999 }])
      assert.equal(logger.dropped, 0)
      logger.info('after')
    })

    // Each entry that was sent would be logged as sent, and so without an end.
    test("a logger that is its own service's at the level debug does not log because of itself", async (t) => {
      const [brokers, topic, other] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const kafka = makeService(t, { brokers, logLevel: 'silent' })
      const logger = systemLogger({ kafka, topic, service: 's', level: 'debug' })
      kafka.init({ brokers, logLevel: 'debug', logger })
      await kafka.connectProducer()
      await kafka.send(other, 1)
      await logger.flush()
      await kafka.send(other, 2)
      await kafka.disconnect()
      const reader = await readAll<SystemLogEntry>(t, brokers, other, 2)
      assert.equal(reader.length, 2)
      // both sends of the test, and none of the logger's own
      const seen = new Set<string>()
      const entries = makeService(t, { brokers })
      const abort = new AbortController()
      const of: SystemLogEntry[] = []
      for await (const { value } of entries.stream<SystemLogEntry>(topic, {
        ...{ group: `reader-of-${topic}`, fromBeginning: true, signal: abort.signal },
      })) {
        of.push(value)
        seen.add(String(value.data.topic))
        if (of.filter(({ data }) => data.topic === other).length === 2) abort.abort()
      }
      assert.equal(seen.has(topic), false)
    })

    test('pino writes to it', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const kafka = await makeProducer(t, { brokers })
      const logs = systemLogger({ kafka, topic, service: 'checkout' })
      const logger = pino({ base: null }, logs.destination)
      logger.info({ cart: 7 }, 'paid')
      logger.child({ user: 'u' }).fatal(new Error('broken'))
      logger.debug("below pino's level")
      await logs.flush()
      const entries = (await readAll<SystemLogEntry>(t, brokers, topic, 2)).map(({ value }) => value)
      const [paid, broken] = entries
      assert.deepEqual(
        [paid?.service, paid?.level, paid?.message, paid?.data],
        ['checkout', 'INFO', 'paid', { cart: 7 }],
      )
      assert.deepEqual([broken?.level, broken?.message, broken?.data.user], ['FATAL', 'broken', 'u'])
      assert.equal((broken?.data.err as { type?: string } | undefined)?.type, 'Error')
    })

    test('hostile fields neither throw nor stop what comes after', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const kafka = await makeProducer(t, { brokers })
      const logger = systemLogger({ kafka, topic, service: 's' })
      const circular: Record<string, unknown> = {}
      circular.self = circular
      const throwing = {
        get field() {
          throw new Error('no')
        },
      }
      logger.info(circular, 'circular')
      logger.info(throwing, 'throwing')
      logger.child(throwing).info('child')
      logger.info(null as never)
      logger.info(5 as never, Symbol('s') as never)
      logger.info({ big: 'x'.repeat(8_000_000) }, 'larger than a record may be')
      logger.destination.write('no json')
      logger.info('still here')
      await logger.flush(20_000)
      assert.equal(logger.dropped, 1)
      const read = makeService(t, { brokers })
      const messages: string[] = []
      for await (const { value } of read.stream<SystemLogEntry>(topic, {
        ...{ group: `reader-of-${topic}`, fromBeginning: true },
      })) {
        messages.push(value.message)
        if (value.message === 'still here') break
      }
      assert.deepEqual(
        messages.filter((message) => message !== ''),
        ['circular', 'throwing', 'child', 'still here'],
      )
    })
  })
}

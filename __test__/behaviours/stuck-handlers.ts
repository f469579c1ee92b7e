import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ConsumerReport,
  type DisconnectReport,
  HandlerTimeoutError,
  type RecordContext,
  type RetryEvent,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
/** What a call may take beyond its deadline: two busy cores. */
const GRACE_MS = 700

/** Handlers that end late or never, or that call the service they belong to. */
export function describeStuckHandlers(bed: Bed): void {
  describe(`Handlers that are stuck on ${bed.name}`, { skip: bed.skip }, () => {
    test('C7: one that never settles meets its deadline, holds its lane alone, and disconnect is bounded', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      const received = new Received<number>()
      const retries: RetryEvent[] = []
      service.on('retry', (event) => retries.push(event))
      const signals: AbortSignal[] = []
      const handler = (value: number, context: RecordContext) => {
        if (value !== 0) return received.handler(value, context)
        signals.push(context.signal)
        return new Promise<void>(() => {})
      }
      await service.subscribe<number>(topic, handler, { concurrency: 1, timeoutMs: 200 })
      await service.send(topic, numbers(100), { key: (value) => `k${value % 10}` })
      await received.count(90)
      const [signal] = signals
      assert.ok(signal?.aborted && signal.reason instanceof HandlerTimeoutError)
      const start = performance.now()
      const report = await service.disconnect({ timeoutMs: 1_500 })
      assert.ok(performance.now() - start < 1_500 + GRACE_MS)
      assert.equal(signals.length, 1, 'it is not called again while its old call runs')
      const [{ unfinished, leftGroup, blocked }] = report.groups as [ConsumerReport]
      assert.deepEqual([report.undelivered, unfinished, leftGroup], [0, 1, true])
      assert.deepEqual(
        blocked.map(({ key, attempt, doing }) => [key, attempt, doing]),
        [['k0', 1, 'handler']],
      )

      const again = new Received<number>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<number>(topic, again.handler)
      await again.count(100)
    })

    test('C8: one that sends and subscribes in the middle of a record is answered, with no worker to spare', async (t) => {
      const [brokers, topic, second] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      const handler = async (value: number) => {
        if (value === 0) await service.subscribe<number>(second, received.handler)
        await service.send(second, value)
      }
      await service.subscribe<number>(topic, handler, { concurrency: 1 })
      await service.send(topic, numbers(20), { partition: 0 })
      await received.count(20)
      const report = await service.disconnect()
      assert.deepEqual(
        report.groups.map(({ unfinished }) => unfinished),
        [0],
      )
    })

    test('C8: one that waits for the disconnect of its own service gets it by the deadline, and its record comes again', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(group)
      let tookMs = 0
      let report: DisconnectReport | undefined
      await service.subscribe<number>(topic, async () => {
        const start = performance.now()
        report = await service.disconnect({ timeoutMs: 1_500 })
        tookMs = performance.now() - start
      })
      await service.send(topic, 1)
      await waitFor(() => tookMs > 0, { what: 'disconnect to resolve in the handler' })
      assert.ok(tookMs < 1_500 + GRACE_MS, `${tookMs} ms`)
      const [blocked] = report?.groups[0]?.blocked ?? []
      assert.deepEqual([blocked?.topic, blocked?.doing], [topic, 'handler'])
      const again = new Received<number>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<number>(topic, again.handler)
      await again.count(1)
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ArgumentError,
  type DedupeStore,
  dedupe,
  type KafkaError,
  memoryStore,
  message,
  type RecordContext,
  type StandardSchema,
  timeout,
  validate,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

/** Takes numbers, and doubles them. */
const doubled: StandardSchema<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: `got ${value}`, path: [] }] },
  },
}

/** A store that tells what it was asked. */
function watched(store: DedupeStore): DedupeStore & { readonly completed: string[] } {
  const completed: string[] = []
  return {
    completed,
    claim: (id, ttlMs) => store.claim(id, ttlMs),
    complete(id) {
      completed.push(id)
      return store.complete(id)
    },
    release: (id) => store.release(id),
  }
}

/** What holds for the middleware in the box. */
export function describeBuiltInMiddleware(bed: Bed): void {
  describe(`The middleware in the box on ${bed.name}`, { skip: bed.skip }, () => {
    test('dedupe hands one on of the records with an id, to each group, and single records as well as batches', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      const store = watched(memoryStore())
      service.use(dedupe({ store }))
      const groups = [randomGroup(), randomGroup()]
      const received = [new Received<number>(), new Received<number>()] as const
      const fromBeginning = true
      for (const group of groups) await service.connectConsumer(group)
      const sent = [1, 2, 1, 3, 2].map((value) => message(value).key('k').header('x-message-id', `m-${value}`))
      await service.send(topic, sent)
      await service.send(topic, [4, 4])
      await service.subscribe<number>(topic, received[0].handler, { group: groups[0] as string, fromBeginning })
      await service.subscribe<number>(topic, received[1].batchHandler, {
        group: groups[1] as string,
        fromBeginning,
        batch: { maxMessages: 1 },
      })
      for (const one of received) {
        await waitFor(() => one.values.length >= 5, { what: 'five records' })
        assert.deepEqual([...one.values].sort(), [1, 2, 3, 4, 4])
      }
      await waitFor(() => store.completed.length === 10, { what: 'all of them to be completed' })
    })

    test('dedupe skips, after a restart, what was handled before', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const store = memoryStore()
      const group = randomGroup()
      const received = new Received<number>()
      for (const value of [1, 2]) {
        const service = await makeProducer(t, { brokers })
        await service.connectConsumer(group)
        await service.subscribe<number>(topic, received.handler, { use: [dedupe({ store, id: () => 'the same' })] })
        await service.send(topic, value)
        await waitFor(() => received.values.length > 0, { what: 'the first record' })
        await service.disconnect()
      }
      assert.deepEqual(received.values, [1])
    })

    test('validate hands on what the schema makes of a message, and sends nothing that does not fit', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      service.use(validate(doubled, { topics: topic }))
      const error = await service.send(topic, [1, 'canary', 3]).catch((reason: unknown) => reason)
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, /Message 1 for .* does not fit its schema: the value itself\.$/)
      await service.send(topic, [1, 2])
      assert.deepEqual(
        (await readAll(t, brokers, topic, 2)).map(({ value }) => value),
        [2, 4],
      )
      await service.connectConsumer(randomGroup())
      const received = new Received<number>()
      await service.subscribe<number>(topic, received.handler, { fromBeginning: true })
      await received.count(2)
      assert.deepEqual(received.values, [4, 8])
    })

    test('a failure of a middleware is the record’s, and names its cause', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const errors: KafkaError[] = []
      const service = await makeProducer(t, { brokers, onError: (error) => errors.push(error) })
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, () => assert.fail('the handler ran'), {
        use: [validate(doubled)],
        dlq: false,
        onExhausted: 'stop',
      })
      await service.send(topic, 'canary')
      await waitFor(() => errors.length > 0, { what: 'the error' })
      const text = JSON.stringify(errors)
      assert.match(text, /does not fit its schema/)
      assert.doesNotMatch(text, /canary/)
    })

    test('timeout aborts the signal of a handler that is too slow', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers, onError: () => {} })
      await service.connectConsumer(randomGroup())
      const reasons: unknown[] = []
      const slow = (_value: unknown, { signal }: RecordContext) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as KafkaError).code)
            resolve()
          })
        })
      await service.subscribe(topic, slow, { use: [timeout({ ms: 30 })] })
      await service.send(topic, 1)
      await waitFor(() => reasons.length > 0, { what: 'the abort' })
      assert.equal(reasons[0], 'NARAD_HANDLER_TIMEOUT')
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { correlation, HEADERS, message } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, Received, readAll } from '../helpers/service.ts'

/** What the middleware `correlation` hands on. */
export function describeCorrelation(bed: Bed): void {
  describe(`Correlation on ${bed.name}`, { skip: bed.skip }, () => {
    test('what a handler sends, before and after awaits and from timers, has the ids of its record', async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(3), await bed.topic()]
      const service = (await makeProducer(t, { brokers })).use(correlation())
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(from, async (value) => {
        const first = service.send(to, value)
        await nextTurn()
        await service.send(to, value)
        setTimeout(() => void service.send(to, value), 1)
        await first
      })
      const values = Array.from({ length: 40 }, (_, index) => index)
      await service.send(
        from,
        values.map((value) =>
          message(value)
            .correlationId(`c-${value}`)
            .conversationId(`v-${value}`)
            .header(HEADERS.messageId, `m-${value}`),
        ),
      )
      for (const { value, headers } of await readAll<number>(t, brokers, to, values.length * 3)) {
        assert.deepEqual(headers, {
          'x-correlation-id': `c-${value}`,
          'x-causation-id': `m-${value}`,
          'x-conversation-id': `v-${value}`,
        })
      }
    })

    test('a record without a correlation begins one under its own id, one without any id hands nothing on', async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const service = (await makeProducer(t, { brokers })).use(correlation())
      await service.connectConsumer(randomGroup())
      await service.subscribe<string>(from, (value) => service.send(to, value))
      await service.send(from, message('with an id').header(HEADERS.messageId, 'm-1'))
      await service.send(from, 'without')
      const headersOf = Object.fromEntries(
        (await readAll<string>(t, brokers, to, 2)).map(({ value, headers }) => [value, headers]),
      )
      assert.deepEqual(headersOf, {
        'with an id': { 'x-correlation-id': 'm-1', 'x-causation-id': 'm-1' },
        without: {},
      })
    })

    test('a send keeps ids of its own, and what is sent outside of a handler or by a batch handler gets none', async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const service = (await makeProducer(t, { brokers })).use(correlation())
      await service.connectConsumer(randomGroup())
      await service.subscribe<string>(from, (value) => service.send(to, message(value).correlationId('own')))
      await service.connectConsumer(randomGroup())
      const batches = new Received<string>()
      await service.subscribe<string>(
        from,
        async (values, context) => {
          batches.batchHandler(values, context)
          await service.send(to, `batch: ${values}`)
        },
        { batch: true },
      )
      await service.send(from, message('single').correlationId('c').header(HEADERS.messageId, 'm'))
      await service.send(to, 'outside')
      await batches.count(1)
      const headersOf = Object.fromEntries(
        (await readAll<string>(t, brokers, to, 3)).map(({ value, headers }) => [value, headers]),
      )
      assert.deepEqual(headersOf, {
        single: { 'x-correlation-id': 'own', 'x-causation-id': 'm' },
        'batch: single': {},
        outside: {},
      })
    })

    test('records handled side by side do not mix their ids', async (t) => {
      const [brokers, from, to] = [await bed.brokers(), await bed.topic(), await bed.topic()]
      const service = (await makeProducer(t, { brokers })).use(correlation())
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(
        from,
        async (value) => {
          await delay(Math.random() * 5)
          await service.send(to, value)
        },
        { concurrency: 32 },
      )
      await service.send(
        from,
        Array.from({ length: 300 }, (_, index) => message(index).correlationId(`c-${index}`)),
      )
      for (const { value, headers } of await readAll<number>(t, brokers, to, 300)) {
        assert.equal(headers['x-correlation-id'], `c-${value}`)
      }
    })
  })
}

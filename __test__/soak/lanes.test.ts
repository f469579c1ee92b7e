import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService, type RecordContext, TransientError } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const KEYS = 1_000
const FAILS_MS = 30_000
const bed = kafkaBed()

/** Sends values that count up within each key. */
async function fill(topic: string, records: number): Promise<void> {
  const producer = createKafkaService({ brokers: await bed.brokers() }).init()
  await producer.connectProducer()
  const size = 10_000
  for (let from = 0; from < records; from += size) {
    const values = Array.from({ length: size }, (_, index) => from + index)
    await producer.send(topic, values, { key: (value) => `k${value % KEYS}` })
  }
  await producer.disconnect()
}

describe('Lanes', { skip: bed.skip }, () => {
  test('handlers that wait for 10 ms handle 20,000 records a second, each key in order', async (t) => {
    const [brokers, topic, records] = [await bed.brokers(), await bed.topic(3), 200_000]
    await fill(topic, records)
    const service = makeService(t, { brokers })
    await service.connectConsumer(randomGroup())
    const last = new Map<string | null, number>()
    let [handled, disordered, firstMs] = [0, 0, 0]
    const handler = async (value: number, { key }: RecordContext) => {
      firstMs ||= performance.now()
      await delay(10)
      if (value < (last.get(key) ?? -1)) disordered += 1
      last.set(key, value)
      handled += 1
    }
    await service.subscribe<number>(topic, handler, { fromBeginning: true, concurrency: 256 })
    await waitFor(() => handled >= records, { what: 'all records', timeoutMs: 60_000 })
    const perSecond = Math.round((handled / (performance.now() - firstMs)) * 1_000)
    t.diagnostic(`${perSecond} records a second`)
    assert.deepEqual([handled, disordered], [records, 0])
    assert.ok(perSecond >= 20_000, `${perSecond} records a second`)
  })

  describe('with a key that fails for 30 s', () => {
    let topic: string
    before(async () => {
      topic = await bed.topic(3)
      await fill(topic, 900_000)
    })

    /** Records of the other keys that are handled while one key fails, or does not. */
    async function handledOfOthers(scope: Scope, fails: boolean): Promise<number> {
      const service = makeService(scope, { brokers: await bed.brokers() })
      await service.connectConsumer(randomGroup())
      let [handled, failed, firstMs] = [0, 0, 0]
      const handler = async (_: number, { key }: RecordContext) => {
        firstMs ||= performance.now()
        await delay(2)
        if (key !== 'k7') handled += 1
        else if (fails) {
          failed += 1
          throw new TransientError('on purpose')
        }
      }
      const retry = { maxRetries: 1_000, maxDelayMs: 500 }
      await service.subscribe<number>(topic, handler, { fromBeginning: true, concurrency: 64, retry })
      const isOver = () => firstMs > 0 && performance.now() - firstMs >= FAILS_MS
      await waitFor(isOver, { what: 'the time to pass', timeoutMs: FAILS_MS + 10_000 })
      const result = handled
      assert.equal(failed > 10, fails)
      await service.disconnect({ timeoutMs: 2_000 })
      return result
    }

    test('C4: the others are handled as fast as without it', async (t) => {
      const without = await handledOfOthers(t, false)
      const beside = await handledOfOthers(t, true)
      t.diagnostic(`${without} records in ${FAILS_MS} ms without it, ${beside} beside it`)
      assert.ok(without < 890_000, 'the topic held enough')
      assert.ok(beside >= 0.9 * without, `${beside} of ${without}`)
    })
  })
})

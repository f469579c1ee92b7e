import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type KafkaService, RequestError } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'

const bed = kafkaBed()

async function responder(t: Scope, topic: string, group: string): Promise<KafkaService> {
  const service = await makeProducer(t, { brokers: await bed.brokers() })
  await service.connectConsumer(group)
  await service.reply(topic, (value) => value)
  return service
}

/** Keeps `inFlight` requests waiting until all are settled. */
async function run(count: number, inFlight: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) {
      next += 1
      await one(next - 1)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

const quantile = (sorted: Float64Array, share: number) => sorted[Math.floor(sorted.length * share)] as number

describe('Requests under load on Kafka', { skip: bed.skip }, () => {
  test('with 100 in flight each gets its own reply, and how long that takes is told', async (t) => {
    const topic = await bed.topic(4)
    await responder(t, topic, randomGroup())
    const service = await makeProducer(t, { brokers: await bed.brokers(), clientId: topic })
    const measure = async (count: number) => {
      const times = new Float64Array(count)
      await run(count, 100, async (index) => {
        const begin = performance.now()
        assert.equal(await service.request(topic, index), index)
        times[index] = performance.now() - begin
      })
      return times.sort()
    }
    await measure(2_000)
    const begin = performance.now()
    const times = await measure(10_000)
    const rate = 10_000 / ((performance.now() - begin) / 1_000)
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
    t.diagnostic(`p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${Math.round(rate)} requests a second`)
    const lone = new Float64Array(300)
    await run(300, 1, async (index) => {
      const start = performance.now()
      await service.request(topic, index)
      lone[index] = performance.now() - start
    })
    lone.sort()
    t.diagnostic(`one in flight: p50 ${quantile(lone, 0.5).toFixed(2)} ms, p99 ${quantile(lone, 0.99).toFixed(2)} ms`)
  })

  test('of 10,000 requests with a responder that is restarted, each settles once', async (t) => {
    const [topic, group] = [await bed.topic(4), randomGroup()]
    let current = await responder(t, topic, group)
    const service = await makeProducer(t, { brokers: await bed.brokers(), clientId: topic })
    const settled = new Uint8Array(10_000)
    let replies = 0
    let timeouts = 0
    let restart: Promise<void> | undefined
    await run(10_000, 200, async (index) => {
      if (index === 4_000) {
        restart = (async () => {
          await current.disconnect()
          current = await responder(t, topic, group)
        })()
      }
      try {
        assert.equal(await service.request(topic, index, { timeoutMs: 10_000 }), index)
        replies += 1
      } catch (error) {
        assert.ok(error instanceof RequestError, String(error))
        timeouts += 1
      }
      settled[index] = (settled[index] as number) + 1
    })
    await restart
    assert.ok(settled.every((times) => times === 1))
    assert.deepEqual(service.requestCounts.pending, 0)
    const { unclaimed } = service.requestCounts
    t.diagnostic(`${replies} replies, ${timeouts} timeouts, ${unclaimed} replies that nobody waited for`)
    assert.equal(replies + timeouts, 10_000)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SendError } from 'narad'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const SEND_TIMEOUT_MS = 2_000
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

describe('A broker that is frozen longer than sends may take', { skip: ownClusterSkip() }, () => {
  test('B3: makes them reject with a timeout that says whether they may be in the log, and everything goes on after it', async (t) => {
    const cluster = await ownCluster(t)
    const [brokers, topic] = [cluster.brokers, randomTopic()]
    await createTopic(brokers, topic, { partitions: 2 })
    const service = await makeProducer(t, { brokers, sendTimeoutMs: SEND_TIMEOUT_MS })
    await service.connectConsumer(randomGroup())
    const received = new Received<number>()
    await service.subscribe<number>(topic, received.handler)
    await service.send(topic, numbers(100), { key: String })
    await received.count(100)

    cluster.freeze(0)
    const frozen = numbers(100, 100)
    const start = performance.now()
    const outcomes = await Promise.allSettled(frozen.map((value) => service.send(topic, value, { key: String(value) })))
    const tookMs = performance.now() - start
    cluster.resume(0)
    assert.ok(tookMs < SEND_TIMEOUT_MS + 2_000, `they took ${tookMs} ms`)
    let unsure = 0
    const surelyNot: number[] = []
    outcomes.forEach((outcome, index) => {
      assert.ok(outcome.status === 'rejected', 'nobody acknowledged it')
      const error: unknown = outcome.reason
      assert.ok(error instanceof SendError, `${error}`)
      assert.deepEqual([error.code, error.retriable], ['NARAD_SEND_TIMEOUT', true])
      assert.equal(error.message.includes('may be in the log'), error.maybeInLog, error.message)
      if (error.maybeInLog) unsure += 1
      else surelyNot.push(frozen[index] as number)
    })
    assert.ok(unsure > 0, 'some were on their way')

    await service.send(topic, numbers(100, 200), { key: String })
    const after = numbers(100, 200)
    const isHandled = () => after.every((value) => received.values.includes(value))
    await waitFor(isHandled, { what: 'what was sent afterwards', timeoutMs: 20_000 })
    const seen = new Set(received.values)
    assert.equal(seen.size, received.values.length, 'nothing comes twice')
    assert.deepEqual(
      surelyNot.filter((value) => seen.has(value)),
      [],
      'what was said not to be in the log is not there',
    )
    const witness = makeService(t, { brokers })
    await witness.connectConsumer(randomGroup())
    const log = new Received<number>()
    await witness.subscribe<number>(topic, log.handler, { fromBeginning: true })
    await log.count(seen.size)
  })
})

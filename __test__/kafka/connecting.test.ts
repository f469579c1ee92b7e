import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ClosedError, ConnectionError, type KafkaError } from 'narad'
import { makeService } from '../helpers/service.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'

async function failure(action: Promise<unknown>): Promise<{ error: KafkaError; tookMs: number }> {
  const start = performance.now()
  const error = await action.then(
    () => assert.fail('it should have rejected'),
    (reason: KafkaError) => reason,
  )
  return { error, tookMs: performance.now() - start }
}

describe('Connecting', () => {
  test('B9: to a peer that takes connections and says nothing rejects at its deadline', async (t) => {
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: 1 } })
    t.after(() => proxy.stop())
    proxy.halfOpen()
    const service = makeService(t, { brokers: proxy.address, connectionTimeoutMs: 1_500 })
    const { error, tookMs } = await failure(service.connectProducer())
    assert.ok(error instanceof ConnectionError)
    assert.ok(tookMs > 1_300 && tookMs < 2_500, `${tookMs} ms`)
  })

  // A disconnect of the same tick found nothing to close yet, and the clients that were started after it waited for
  // their whole time.
  for (const waitMs of [undefined, 0, 100]) {
    test(`ends with disconnect, called ${waitMs === undefined ? 'in the same tick' : `after ${waitMs} ms`}`, async (t) => {
      const service = makeService(t, { brokers: 'localhost:1', connectionTimeoutMs: 20_000 })
      const connecting = Promise.all([failure(service.connectProducer()), failure(service.connectConsumer('group'))])
      if (waitMs !== undefined) await delay(waitMs)
      const start = performance.now()
      await service.disconnect()
      for (const { error } of await connecting) assert.ok(error instanceof ClosedError, `${error}`)
      assert.ok(performance.now() - start < 1_000)
    })
  }
})

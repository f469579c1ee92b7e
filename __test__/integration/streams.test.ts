import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeStreams } from '../behaviours/streams.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { makeService } from '../helpers/service.ts'

describeStreams(embeddedBed())

test('in log-only mode a stream waits, and ends with the service', async (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  const stream = await service.stream('orders', { group: 'g' }).ready()
  const waiting = stream.next()
  await service.disconnect()
  assert.deepEqual(await waiting, { done: true, value: undefined })
  const next = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  await next.stream('orders', { group: 'g' }).return()
})

test('a stream refuses options that only a handler has, and needs a group', (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  const refused = { code: 'NARAD_UNKNOWN_OPTION' }
  assert.throws(() => service.stream('orders', { group: 'g', concurrency: 2 } as never), refused)
  assert.throws(() => service.stream('orders', { group: 'g', timeoutMs: 2 } as never), refused)
  assert.throws(() => service.stream('orders', { group: 'g', signal: 1 } as never), /"signal" must be an AbortSignal/)
  assert.throws(() => service.stream('orders'), /group is needed/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawConsumer } from '../helpers/native-consumer.ts'
import { waitFor } from '../helpers/wait.ts'

const BLOCKED_MS = 1_000
const MOST = 256

// N1: errors and log lines gathered without a bound for an event loop that was blocked.
test('log lines that a blocked event loop cannot take are dropped and counted', async (t) => {
  const chatty = { debug: 'all', 'reconnect.backoff.ms': '1', 'reconnect.backoff.max.ms': '1' }
  const nobody = Array.from({ length: 20 }, (_, index) => `127.0.0.1:${index + 1}`).join()
  const raw = rawConsumer(t, { 'bootstrap.servers': nobody, ...chatty })
  await waitFor(() => raw.logs.length > MOST, { what: 'as many log lines' })
  raw.logs.length = 0
  // synchronous on purpose
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS)
  const told = () => raw.logs.findIndex((text) => text.includes('were dropped while the event loop was blocked'))
  await waitFor(() => told() >= 0, { what: 'a line about those that were dropped' })
  assert.ok(told() <= MOST, `${told()} lines came before it`)
})

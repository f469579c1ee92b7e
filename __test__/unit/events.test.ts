import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { KafkaError } from '../../lib/errors.ts'
import { ServiceEmitter } from '../../lib/events.ts'

test('an error that nobody listens to is not thrown, and emit says that nobody heard it', () => {
  const emitter = new ServiceEmitter()
  assert.equal(emitter.emit('error', new KafkaError('lost')), false)
  emitter.on('error', () => {})
  assert.equal(emitter.emit('error', new KafkaError('heard')), true)
})

// It was thrown into whoever emitted: into the native side's callback, or into the worker that was about to report a
// failed record, which then counted as running for ever.
test('a listener that throws is an uncaught exception, and the emitter goes on', async (t) => {
  const emitter = new ServiceEmitter()
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  t.after(() => {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  })
  const uncaught = once(process, 'uncaughtException')
  emitter.on('connected', () => {
    throw new Error('mine')
  })
  assert.equal(emitter.emit('connected'), true)
  const [error] = await uncaught
  assert.equal((error as Error).message, 'mine')
})

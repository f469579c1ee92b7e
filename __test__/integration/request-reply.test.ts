import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArgumentError, KafkaError, NotConnectedError } from 'narad'
import { describeRequestReply } from '../behaviours/request-reply.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { makeProducer, makeService } from '../helpers/service.ts'

const bed = embeddedBed()

describeRequestReply(bed)

test('a service that only logs refuses requests, because nobody could reply', async (t) => {
  const service = makeService(t, { devMode: 'log', brokers: 'localhost:1' })
  await service.connectProducer()
  await assert.rejects(service.request('orders', 1), NotConnectedError)
})

test('a request without a connected producer, and wrong options, are refused by name', async (t) => {
  const brokers = await bed.brokers()
  const idle = makeService(t, { brokers })
  await assert.rejects(idle.request('orders', 1), NotConnectedError)
  const service = await makeProducer(t, { brokers })
  const isNear = (error: unknown) => error instanceof KafkaError && /"timeoutMs"/.test(error.message)
  await assert.rejects(service.request('orders', 1, { timeoutMS: 5 } as object), isNear)
  await assert.rejects(service.request('orders', 1, { peer: 'rest' as never }), ArgumentError)
  await assert.rejects(service.request('orders', 1, { timeoutMs: 0 }), ArgumentError)
  await assert.rejects(service.request('orders', 1, { replyTopic: 'a b' }), KafkaError)
  await assert.rejects(service.request('orders', 1, { replyTopic: 'orders' }), ArgumentError)
  assert.throws(() => service.requestMany('orders', 1, { count: 0 }), ArgumentError)
  await assert.rejects(service.reply('orders', 1 as never), ArgumentError)
  await assert.rejects(
    service.reply('orders', () => {}, { peer: 'spring' }),
    /replyTopics/,
  )
  await assert.rejects(
    service.reply('orders', () => {}, { commit: 'manual' } as object),
    /commit/,
  )
  assert.equal(service.requestCounts.pending, 0)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ClosedError,
  type KafkaService,
  message,
  PermanentError,
  REPLY_HEADERS,
  type RecordHandler,
  RemoteError,
  type ReplyOptions,
  RequestError,
} from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

/** A service that answers, in a group of its own. */
async function responder(
  t: Scope,
  brokers: string,
  topic: string,
  handler: RecordHandler<never>,
  options: ReplyOptions<never> = {},
): Promise<KafkaService> {
  const service = await makeProducer(t, { brokers })
  await service.connectConsumer(randomGroup())
  await service.reply(topic, handler, options)
  return service
}

/** What holds for every request and its reply. */
export function describeRequestReply(bed: Bed): void {
  describe(`Request and reply on ${bed.name}`, { skip: bed.skip }, () => {
    test('a request resolves to what the handler gave, the first one included, and many at once each to its own', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      await responder(t, brokers, topic, (value: number) => ({ twice: value * 2 }))
      const service = await makeProducer(t, { brokers, clientId: `requester-${topic}` })
      assert.deepEqual(await service.request(topic, 21), { twice: 42 })
      const replies = await Promise.all(Array.from({ length: 500 }, (_, index) => service.request(topic, index)))
      assert.deepEqual(
        replies,
        Array.from({ length: 500 }, (_, index) => ({ twice: index * 2 })),
      )
      assert.deepEqual(service.requestCounts, { pending: 0, unclaimed: 0, late: 0 })
    })

    test('keys, headers and builders reach the handler, and no value is null', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const received = new Received<unknown>()
      await responder(t, brokers, topic, received.handler)
      const service = await makeProducer(t, { brokers, clientId: topic })
      assert.equal(await service.request(topic, message('a').key('k').header('h', '1'), { headers: { i: '2' } }), null)
      const [record] = received.records
      assert.deepEqual([record?.value, record?.key, record?.headers.h, record?.headers.i], ['a', 'k', '1', '2'])
    })

    test('what the handler throws crosses as name, code and message, without secrets or stack', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      let calls = 0
      await responder(t, brokers, topic, () => {
        calls += 1
        throw Object.assign(new RangeError('no such order; password=hunter2'), { code: 'ENOORDER' })
      })
      const service = await makeProducer(t, { brokers, clientId: topic })
      const error = await service.request(topic, 1).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof RemoteError)
      assert.deepEqual(
        [error.code, error.remoteName, error.remoteCode, error.topic, error.retriable],
        ['NARAD_REMOTE', 'RangeError', 'ENOORDER', topic, false],
      )
      assert.match(error.message, /no such order; password=\[redacted\]/)
      assert.match(error.stack ?? '', /request-reply\.ts/)
      assert.equal(calls, 1)
      const [reply] = await readAll(t, brokers, `${topic}.replies`, 1)
      assert.ok(!JSON.stringify(reply).includes('hunter2'))
      assert.ok(!JSON.stringify(reply).includes('    at '))
    })

    test('without a reply in time it rejects, and a request that comes too late is not handled', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(1), randomGroup()]
      const service = await makeProducer(t, { brokers, clientId: topic })
      const late = { [REPLY_HEADERS.topic]: `${topic}.replies`, [REPLY_HEADERS.deadline]: String(Date.now() - 1) }
      await service.send(topic, 'late', { headers: { [REPLY_HEADERS.id]: 'x', ...late } })
      await assert.rejects(
        service.request(`${topic}-nobody`, 1, { timeoutMs: 300 }),
        (error) => error instanceof RequestError && error.code === 'NARAD_REQUEST_TIMEOUT',
      )
      const handled: unknown[] = []
      const other = await makeProducer(t, { brokers })
      await other.connectConsumer(group)
      await other.reply(topic, (value) => void handled.push(value), { fromBeginning: true })
      await service.request(topic, 'in time')
      assert.deepEqual(handled, ['in time'])
      assert.equal(other.requestCounts.late, 1)
    })

    test('a reply that nobody waits for any more is counted, and is no error', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      let answer = () => {}
      const gate = new Promise<void>((resolve) => {
        answer = resolve
      })
      let isAsked = false
      await responder(t, brokers, topic, () => {
        isAsked = true
        return gate
      })
      const service = await makeProducer(t, { brokers, clientId: topic })
      const controller = new AbortController()
      const request = service.request(topic, 1, { signal: controller.signal })
      await waitFor(() => isAsked, { what: 'the request' })
      controller.abort(new Error('enough'))
      await assert.rejects(request, { message: 'enough' })
      answer()
      await waitFor(() => service.requestCounts.unclaimed === 1, { what: 'the reply' })
    })

    test('a signal and a disconnect end what waits, each with its own error', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers, clientId: topic })
      const controller = new AbortController()
      const aborted = service.request(topic, 1, { signal: controller.signal })
      const pending = [service.request(topic, 2), service.request(topic, 3)]
      await waitFor(() => service.requestCounts.pending === 3, { what: 'three requests' })
      controller.abort(new Error('enough'))
      await assert.rejects(aborted, { message: 'enough' })
      await assert.rejects(service.request(topic, 1, { signal: controller.signal }), { message: 'enough' })
      // the reader of replies is there
      await assert.rejects(service.request(topic, 4, { timeoutMs: 1_000 }), RequestError)
      const ends = Promise.allSettled(pending)
      await service.disconnect()
      for (const end of await ends) {
        assert.ok(end.status === 'rejected' && end.reason instanceof ClosedError, String(end))
        assert.equal(end.reason.topic, topic)
      }
    })

    test('no more requests wait than may', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      const service = await makeProducer(t, { brokers, clientId: topic })
      const waiting = [1, 2].map((value) => service.request(topic, value, { timeoutMs: 1_000 }))
      const isFull = (error: unknown) => error instanceof RequestError && error.code === 'NARAD_TOO_MANY_REQUESTS'
      await assert.rejects(service.request(topic, 3, { maxPending: 2 }), isFull)
      for (const one of await Promise.allSettled(waiting)) assert.equal(one.status, 'rejected')
    })

    test('several responders reply to one request, up to the count or until the time is over', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      for (const name of ['a', 'b']) await responder(t, brokers, topic, () => name)
      await responder(t, brokers, topic, () => {
        throw new TypeError('c')
      })
      const service = await makeProducer(t, { brokers, clientId: topic })
      const names: string[] = []
      for await (const reply of service.requestMany<string>(topic, 1, { count: 3 })) {
        names.push(reply.status === 'fulfilled' ? reply.value : (reply.reason as RemoteError).remoteName)
      }
      assert.deepEqual(names.sort(), ['TypeError', 'a', 'b'])
      const all = await service.requestMany(topic, 1, { timeoutMs: 3_000 }).toArray()
      assert.equal(all.length, 3)
      for await (const _ of service.requestMany(topic, 1)) break
      assert.equal(service.requestCounts.pending, 0)
    })

    // The header of a request says where its reply goes: whoever may send requests could have replies written anywhere.
    test('a reply goes to topics that are allowed, and a request for another one is a permanent failure', async (t) => {
      const [brokers, topic, secret] = [await bed.brokers(), await bed.topic(1), await bed.topic(1)]
      const handled: unknown[] = []
      const failures: string[] = []
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      service.on('deadLetter', ({ error }) => failures.push(error.message))
      await service.reply(topic, (value) => void handled.push(value))
      const headers = (replyTopic: string, partition = '0') => ({
        [REPLY_HEADERS.id]: 'x',
        [REPLY_HEADERS.topic]: replyTopic,
        [REPLY_HEADERS.partition]: partition,
      })
      await service.send(topic, 1, { headers: headers(secret) })
      await service.send(topic, 2, { headers: headers('../etc') })
      await service.send(topic, 3, { headers: headers('any.replies', '-1') })
      await service.send(topic, 4)
      await waitFor(() => failures.length === 3 && handled.length === 1, { what: 'three dead letters' })
      assert.deepEqual(handled, [4])
      assert.match(failures.join(), new RegExp(`${secret}.*replyTopics`))
      const other = await makeProducer(t, { brokers, clientId: `other-${topic}` })
      const allowed = await bed.topic(1)
      await responder(t, brokers, allowed, () => 'yes', { replyTopics: [secret, /^own-/] })
      assert.equal(await other.request(allowed, 1, { replyTopic: secret }), 'yes')
    })

    test('what no reply can be made of is told to who waits', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(1)]
      await responder(t, brokers, topic, (value: string) => (value === 'bigint' ? 1n : new PermanentError(value)))
      const service = await makeProducer(t, { brokers, clientId: topic })
      await assert.rejects(
        service.request(topic, 'bigint'),
        (error) => error instanceof RemoteError && error.remoteCode === 'NARAD_ENCODE_FAILED',
      )
    })
  })
}

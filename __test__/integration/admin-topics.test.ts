import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConnectionError, NotConnectedError } from 'narad'
import { describeAdminTopics } from '../behaviours/admin-topics.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'
import { assertUnsupported } from '../helpers/unsupported.ts'

const bed = embeddedBed()

describeAdminTopics(bed)

describe('Administration of topics', () => {
  test('says on the embedded broker what that cannot do', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const { topics } = makeService(t, { brokers }).admin
    const calls: Array<[call: () => Promise<unknown>, what: RegExp]> = [
      [() => topics.create(randomTopic(), { configs: { 'retention.ms': 1 } }), /cannot be created with settings/],
      [() => topics.configs(topic), /cannot tell the settings of a topic/],
      [() => topics.alter(topic, { 'retention.ms': 1 }), /cannot change the settings of a topic/],
      [() => topics.delete(topic), /cannot delete topics/],
      [() => topics.addPartitions(topic, 2), /cannot add partitions to a topic/],
      [() => topics.deleteRecords(topic, { before: 'end' }), /cannot delete records/],
    ]
    for (const [call, what] of calls) await assertUnsupported(call, what)
  })

  test('of a service that only logs says that there is no cluster', async (t) => {
    const service = makeService(t, { brokers: '127.0.0.1:1', devMode: 'log' })
    await assert.rejects(service.admin.topics.list(), (error) => {
      assert.ok(error instanceof NotConnectedError)
      assert.match(error.message, /no cluster to administer: dev mode only logs/)
      return true
    })
    assert.equal(service.mode, 'log-only')
  })

  test('fails at connectionTimeoutMs where no broker answers, and may be tried again', async (t) => {
    const service = makeService(t, { brokers: '127.0.0.1:1', connectionTimeoutMs: 300 })
    for (const _ of ['first', 'second']) {
      const start = performance.now()
      await assert.rejects(service.admin.cluster(), (error) => {
        assert.ok(error instanceof ConnectionError)
        assert.equal(error.code, 'NARAD_CONNECTION_TIMEOUT')
        return true
      })
      assert.ok(performance.now() - start < 2_000)
      assert.equal(service.mode, 'disconnected')
    }
  })

  // Each question of a call had the whole time limit, so that the call took as often as long as it asked. And what a broker
  // did not tell in time was an offset of -1001.
  test('takes no longer than its time limit, however many questions it asks', async (t) => {
    const { TestBroker } = await import('narad/testing')
    const broker = await TestBroker.start()
    t.after(() => broker.stop())
    const topic = randomTopic()
    const { topics, groups } = makeService(t, { brokers: broker.brokers }).admin
    await topics.create(topic)
    await topics.offsets(topic)
    await broker.roundTripTime(1, 600)
    const late = { code: 'NARAD_CONNECTION_TIMEOUT' }
    await assert.rejects(topics.offsets(topic, { timeoutMs: 1_000 }), late)
    const start = performance.now()
    await assert.rejects(groups.offsets(randomGroup(), { timeoutMs: 1_000 }), late)
    assert.ok(performance.now() - start < 1_700, `${performance.now() - start} ms`)
    assert.equal((await topics.offsets(topic)).length, 1)
  })

  test('that waits for an answer rejects at once when the service is disconnected', async (t) => {
    const { TestBroker } = await import('narad/testing')
    const broker = await TestBroker.start()
    t.after(() => broker.stop())
    const service = makeService(t, { brokers: broker.brokers, onError: () => {} })
    await service.admin.cluster()
    await broker.roundTripTime(1, 30_000)
    const waiting = service.admin.topics.list().catch((error: Error) => error)
    const start = performance.now()
    await service.disconnect()
    assert.equal(((await waiting) as Error & { code: string }).code, 'NARAD_CLOSED')
    assert.ok(performance.now() - start < 2_000, 'disconnect does not wait for the answer')
  })
})

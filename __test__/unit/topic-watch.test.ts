import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { resolveSubscription } from '../../lib/consumer/subscribe-options.ts'
import { TopicWatch } from '../../lib/consumer/topic-watch.ts'
import { ConnectionError, type KafkaError } from '../../lib/errors.ts'

const REFRESH_MS = 5_000

function watch(topics: Array<string | RegExp>, named: string[] = []) {
  const cluster = { topics: [] as string[], error: undefined as KafkaError | undefined, asked: 0 }
  const errors: KafkaError[] = []
  const list = async () => {
    cluster.asked += 1
    if (cluster.error !== undefined) throw cluster.error
    return cluster.topics
  }
  const spec = resolveSubscription(topics, {}, { codec: resolveCodec('json'), maxRetries: 3 })
  const names = new Set(named)
  return { cluster, errors, names, watch: new TopicWatch(spec, names, list, (error) => errors.push(error)) }
}

describe('TopicWatch', () => {
  test('starts with the topics that match and those that are named, sorted', async () => {
    const { cluster, watch: topics } = watch([/^orders\./, 'b', /eu$/], ['b', 'orders.named'])
    cluster.topics = ['orders.2', 'orders.1', 'other', 'ordersX', 'b', 'us-eu', 'orders.named']
    assert.deepEqual(await topics.start(), ['b', 'orders.1', 'orders.2', 'us-eu'])
  })

  test('matches dead letters only with a pattern that speaks of them', async () => {
    // A group with /^shop-/ handled the letters of other groups, which failed there as well.
    const letters = ['shop-a.mail.dlq', 'shop-b.mail.dlq']
    const some = watch([/^shop-/])
    some.cluster.topics = ['shop-a', ...letters]
    assert.deepEqual(await some.watch.start(), ['shop-a'])
    const all = watch([/\.dlq$/])
    all.cluster.topics = ['shop-a', ...letters]
    assert.deepEqual(await all.watch.start(), letters)
  })

  test('matches retry topics only with a pattern that speaks of them', async () => {
    // A group with /^shop-/ handled the records that wait for other groups.
    const waiting = ['shop-a.mail.retry.5m', 'shop-b.mail.retry.1500ms']
    const some = watch([/^shop-/])
    some.cluster.topics = ['shop-a', 'shop-a.retry', ...waiting]
    assert.deepEqual(await some.watch.start(), ['shop-a', 'shop-a.retry'])
    const all = watch([/\.retry\.\d/])
    all.cluster.topics = ['shop-a', ...waiting]
    assert.deepEqual(await all.watch.start(), waiting)
  })

  test("never matches Kafka's internal topics", async () => {
    const { cluster, watch: topics } = watch([/./])
    cluster.topics = ['__consumer_offsets', '_own', 'orders']
    assert.deepEqual(await topics.start(), ['_own', 'orders'])
  })

  test('tells of topics that come and go, and of nothing else', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { cluster, watch: topics } = watch([/^a/])
    cluster.topics = ['a1']
    await topics.start()
    const changes: string[][] = []
    topics.follow((names) => changes.push(names))
    const refresh = async () => {
      t.mock.timers.tick(REFRESH_MS)
      for (let turn = 0; turn < 10; turn += 1) await null
    }
    await refresh()
    assert.deepEqual(changes, [])
    cluster.topics = ['a2', 'b', 'a1']
    await refresh()
    await refresh()
    assert.deepEqual(changes, [['a1', 'a2']])
    cluster.topics = ['a2']
    await refresh()
    assert.deepEqual(changes, [['a1', 'a2'], ['a2']])
    topics.stop()
    const { asked } = cluster
    cluster.topics = ['a3']
    await refresh()
    assert.equal(cluster.asked, asked)
    assert.equal(changes.length, 2)
  })

  test('gives a topic up that another subscription names from then on', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { cluster, names, watch: topics } = watch([/^a/])
    cluster.topics = ['a1', 'a2']
    await topics.start()
    const changes: string[][] = []
    topics.follow((list) => changes.push(list))
    names.add('a2')
    t.mock.timers.tick(REFRESH_MS)
    for (let turn = 0; turn < 10; turn += 1) await null
    assert.deepEqual(changes, [['a1']])
    topics.stop()
  })

  // It was reported at each refresh: twelve times a minute.
  test('reports an outage once, and asks on', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { cluster, errors, watch: topics } = watch([/^a/])
    await topics.start()
    const changes: string[][] = []
    topics.follow((list) => changes.push(list))
    const refresh = async () => {
      t.mock.timers.tick(REFRESH_MS)
      for (let turn = 0; turn < 10; turn += 1) await null
    }
    const outage = new ConnectionError('gone')
    cluster.error = outage
    for (let round = 0; round < 3; round += 1) await refresh()
    assert.deepEqual([errors, cluster.asked], [[outage], 4])
    cluster.error = undefined
    cluster.topics = ['a1']
    await refresh()
    assert.deepEqual(changes, [['a1']])
    const another = new ConnectionError('gone again')
    cluster.error = another
    for (let round = 0; round < 3; round += 1) await refresh()
    assert.deepEqual(errors, [outage, another])
    topics.stop()
  })

  // The close of the group makes the list fail that is under way: its error came after "disconnected".
  test('reports nothing once it is stopped', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { cluster, errors, watch: topics } = watch([/^a/])
    await topics.start()
    topics.follow(() => {})
    cluster.error = new ConnectionError('the group is closed')
    t.mock.timers.tick(REFRESH_MS)
    topics.stop()
    for (let turn = 0; turn < 10; turn += 1) await null
    t.mock.timers.tick(REFRESH_MS)
    assert.deepEqual([errors, cluster.asked], [[], 2])
  })

  test('rejects where the first list fails', async () => {
    const { cluster, watch: topics } = watch([/^a/])
    cluster.error = new ConnectionError('gone')
    await assert.rejects(topics.start(), cluster.error)
  })
})

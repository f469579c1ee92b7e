import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { assertAllWell, Load, longestSilenceMs } from '../helpers/load.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const PER_SECOND = 1_000
const FROZEN_SECONDS = 40

describe('A broker that is frozen', { skip: ownClusterSkip() }, () => {
  test(`B3: for ${FROZEN_SECONDS} s under single sends fails, loses, repeats and swaps none, and the group goes on`, async (t) => {
    const [cluster, topic] = [await ownCluster(t), randomTopic()]
    await createTopic(cluster.brokers, topic, { partitions: 3 })
    const service = await makeProducer(t, { brokers: cluster.brokers })
    await service.connectConsumer(randomGroup())
    const handled = new Set<string>()
    await service.subscribe<{ key: number; count: number } | null>(topic, (value) => {
      if (value !== null) handled.add(`${value.key}/${value.count}`)
    })
    const load = new Load(service, topic, PER_SECOND)
    await load.until(2 * PER_SECOND)
    cluster.freeze(0)
    await load.until(load.sent + FROZEN_SECONDS * PER_SECOND)
    cluster.resume(0)
    await load.until(load.sent + 3 * PER_SECOND)
    const result = await load.finish(t, cluster.brokers)
    const isHandled = () => handled.size === result.sent
    await waitFor(isHandled, { what: 'every record to be handled', timeoutMs: 60_000 }).catch(() => {})
    t.diagnostic(JSON.stringify({ ...result, handled: handled.size, silenceMs: longestSilenceMs(load) }))
    assertAllWell(result)
    assert.equal(handled.size, result.sent)
  })
})

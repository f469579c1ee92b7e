import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '../../scripts/kafka/cluster.mjs'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { assertAllWell, Load, longestSilenceMs } from '../helpers/load.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const PER_SECOND = 1_000

describe('Three brokers under single sends', { skip: ownClusterSkip() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({ brokers: 3 })
  })
  after(() => cluster?.stop())

  const troubles: Array<[title: string, trouble: (load: Load) => Promise<void>]> = [
    [
      'B2, B4: of which one after the other is restarted',
      async () => {
        for (const id of [0, 1, 2]) await cluster.restart(id)
      },
    ],
    [
      'B1: of which one is killed and started again',
      async (load) => {
        await cluster.kill(1)
        await load.until(load.sent + 2 * PER_SECOND)
        await cluster.restart(1)
      },
    ],
    [
      'B3: of which one is frozen for 8 s',
      async (load) => {
        cluster.freeze(2)
        await load.until(load.sent + 8 * PER_SECOND)
        cluster.resume(2)
      },
    ],
  ]
  for (const [title, trouble] of troubles) {
    test(`${title} fail, lose, repeat and swap none, and a group goes on without a rebalance`, async (t) => {
      const topic = randomTopic()
      await createTopic(cluster.brokers, topic, { partitions: 3 })
      const service = await makeProducer(t, { brokers: cluster.brokers, connectionTimeoutMs: 30_000 })
      await service.connectConsumer(randomGroup())
      const handled = new Map<string, number>()
      let [calls, disordered] = [0, 0]
      const handler = (value: { key: number; count: number } | null) => {
        if (value === null) return
        calls += 1
        const last = handled.get(String(value.key)) ?? -1
        if (value.count < last) disordered += 1
        handled.set(String(value.key), value.count)
      }
      await service.subscribe(topic, handler)
      const rebalances: string[] = []
      service.on('rebalance', ({ kind }) => rebalances.push(kind))
      const load = new Load(service, topic, PER_SECOND)
      await load.until(2 * PER_SECOND)
      await trouble(load)
      await load.until(load.sent + 3 * PER_SECOND)
      const result = await load.finish(t, cluster.brokers)
      await waitFor(() => calls >= result.sent, { what: 'every record to be handled', timeoutMs: 30_000 }).catch(
        () => {},
      )
      const repeated = calls - result.sent
      const silenceMs = longestSilenceMs(load)
      t.diagnostic(JSON.stringify({ ...result, silenceMs, handled: { calls, repeated, disordered }, rebalances }))
      assertAllWell(result)
      assert.deepEqual({ repeated, disordered, rebalances }, { repeated: 0, disordered: 0, rebalances: [] })
    })
  }
})

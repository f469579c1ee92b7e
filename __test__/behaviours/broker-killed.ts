import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { assertAllWell, Load, longestSilenceMs } from '../helpers/load.ts'
import { randomTopic } from '../helpers/names.ts'
import { makeProducer } from '../helpers/service.ts'

const PER_SECOND = 2_000
const DOWN_SECONDS = 2
/** How soon sends are acknowledged once the broker answers. */
const FLOW_MS = 1_000

/** Single sends while the only broker is killed and started again. */
export function describeBrokerKilled(seconds: number): void {
  describe('A broker that is killed', { skip: ownClusterSkip() }, () => {
    test(`B1: under single sends for ${seconds} s fails, loses, repeats and swaps none of them`, async (t) => {
      const [cluster, topic] = [await ownCluster(t), randomTopic()]
      await createTopic(cluster.brokers, topic, { partitions: 3 })
      const service = await makeProducer(t, { brokers: cluster.brokers })
      const load = new Load(service, topic, PER_SECOND)
      const killedAfter = PER_SECOND * Math.min(seconds / 4, 5)
      await load.until(killedAfter)
      await cluster.kill(0)
      await load.until(killedAfter + PER_SECOND * DOWN_SECONDS)
      await cluster.restart(0)
      const answersAt = performance.now()
      await load.until(PER_SECOND * seconds)
      const result = await load.finish(t, cluster.brokers)
      const flowsAfterMs = (load.acknowledgedAt.find((at) => at > answersAt) ?? Number.POSITIVE_INFINITY) - answersAt
      const silenceMs = longestSilenceMs(load)
      t.diagnostic(JSON.stringify({ ...result, silenceMs, flowsAfterMs }))
      assertAllWell(result)
      assert.ok(flowsAfterMs < FLOW_MS, `sends flowed ${flowsAfterMs} ms after the broker answered`)
    })
  })
}

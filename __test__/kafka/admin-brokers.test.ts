import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionError } from 'narad'
import { ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'

// librdkafka 2.12 ended the process twice over: at the first question about a group of a new cluster, whose coordinators
// were still being found, and when the coordinator came back after a question had timed out.
test('groups of three brokers are administered from the first moment, and again when brokers answer anew', {
  skip: ownClusterSkip(),
}, async (t) => {
  const cluster = await ownCluster(t, { brokers: 3 })
  const service = makeService(t, { brokers: cluster.brokers, onError: () => {} })
  const { topics, groups } = service.admin
  const topic = randomTopic()
  await topics.create(topic, { partitions: 6, replicationFactor: 3 })
  const names = Array.from({ length: 12 }, () => randomGroup())
  await Promise.all(names.map((name) => groups.resetOffsets(name, { to: 'end', topics: topic })))
  const described = await groups.describe(names)
  assert.deepEqual(
    described.map(({ group, state, lag }) => [group, state, lag]),
    names.map((name) => [name, 'Empty', 0]),
  )
  assert.equal(new Set(described.map(({ coordinator }) => coordinator?.id)).size > 1, true, 'several coordinators')
  const listed = new Set((await groups.list()).map(({ group }) => group))
  assert.ok(names.every((name) => listed.has(name)))

  for (const id of [0, 1, 2]) cluster.freeze(id)
  const start = performance.now()
  const calls = [
    () => groups.describe(names, { timeoutMs: 1_500 }),
    () => groups.offsets(names[0] as string, { timeoutMs: 1_500 }),
    () => groups.resetOffsets(names[0] as string, { to: 'end', timeoutMs: 1_500 }),
    () => topics.list({ timeoutMs: 1_500 }),
  ]
  await Promise.all(calls.map((call) => assert.rejects(call, ConnectionError)))
  assert.ok(performance.now() - start < 10_000, 'within their time')
  for (const id of [0, 1, 2]) cluster.resume(id)
  assert.equal((await groups.describe(names)).length, 12)
  await groups.delete(names)
})

// disconnect() while a broker holds records that it has not acknowledged.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { ClosedError } from 'narad'
import { type Cluster, startCluster } from '../../scripts/kafka/cluster.mjs'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { resourcesSkip } from '../helpers/resources.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const TIMEOUT_MS = 2_000
/** What a call may take beyond its deadline: two busy cores. */
const GRACE_MS = 700
const RESTART_MS = 40_000
const DELIVERED = 10
const SENDS = 500

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** Bytes that came over the wire to a port and that its process, which is stopped, has not read. Linux only. */
function unreadBytes(port: number): number {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
  return rows.reduce((sum, row) => {
    const [, local = '', , , queues = ''] = row.trim().split(/\s+/)
    const isPort = Number.parseInt(local.split(':')[1] ?? '', 16) === port
    return isPort ? sum + Number.parseInt(queues.split(':')[1] ?? '0', 16) : sum
  }, 0)
}

describe('Disconnecting from a broker that holds records', { skip: ownClusterSkip() || resourcesSkip }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster?.stop())

  const CASES: Array<[what: string, meanwhile: () => Promise<void>, heal: () => Promise<void>]> = [
    ['is frozen', async () => {}, async () => cluster.resume(0)],
    ['is killed meanwhile', () => cluster.kill(0), () => cluster.restart(0)],
  ]
  for (const [what, meanwhile, heal] of CASES) {
    test(`B10: with one that ${what} it ends in time, and each send says that its record may be there`, async (t) => {
      const { brokers } = cluster
      const topic = randomTopic()
      await createTopic(brokers, topic)
      const service = await makeProducer(t, { brokers })
      const received = new Received<number>()
      await service.connectConsumer(randomGroup())
      await service.subscribe<number>(topic, received.handler, { fromBeginning: true, dlq: false })
      await service.send(topic, numbers(DELIVERED))
      await received.count(DELIVERED)

      cluster.freeze(0)
      const [port = 0] = cluster.ports
      const onWay = unreadBytes(port)
      const sends = Promise.allSettled(numbers(SENDS, DELIVERED).map((value) => service.send(topic, value)))
      await waitFor(() => unreadBytes(port) > onWay + SENDS, { what: 'records to be on the wire' })
      const start = performance.now()
      const disconnecting = service.disconnect({ timeoutMs: TIMEOUT_MS })
      await meanwhile()
      const { undelivered, undeliveredByTopic, groups } = await disconnecting
      const took = performance.now() - start
      assert.ok(took < TIMEOUT_MS + GRACE_MS, `took ${took} ms`)
      assert.deepEqual([undelivered, undeliveredByTopic, groups.length], [SENDS, { [topic]: SENDS }, 1])

      const errors = (await sends).map((result) => {
        assert.ok(result.status === 'rejected' && result.reason instanceof ClosedError)
        const { message, maybeInLog } = result.reason
        assert.equal(message.includes('may be in the log'), maybeInLog)
        return result.reason
      })
      const maybe = errors.filter(({ maybeInLog }) => maybeInLog).length
      assert.equal(errors[0]?.maybeInLog, true, 'the first was on the wire')
      await heal()
      const again = await makeProducer(t, { brokers, connectionTimeoutMs: RESTART_MS })
      const { offset } = await again.send(topic, 'end')
      assert.ok(
        offset >= DELIVERED && offset <= DELIVERED + maybe,
        `${offset - DELIVERED} of at most ${maybe} are there`,
      )
      t.diagnostic(`${maybe} of ${SENDS} may be in the log, ${offset - DELIVERED} are`)
    })
  }
})

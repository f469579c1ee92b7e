import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConsumerReport, KafkaError, KafkaService } from 'narad'
import { ChurnWitness } from '../helpers/churn-witness.ts'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const MEMBERS = 8
const PARTITIONS = 8
const KEYS = 100
const PER_SECOND = 500
const EVERY_MS = 300
const HEARTBEAT_MS = 300
/** Less than the 45 s of a session, for which a group waits when a member goes without a word. */
const SETTLED_MS = 20_000

// A member that was assigned something while it sent its last commit could not leave; one that left before its first
// request was answered reported that it had left, and was a member to the coordinator. The group waited for the session of
// either to end, and nobody handled anything for 45 s.
/** Eight members, of which one joins or leaves every 300 ms. */
export function describeChurn(seconds: number): void {
  describe('Members that come and go', { skip: ownClusterSkip() }, () => {
    for (const groupProtocol of ['classic', 'consumer'] as const) {
      test(`C1, ${groupProtocol}: every ${EVERY_MS} ms for ${seconds} s lose, swap and share no record`, async (t) => {
        const properties = { 'group.consumer.heartbeat.interval.ms': String(HEARTBEAT_MS) }
        const [{ brokers }, topic, group] = [await ownCluster(t, { properties }), randomTopic(), randomGroup()]
        await createTopic(brokers, topic, { partitions: PARTITIONS })
        const [witness, errors, reports] = [
          new ChurnWitness({ keys: KEYS }),
          [] as KafkaError[],
          [] as ConsumerReport[],
        ]
        const join = (): KafkaService => {
          const service = makeService(t, {
            ...{ brokers, groupProtocol, connectionTimeoutMs: SETTLED_MS },
            ...(groupProtocol === 'classic' && { heartbeatIntervalMs: HEARTBEAT_MS }),
            onError: (error) => errors.push(error),
          })
          const { onRebalance, handler } = witness.member()
          service.on('rebalance', onRebalance)
          const subscribe = async () => {
            await service.connectConsumer(group)
            await service.subscribe<number>(topic, handler, { fromBeginning: true, dlq: false, ordering: 'partition' })
          }
          // most leave before they have joined
          subscribe().catch((error: KafkaError) => error.code === 'NARAD_CLOSED' || errors.push(error))
          return service
        }
        const leave = async (service: KafkaService) => {
          const { groups } = await service.disconnect({ timeoutMs: SETTLED_MS })
          reports.push(...groups)
        }
        const producer = await makeProducer(t, { brokers })
        const start = performance.now()
        let sent = 0
        const sends: Array<Promise<unknown>> = []
        const timer = setInterval(() => {
          const due = ((performance.now() - start) / 1_000) * PER_SECOND
          const values: number[] = []
          for (; sent < due; sent += 1) values.push(sent)
          if (values.length > 0) sends.push(producer.send(topic, values, { key: (value) => `k${value % KEYS}` }))
        }, 20)
        const members = new Map<number, KafkaService>()
        const leaving: Array<Promise<unknown>> = []
        for (let turn = 0; turn * EVERY_MS < seconds * 1_000; turn += 1) {
          const place = turn % MEMBERS
          const leaver = members.get(place)
          if (leaver === undefined) members.set(place, join())
          else {
            members.delete(place)
            leaving.push(leave(leaver))
          }
          await waitFor(() => performance.now() >= start + (turn + 1) * EVERY_MS, { what: 'the next turn' })
        }
        clearInterval(timer)
        await Promise.all(sends)
        const duringChurn = witness.handled.size
        if (members.size === 0) members.set(0, join())
        const all = { what: 'every record', timeoutMs: SETTLED_MS }
        await waitFor(() => witness.handled.size === sent, all).catch(() => {})
        const settledMs = Math.round(performance.now() - start - seconds * 1_000)
        await Promise.all([...leaving, ...[...members.values()].map(leave)])
        const { handled, calls, disordered, shared, passed } = witness
        t.diagnostic(JSON.stringify({ sent, duringChurn, settledMs, repeated: calls - handled.size }))
        const stayed = reports.filter(({ leftGroup }) => !leftGroup).length
        assert.deepEqual(
          {
            lost: sent - handled.size,
            disordered,
            shared,
            passed,
            stayed,
            errors: errors.map(({ message }) => message),
          },
          { lost: 0, disordered: 0, shared: 0, passed: 0, stayed: 0, errors: [] },
        )
      })
    }
  })
}

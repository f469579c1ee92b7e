import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FatalError, type KafkaError, type KafkaService, type RebalanceEvent } from 'narad'
import { createTopic, ownCluster, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService, Received, type ServiceOptions } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const LOSES = join(__dirname, '..', 'children', 'loses.ts')
const SESSION_MS = 3_000
/** A KIP-848 group's session is the broker's to set, so these tests have one of their own. */
const PROPERTIES = {
  'group.consumer.session.timeout.ms': String(SESSION_MS),
  'group.consumer.heartbeat.interval.ms': '300',
}

/** A member with what it was told and what it has. */
class Member {
  readonly events: string[] = []
  readonly errors: KafkaError[] = []
  readonly owned = new Set<number>()
  readonly received = new Received<number>()
  readonly service: KafkaService

  constructor(scope: Scope, options: ServiceOptions) {
    this.service = makeService(scope, { ...options, onError: (error) => this.errors.push(error) })
    this.service.on('rebalance', ({ kind, partitions }: RebalanceEvent) => {
      this.events.push(`${kind} ${partitions.map(({ partition }) => partition)}`)
      for (const { partition } of partitions) {
        if (kind === 'assigned') this.owned.add(partition)
        else this.owned.delete(partition)
      }
    })
  }

  async join(group: string, topic: string): Promise<void> {
    await this.service.connectConsumer(group)
    await this.service.subscribe<number>(topic, this.received.handler, { fromBeginning: true })
  }
}

describe('Members of a group', { skip: ownClusterSkip() }, () => {
  let brokers = ''
  const cleanUps: Array<() => Promise<void>> = []
  before(async () => {
    brokers = (await ownCluster({ after: (cleanUp) => cleanUps.push(cleanUp) }, { properties: PROPERTIES })).brokers
  })
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })

  const topicOf = async (partitions: number) => {
    const topic = randomTopic()
    await createTopic(brokers, topic, { partitions })
    return topic
  }

  for (const groupProtocol of ['classic', 'consumer'] as const) {
    const session = groupProtocol === 'classic' ? { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 300 } : {}
    const settings = () => ({ brokers, groupProtocol, connectionTimeoutMs: 20_000, ...session })

    test(`${groupProtocol}: one that comes is told of its partitions, and the one that gives some up of those`, async (t) => {
      const [topic, group] = [await topicOf(4), randomGroup()]
      const [first, second] = [new Member(t, settings()), new Member(t, settings())]
      await first.join(group, topic)
      assert.deepEqual(first.events, ['assigned 0,1,2,3'])
      await second.join(group, topic)
      await waitFor(() => first.owned.size === 2 && second.owned.size === 2, { what: 'two partitions each' })
      const given = [...second.owned].sort()
      assert.equal(first.events[1], `revoked ${given}`)
      assert.ok(![...first.events, ...second.events].some((event) => event.startsWith('lost')))
      await second.service.disconnect()
      await waitFor(() => first.owned.size === 4, { what: 'all partitions back' })
      assert.deepEqual([...first.errors, ...second.errors], [])
    })

    test(`C10, ${groupProtocol}: a static one that restarts within the session timeout moves nothing`, async (t) => {
      const [topic, group] = [await topicOf(4), randomGroup()]
      const member = (groupInstanceId: string) => new Member(t, { ...settings(), groupInstanceId })
      const [stays, goes] = [member('stays'), member('goes')]
      await goes.join(group, topic)
      await stays.join(group, topic)
      await waitFor(() => goes.owned.size === 2 && stays.owned.size === 2, { what: 'two partitions each' })
      const [before, its] = [[...stays.events], [...goes.owned].sort()]
      await goes.service.disconnect()
      const comesBack = member('goes')
      await comesBack.join(group, topic)
      const producer = await makeProducer(t, { brokers })
      for (let partition = 0; partition < 4; partition += 1) {
        await producer.sendRecords(topic, [{ value: String(partition), partition }])
      }
      await waitFor(() => stays.received.records.length + comesBack.received.records.length === 4, {
        what: 'a record of each partition',
      })
      assert.deepEqual([...comesBack.owned].sort(), its)
      assert.deepEqual(comesBack.received.values.sort(), its)
      assert.deepEqual(stays.events, before, 'the other one was not disturbed')
      assert.deepEqual([...stays.errors, ...goes.errors, ...comesBack.errors], [])
    })

    test(`C3, ${groupProtocol}: one that was stopped beyond its session is told that its partitions are lost, and commits nothing of them`, async (t) => {
      const [topic, group] = [await topicOf(1), randomGroup()]
      const producer = await makeProducer(t, { brokers })
      await producer.send(topic, [0, 1], { key: String })
      const child = startNode(t, LOSES, { args: [brokers, topic, group, groupProtocol] })
      await child.waitForLine('started 1', 20_000)
      process.kill(child.pid, 'SIGSTOP')
      const holding = makeService(t, settings())
      await holding.connectConsumer(group)
      let held = 0
      await holding.subscribe<number>(
        topic,
        (_, { signal }) => {
          held += 1
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        },
        { fromBeginning: true },
      )
      await waitFor(() => held === 2, { what: 'its records to go to the next member', timeoutMs: 20_000 })
      process.kill(child.pid, 'SIGCONT')
      await child.waitForLine('handled 1', 20_000)
      assert.deepEqual(child.lines.slice(0, 3).sort(), ['assigned', 'started 0', 'started 1'])
      // it may commit before it learns of its loss, which is then refused
      const later = child.lines.slice(3).filter((line) => line !== 'error NARAD_COMMIT_FAILED')
      assert.deepEqual(later.sort(), ['handled 0', 'handled 1', 'lost'])
      await child.kill('SIGKILL')
      await holding.disconnect({ timeoutMs: 500 })
      const next = new Member(t, settings())
      await next.join(group, topic)
      await next.received.count(2)
      assert.deepEqual(next.received.values.sort(), [0, 1], 'nothing of it was committed')
    })
  }

  // librdkafka's close says nothing to a classic group when the member has no partition: the group waited for it until its
  // session had ended, nobody handled anything meanwhile, and the report said that it had left.
  test('classic: one without a partition leaves at once, and so do all of a rebalance', async (t) => {
    const [topic, group] = [await topicOf(1), randomGroup()]
    const settings = { brokers, connectionTimeoutMs: 10_000, sessionTimeoutMs: 45_000, heartbeatIntervalMs: 300 }
    const [owner, idle, late, last] = [1, 2, 3, 4].map(() => new Member(t, settings)) as [
      Member,
      Member,
      Member,
      Member,
    ]
    await owner.join(group, topic)
    await idle.join(group, topic)
    assert.deepEqual([[...owner.owned], [...idle.owned]], [[0], []])
    const left = [await idle.service.disconnect({ timeoutMs: 10_000 })]
    await late.join(group, topic)
    const joining = last.join(group, topic)
    left.push(...(await Promise.all([owner, late].map(({ service }) => service.disconnect({ timeoutMs: 10_000 })))))
    await joining
    await waitFor(() => last.owned.size === 1, { what: 'the partition to go to the last one' })
    assert.deepEqual(
      left.flatMap(({ groups }) => groups.map(({ leftGroup }) => leftGroup)),
      [true, true, true],
    )
    assert.deepEqual(
      [owner, idle, late, last].flatMap(({ errors }) => errors),
      [],
    )
  })

  // The broker takes the newer one in. librdkafka takes the partitions of the older one away and tells nobody: it went on
  // with the records that it had, beside the newer one.
  test('C10, classic: of two with one id, the older one is fenced with a FatalError', async (t) => {
    const [topic, group] = [await topicOf(2), randomGroup()]
    const settings = { brokers, groupInstanceId: 'twin', sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 300 }
    const [older, newer] = [new Member(t, settings), new Member(t, settings)]
    await older.join(group, topic)
    await newer.join(group, topic)
    await waitFor(() => older.errors.length > 0, { what: 'the older one to be told' })
    const error = older.errors[0]
    assert.ok(error instanceof FatalError)
    assert.deepEqual([error.code, error.fatal, error.group], ['NARAD_FENCED', true, group])
    await waitFor(() => older.owned.size === 0, { what: 'the older one to give its partitions up' })
    assert.deepEqual(older.events, ['assigned 0,1', 'lost 0,1'])
    assert.deepEqual([...newer.owned].sort(), [0, 1])
    await (await makeProducer(t, { brokers })).send(topic, [1, 2, 3], { key: String })
    await newer.received.count(3)
    assert.deepEqual(older.received.values, [])
    assert.deepEqual(newer.errors, [])
  })

  // With KIP-848 it is the other way round, and librdkafka's error had no code of its own.
  test('C10, consumer: of two with one id, the newer one is refused with a FatalError', async (t) => {
    const [topic, group] = [await topicOf(2), randomGroup()]
    const settings = { brokers, groupInstanceId: 'twin', groupProtocol: 'consumer' as const }
    const [older, newer] = [new Member(t, settings), new Member(t, settings)]
    await older.join(group, topic)
    await assert.rejects(newer.join(group, topic), (error) => {
      assert.ok(error instanceof FatalError)
      assert.deepEqual([error.code, error.kafkaCode], ['NARAD_FENCED', 'UNRELEASED_INSTANCE_ID'])
      return true
    })
    await (await makeProducer(t, { brokers })).send(topic, [1, 2, 3], { key: String })
    await older.received.count(3)
    assert.deepEqual([older.errors, older.events], [[], ['assigned 0,1']])
  })
})

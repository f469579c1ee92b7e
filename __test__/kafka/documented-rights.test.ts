// The rights that docs/production.md names are enough: a user who has these and no others does all of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { deadLetterDesk } from 'narad'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type SaslCluster, startSaslCluster } from '../helpers/sasl-kafka.ts'
import { makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const [TOPIC, GROUP, CLIENT_ID] = [randomTopic(), randomGroup(), 'clerk']
const REQUESTS = randomTopic()
const LETTERS = `${TOPIC}.${GROUP}.dlq`
const TOPIC_RIGHTS = {
  [TOPIC]: ['Read', 'Write'],
  [REQUESTS]: ['Read', 'Write'],
  [LETTERS]: ['Write', 'Create', 'Read', 'Delete'],
  [`${TOPIC}.${GROUP}.retry.50ms`]: ['Read', 'Write', 'Create'],
  [`${LETTERS}.desk`]: ['Read', 'Write', 'Create'],
  [`${LETTERS}.parked`]: ['Read', 'Write', 'Create'],
  [`${CLIENT_ID}.replies`]: ['Read', 'Write', 'Create'],
}

describe('A user with the documented rights alone', { skip: ownClusterSkip() }, () => {
  let cluster: SaslCluster
  before(async () => {
    cluster = await startSaslCluster({ users: { clerk: 'clerk-secret' } })
    for (const topic of [TOPIC, REQUESTS]) await createTopic(cluster.internalBrokers, topic)
    const grants = Object.entries(TOPIC_RIGHTS).map(([topic, operations]) => ({ user: 'clerk', topic, operations }))
    for (const grant of grants) await cluster.grant(grant)
    await cluster.grant({ user: 'clerk', group: GROUP, operations: ['Read', 'Delete'] })
  })

  after(() => cluster?.stop())

  test('sends, handles, retries, writes letters and replays them, requests, replies and administers its group', async (t) => {
    const sasl = { mechanism: 'plain', username: 'clerk', password: 'clerk-secret' } as const
    const service = makeService(t, { brokers: cluster.brokers, clientId: CLIENT_ID, sasl })
    await service.connectProducer()
    await service.connectConsumer(GROUP)
    let isMended = false
    let handled = 0
    await service.subscribe(
      TOPIC,
      () => {
        if (!isMended) throw new Error('not yet')
        handled += 1
      },
      // a second record that fails alike is otherwise looked at for half a minute, whether it is the beginning of an outage
      { ordering: 'none', retry: { maxRetries: 0, topics: [{ delayMs: 50 }] }, outage: false },
    )
    const dead = once(service, 'deadLetter')
    await service.send(TOPIC, 1)
    await dead

    const desk = deadLetterDesk(service)
    assert.equal((await desk.stats(LETTERS)).length, 1)
    isMended = true
    assert.deepEqual((await desk.replay(LETTERS)).withoutTarget, [])
    await waitFor(() => handled === 1, { what: 'the record that was replayed' })
    isMended = false
    const again = once(service, 'deadLetter')
    await service.send(TOPIC, 2)
    await again
    assert.deepEqual(await desk.park(LETTERS), { letters: 1, isComplete: true })
    await desk.purge(LETTERS)

    isMended = true
    await service.reply(REQUESTS, () => 'yes', { dlq: false, onExhausted: 'skip' })
    assert.equal(await service.request(REQUESTS, 'may I?'), 'yes')
    let read = 0
    for await (const _ of service.read(TOPIC, { to: 'end' })) read += 1
    assert.equal(read, 2)
    assert.ok(await service.admin.groups.offsets(GROUP, { time: true }))
    await service.disconnect()

    const { groups } = makeService(t, { brokers: cluster.brokers, clientId: CLIENT_ID, sasl }).init().admin
    const moved = await groups.resetOffsets(GROUP, { to: 'beginning', topics: TOPIC })
    assert.equal(moved.length, 1)
    await groups.delete(GROUP)
  })
})

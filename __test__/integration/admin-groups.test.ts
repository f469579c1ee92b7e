import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EmbeddedBrokerError } from 'narad'
import { describeAdminGroups } from '../behaviours/admin-groups.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeService, Received } from '../helpers/service.ts'
import { assertUnsupported } from '../helpers/unsupported.ts'

const bed = embeddedBed()

describeAdminGroups(bed)

describe('Administration of groups', () => {
  test('says on the embedded broker what that cannot do', async (t) => {
    const { groups } = makeService(t, { brokers: await bed.brokers() }).admin
    const topics = await bed.topic()
    const calls: Array<[call: () => Promise<unknown>, what: RegExp]> = [
      [() => groups.list(), /cannot list groups/],
      [() => groups.describe(randomGroup()), /cannot tell the state and the members of a group/],
      [() => groups.delete(randomGroup()), /cannot delete groups/],
      [() => groups.resetOffsets(randomGroup(), { topics, to: { agoMs: 1_000 } }), /cannot find offsets by time/],
    ]
    for (const [call, what] of calls) await assertUnsupported(call, what)
  })

  test('says on the embedded broker that a group which has had members keeps its offsets', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(), randomGroup()]
    const service = makeService(t, { brokers })
    const received = new Received()
    await service.connectConsumer(group)
    await service.subscribe(topic, received.handler)
    await service.connectProducer()
    await service.send(topic, [1, 2])
    await received.count(2)
    await service.disconnect()
    service.init()
    const { groups } = service.admin
    assert.equal((await groups.offsets(group))[0]?.committed, 2)
    await assert.rejects(groups.resetOffsets(group, { to: 'beginning' }), (error) => {
      assert.ok(error instanceof EmbeddedBrokerError, String(error))
      assert.match(error.message, /once a group has had members, it takes them from nobody else/)
      return true
    })
  })
})

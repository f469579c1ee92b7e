import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { AdminError } from 'narad'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { describeAdminGroups, groupAtTen } from '../behaviours/admin-groups.ts'
import { kafkaBed } from '../helpers/bed.ts'
import { run } from '../helpers/command.ts'
import { groupOffsets } from '../helpers/java-tools.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

describeAdminGroups(bed)

/** State and number of members as ConsumerGroupCommand tells them. */
async function javaState(brokers: string, group: string): Promise<[state: string | undefined, members: number]> {
  const args = ['--bootstrap-server', brokers, '--describe', '--state', '--group', group]
  const { stdout } = await javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
  const row = stdout.split('\n').find((line) => line.startsWith(group))
  const [members = '', state] = row?.trim().split(/\s+/).toReversed() ?? []
  return [state, Number(members)]
}

describe('Administration of groups on Kafka', { skip: bed.skip }, () => {
  for (const groupProtocol of ['classic', 'consumer'] as const) {
    test(`tells state, members, offsets and lag of a ${groupProtocol} group as ConsumerGroupCommand does`, async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(4), randomGroup()]
      const producer = await makeProducer(t, { brokers })
      const received = new Received()
      const members = [0, 1].map((index) => makeService(t, { brokers, groupProtocol, clientId: `member-${index}` }))
      for (const member of members) {
        await member.connectConsumer(group)
        await member.subscribe(topic, received.handler)
      }
      for (const partition of [0, 1, 2, 3]) await producer.send(topic, [1, 2, 3], { partition })
      await received.count(12)
      const { groups } = producer.admin
      const described = await waitFor(
        async () => {
          const now = await groups.describe(group)
          return (
            now.lag === 0 && now.state === 'Stable' && now.members.every((one) => one.partitions.length === 2) && now
          )
        },
        { what: 'two members with two partitions each', timeoutMs: 30_000 },
      )
      assert.deepEqual(
        described.partitions.map(({ memberId: member, ...offsets }) => ({ ...offsets, member })),
        await groupOffsets(brokers, group),
      )
      assert.deepEqual([described.state, described.members.length], await javaState(brokers, group))
      assert.deepEqual(
        [described.protocol, described.members.map(({ clientId }) => clientId).sort()],
        [groupProtocol, ['member-0', 'member-1']],
      )
      assert.ok((await groups.list()).some((one) => one.group === group && one.protocol === groupProtocol))

      const inUse = { code: 'NARAD_GROUP_IN_USE', group, name: 'AdminError' }
      await assert.rejects(groups.resetOffsets(group, { to: 'beginning' }), inUse)
      await assert.rejects(groups.delete(group), inUse)

      for (const member of members) await member.disconnect()
      await producer.send(topic, [4, 5], { partition: 2 })
      const left = await waitFor(
        async () => {
          const now = await groups.describe(group)
          return now.state === 'Empty' && now
        },
        { what: 'an empty group', timeoutMs: 30_000 },
      )
      assert.deepEqual([left.lag, left.members], [2, []])
      assert.deepEqual(
        left.partitions.map(({ memberId: member, ...offsets }) => ({ ...offsets, member })),
        await groupOffsets(brokers, group),
      )
      assert.deepEqual(['Empty', 0], await javaState(brokers, group))
      const told = await run(t, ['lag', group, '--partitions', '-o', 'json', '--window', '1s', '-b', brokers])
      assert.deepEqual(
        told.lines.map((line) => JSON.parse(line)).map(({ topic, partition, lag }) => [topic, partition, lag]),
        (await groupOffsets(brokers, group)).map(({ topic, partition, lag }) => [topic, partition, lag]),
        told.stderr,
      )
    })
  }

  test('tells how far behind each of several partitions is in time, at once, whatever is in their logs', async (t) => {
    // The partitions that were read filled the queue that all share, which put off the others by a second again and again:
    // with a few batches in each, some had no time after ten seconds.
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const producer = await makeProducer(t, { brokers })
    const { groups } = producer.admin
    const timestamp = Date.now() - 60_000
    // the last of these batches is larger than what is asked for first
    for (const length of [10, 10, 10, 10, 10, 100_000]) {
      const values = Array.from({ length: 6 }, () => randomBytes(length))
      await producer.sendRecords(
        topic,
        [0, 1, 2].flatMap((partition) => values.map((value) => ({ value, partition, timestamp }))),
      )
    }
    for (const [to, lag] of [
      ['beginning', 36],
      [30, 6],
    ] as const) {
      await groups.resetOffsets(group, { to, topics: topic })
      const start = performance.now()
      const offsets = await groups.offsets(group, { time: true })
      const took = performance.now() - start
      assert.deepEqual(
        offsets.map((one) => [one.lag, Number(one.lagMs) >= 60_000]),
        [0, 1, 2].map(() => [lag, true]),
      )
      assert.ok(took < 2_000, `${took} ms from ${to}`)
    }
  })

  test('lets a group go on at a time or a duration ago, as ConsumerGroupCommand sees afterwards', async (t) => {
    const { service, group, topic } = await groupAtTen(t, bed)
    const { groups } = service.admin
    const now = Date.now()
    const written = [90_000, 60_000, 30_000].map((ago) => ({ value: '1', partition: 1, timestamp: now - ago }))
    await service.sendRecords(topic, written)
    const one = { topics: topic, partitions: [1] }
    const committed = async () => (await groupOffsets(await bed.brokers(), group))[1]?.committed
    await groups.resetOffsets(group, { ...one, to: new Date(now - 60_000) })
    assert.equal(await committed(), 1)
    await groups.resetOffsets(group, { ...one, to: { agoMs: 45_000 } })
    assert.equal(await committed(), 2)
    const [{ to } = { to: -1 }] = await groups.resetOffsets(group, { ...one, to: { agoMs: 0 } })
    assert.equal(to, 3, 'no record is as late: the end')
  })

  test('forgets a group, and says when there is none', async (t) => {
    const { service, group } = await groupAtTen(t, bed)
    const { groups } = service.admin
    await groups.delete(group)
    assert.ok((await groups.list()).every((one) => one.group !== group))
    for (const call of [() => groups.describe(group), () => groups.delete(group)]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof AdminError)
        assert.deepEqual([error.code, error.group], ['NARAD_UNKNOWN_GROUP', group])
        return true
      })
    }
  })

  test('tells the lag of a group whose topic is gone as unknown', async (t) => {
    const { service, group, topic } = await groupAtTen(t, bed)
    await service.admin.topics.delete(topic)
    const unknown = async () => {
      const offsets = await service.admin.groups.offsets(group, { time: true })
      return offsets.every(({ end, lag, lagMs }) => end === null && lag === null && lagMs === null)
    }
    await waitFor(unknown, { what: 'no end' })
  })
})

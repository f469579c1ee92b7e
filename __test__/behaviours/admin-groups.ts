import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AdminError, ArgumentError, ConfigError, ConsumeError, type KafkaService } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, Received } from '../helpers/service.ts'

const TEN = Array.from({ length: 10 }, (_, index) => index)

/** A group without members that stands after ten records of partition 0 of its topic. */
export async function groupAtTen(
  scope: Scope,
  bed: Bed,
): Promise<{ service: KafkaService; group: string; topic: string }> {
  const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
  const service = await makeProducer(scope, { brokers })
  await service.send(topic, TEN, { partition: 0 })
  await service.admin.groups.resetOffsets(group, { to: 'end', topics: topic })
  return { service, group, topic }
}

/** What administration of groups does on every broker. */
export function describeAdminGroups(bed: Bed): void {
  describe(`Administration of groups on ${bed.name}`, { skip: bed.skip }, () => {
    test('tells what a group has committed, and how far behind it is in records and in time', async (t) => {
      const { service, group, topic } = await groupAtTen(t, bed)
      const done = { topic, partition: 0, committed: 10, end: 10, lag: 0 }
      const [first, ...others] = await service.admin.groups.offsets(group)
      assert.deepEqual(first, done)
      assert.ok(others.every(({ lag }) => lag === 0))
      const timestamp = Date.now() - 60_000
      await service.sendRecords(topic, [
        { value: '1', partition: 0, timestamp },
        { value: '2', partition: 0, timestamp: timestamp + 30_000 },
      ])
      const [behind, ...rest] = await service.admin.groups.offsets(group, { time: true })
      const { lagMs, ...counted } = behind ?? {}
      assert.deepEqual(counted, { ...done, end: 12, lag: 2 })
      assert.ok(Number(lagMs) >= 60_000 && Number(lagMs) < 75_000, `${lagMs} ms`)
      assert.ok(rest.every(({ lagMs }) => lagMs === 0))
      assert.deepEqual(await service.admin.groups.offsets(randomGroup()), [])
    })

    test('lets a group go on at its beginning, its end or an offset, after a look at what that does', async (t) => {
      const { service, group, topic } = await groupAtTen(t, bed)
      const { groups } = service.admin
      const at = async () => (await groups.offsets(group))[0]?.committed
      const one = { topics: topic, partitions: [0] }
      const move = (from: number, to: number) => [{ topic, partition: 0, from, to }]
      assert.deepEqual(await groups.resetOffsets(group, { ...one, to: 'beginning', dryRun: true }), move(10, 0))
      assert.equal(await at(), 10)
      assert.deepEqual(await groups.resetOffsets(group, { ...one, to: 4 }), move(10, 4))
      assert.equal(await at(), 4)
      assert.deepEqual((await groups.resetOffsets(group, { to: 'end' }))[0], move(4, 10)[0])
      await groups.resetOffsets(group, { to: 'beginning' })
      assert.equal(await at(), 0)
      await groups.resetOffsets(group, { ...one, to: 7 })
      const received = new Received<number>()
      await service.connectConsumer(group)
      await service.subscribe<number>(topic, received.handler)
      await received.count(3)
      assert.deepEqual(received.values, [7, 8, 9])
    })

    test('sets offsets of a group that has none, where topics are named', async (t) => {
      const { service, topic } = await groupAtTen(t, bed)
      const { groups } = service.admin
      const group = randomGroup()
      await assert.rejects(groups.resetOffsets(group, { to: 'end' }), (error) => {
        assert.ok(error instanceof AdminError)
        assert.deepEqual([error.code, error.group], ['NARAD_UNKNOWN_GROUP', group])
        return true
      })
      const set = await groups.resetOffsets(group, { to: 'end', topics: [topic] })
      assert.deepEqual(
        set.map(({ partition, from, to }) => [partition, from, to]),
        [
          [0, null, 10],
          [1, null, 0],
        ],
      )
      assert.equal((await groups.offsets(group))[0]?.lag, 0)
    })

    test('refuses an offset that the log does not have, and what is no target', async (t) => {
      const { service, group, topic } = await groupAtTen(t, bed)
      const { groups } = service.admin
      const all = { to: 'end', topics: topic } as const
      const wrong: Array<[call: () => Promise<unknown>, type: new (...args: never[]) => Error, text: RegExp]> = [
        [() => groups.resetOffsets(group, { to: 11, topics: topic, partitions: [0] }), ConsumeError, /from 0 to 10/],
        [() => groups.resetOffsets(group, { to: 'start' as 'end' }), ArgumentError, /"to" needs an offset/],
        [() => groups.resetOffsets(group, { to: { agoMs: -1 } }), ArgumentError, /"agoMs" must be a duration/],
        [() => groups.resetOffsets(group, { to: 'end', partitions: [0] }), ArgumentError, /"partitions" needs the one/],
        [() => groups.resetOffsets(group, { to: 'end', topics: topic, partitions: [2] }), ArgumentError, /partition 2/],
        // these were a TypeError without a code, no partition at all, and true
        [
          () => groups.resetOffsets(group, { ...all, partitions: 0 as never }),
          ArgumentError,
          /"partitions" must be an/,
        ],
        [
          () => groups.resetOffsets(group, { ...all, partitions: ['0'] as never }),
          ArgumentError,
          /"partitions" must be/,
        ],
        [
          () => groups.resetOffsets(group, { ...all, dryRun: 1 as never }),
          ArgumentError,
          /"dryRun" must be true or false/,
        ],
        [() => groups.offsets(group, { time: 1 as never }), ArgumentError, /"time" must be true or false/],
        [() => groups.resetOffsets(group, { too: 'end' } as never), ConfigError, /Did you mean "to"/],
        [() => groups.offsets(''), ArgumentError, /must be a name/],
        [() => groups.resetOffsets(group, { to: 'end', topics: randomTopic() }), Error, /no such topic/],
      ]
      for (const [call, type, text] of wrong) {
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof type, String(error))
          assert.match(error.message, text)
          return true
        })
      }
      assert.equal((await groups.offsets(group))[0]?.committed, 10)
    })
  })
}

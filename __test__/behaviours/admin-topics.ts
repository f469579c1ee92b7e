import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AdminError, ArgumentError, ClosedError, ConfigError, TopicError } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { makeProducer, makeService } from '../helpers/service.ts'

/** What administration of topics does on every broker. */
export function describeAdminTopics(bed: Bed): void {
  describe(`Administration of topics on ${bed.name}`, { skip: bed.skip }, () => {
    test('needs neither a producer nor a group, and ends with the service', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const { id, brokers } = await service.admin.cluster()
      assert.ok(id)
      assert.equal(brokers.length, 1)
      assert.ok(Number(brokers[0]?.port) > 0)
      assert.equal(service.isConnected, true)
      await service.disconnect()
      await assert.rejects(service.admin.cluster(), ClosedError)
      service.init()
      assert.equal((await service.admin.cluster()).id, id)
    })

    test('creates a topic as it is asked for, lists it and describes it', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const { topics } = service.admin
      const topic = randomTopic()
      assert.equal(await topics.create(topic, { partitions: 3, replicationFactor: 1 }), true)
      const listed = (await topics.list()).find((one) => one.topic === topic)
      assert.deepEqual(listed, { topic, partitions: 3, replicationFactor: 1, isInternal: false })
      const { partitions } = await topics.describe(topic)
      const [broker] = (await service.admin.cluster()).brokers
      assert.deepEqual(
        partitions,
        [0, 1, 2].map((partition) => ({ partition, leader: broker?.id, replicas: [broker?.id], inSync: [broker?.id] })),
      )
    })

    test('says that a topic is there already, unless that is no matter', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
      const { topics } = makeService(t, { brokers }).admin
      await assert.rejects(topics.create(topic, { partitions: 5 }), (error) => {
        assert.ok(error instanceof AdminError)
        assert.deepEqual([error.code, error.topic, error.retriable], ['NARAD_TOPIC_EXISTS', topic, false])
        return true
      })
      assert.equal(await topics.create(topic, { partitions: 5, ifNotExists: true }), false)
      assert.equal((await topics.describe(topic)).partitions.length, 2)
    })

    test('says which topic of several is not there, and asking for it does not create it', async (t) => {
      const [brokers, topic, missing] = [await bed.brokers(), await bed.topic(), randomTopic()]
      const { topics } = makeService(t, { brokers }).admin
      for (const call of [() => topics.describe([topic, missing]), () => topics.offsets(missing)]) {
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof TopicError)
          assert.deepEqual([error.code, error.topic], ['NARAD_UNKNOWN_TOPIC', missing])
          return true
        })
      }
      assert.ok((await topics.list()).every((one) => one.topic !== missing))
    })

    test('tells where the log of each partition begins and ends', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
      const service = await makeProducer(t, { brokers })
      await service.send(topic, [1, 2, 3], { partition: 1 })
      assert.deepEqual(await service.admin.topics.offsets(topic), [
        { partition: 0, beginning: 0, end: 0 },
        { partition: 1, beginning: 0, end: 3 },
        { partition: 2, beginning: 0, end: 0 },
      ])
    })

    test('checks what it is given before it asks anybody', async (t) => {
      const service = makeService(t, { brokers: await bed.brokers() })
      const { topics } = service.admin
      const wrong: Array<[call: () => Promise<unknown>, type: new (...args: never[]) => Error, text: RegExp]> = [
        [() => topics.create('a b'), TopicError, /may hold only/],
        [() => topics.create('a', { partitions: 0 }), ArgumentError, /"partitions" must be a whole number from 1/],
        [() => topics.create('a', { partitons: 1 } as object), ConfigError, /Did you mean "partitions"/],
        [() => topics.create('a', { configs: { x: {} } } as object), ArgumentError, /Setting "x" must be/],
        [() => topics.addPartitions('a', undefined as unknown as number), ArgumentError, /number of partitions/],
        [() => topics.deleteRecords('a', { before: -1 }), ArgumentError, /"before"/],
        [() => topics.alter('a', 'retention' as never), ArgumentError, /must be an object/],
        [() => topics.list({ timeoutMs: 0 }), ArgumentError, /"timeoutMs"/],
        // what librdkafka does not take became a minute
        [
          () => topics.list({ timeoutMs: 3_600_001 }),
          ArgumentError,
          /"timeoutMs" must be a whole number from 1 to 3500000/,
        ],
        // these were a TypeError without a code, no partition at all, and true
        [() => topics.deleteRecords('a', { before: 0, partitions: 0 as never }), ArgumentError, /"partitions" must be/],
        [
          () => topics.deleteRecords('a', { before: 0, partitions: ['0'] as never }),
          ArgumentError,
          /"partitions" must/,
        ],
        [() => topics.deleteRecords('a', { before: 0, dryRun: 'no' as never }), ArgumentError, /"dryRun" must be true/],
        [
          () => topics.create('a', { ifNotExists: 'no' as never }),
          ArgumentError,
          /"ifNotExists" must be true or false/,
        ],
        [() => topics.describe(['a', '']), TopicError, /must not be empty/],
      ]
      for (const [call, type, text] of wrong) {
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof type, String(error))
          assert.match(error.message, text)
          return true
        })
      }
      assert.equal(service.mode, 'disconnected')
    })
  })
}

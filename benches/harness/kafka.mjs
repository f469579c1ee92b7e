// The broker under test, and what the harness itself asks of it: topics, filled ones, and the count of records in them.
import { readFileSync } from 'node:fs'
import { createTopic as createKafkaTopic } from '../../scripts/kafka/protocol.mjs'
import { keyOf, orderOf } from './data.mjs'

const FILL_RECORDS_PER_SEND = 3000
const FILL_SENDS_IN_FLIGHT = 4

/** Kafka from KAFKA_BROKERS, or one started for this run. */
export async function openKafka() {
  const given = process.env.KAFKA_BROKERS
  const cluster = given ? { brokers: given, stop() {} } : await startOne()
  const { Kafka, logLevel, Partitioners } = await import('kafkajs')
  const kafka = new Kafka({
    clientId: 'bench-harness',
    brokers: cluster.brokers.split(','),
    logLevel: logLevel.ERROR,
  })
  const admin = kafka.admin()
  await admin.connect()

  const createTopic = (topic, partitions) =>
    // deleted topics give their disk back at once: each produce run fills one
    createKafkaTopic(cluster.brokers, topic, {
      partitions,
      replicationFactor: 1,
      configs: { 'file.delete.delay.ms': '0' },
    })

  return {
    brokers: cluster.brokers,
    version: given ? undefined : startedVersion(),
    createTopic,

    /** Creates a topic of records 0 to `records` - 1. */
    async createFilledTopic(topic, partitions, records, recordOf = orderRecordOf) {
      await createTopic(topic, partitions)
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      await producer.connect()
      let next = 0
      const sendInTurn = async () => {
        while (next < records) {
          const first = next
          next = Math.min(records, first + FILL_RECORDS_PER_SEND)
          const messages = Array.from({ length: next - first }, (_, offset) => recordOf(first + offset))
          await producer.send({ topic, messages })
        }
      }
      await Promise.all(Array.from({ length: FILL_SENDS_IN_FLIGHT }, sendInTurn))
      await producer.disconnect()
    },

    /** How many records the log of a topic holds: the witness of a produce run. */
    async countRecords(topic) {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    },

    deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),

    async close() {
      await admin.disconnect()
      await cluster.stop()
    },
  }
}

function orderRecordOf(index) {
  return { key: keyOf(index), value: orderOf(index) }
}

async function startOne() {
  process.stderr.write('starting Kafka\n')
  const { startCluster } = await import('../../scripts/kafka/cluster.mjs')
  return startCluster({ brokers: 1, heap: '1g' })
}

function startedVersion() {
  const pom = readFileSync(new URL('../../scripts/kafka/pom.xml', import.meta.url), 'utf8')
  return /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)/.exec(pom)?.[1]
}

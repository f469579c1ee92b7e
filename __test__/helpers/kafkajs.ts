// KafkaJS as the other side: it shares no code with librdkafka.
import { type IHeaders, Kafka, logLevel, type Message, Partitioners } from 'kafkajs'
import { randomGroup } from './names.ts'
import type { Scope } from './scope.ts'
import { waitFor } from './wait.ts'

export interface KafkajsRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: Record<string, string>
}

function client(brokers: string): Kafka {
  return new Kafka({ clientId: 'peer', brokers: brokers.split(','), logLevel: logLevel.NOTHING })
}

export async function kafkajsSend(brokers: string, topic: string, messages: Message[]): Promise<void> {
  const producer = client(brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic, messages })
  await producer.disconnect()
}

/** The first records of a topic. */
export async function kafkajsRead(
  scope: Scope,
  brokers: string,
  topic: string,
  count: number,
): Promise<KafkajsRecord[]> {
  const consumer = client(brokers).consumer({ groupId: randomGroup() })
  scope.after(() => consumer.disconnect())
  const records: KafkajsRecord[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message: { key, value, headers = {} } }) => {
      records.push({ key: key?.toString() ?? null, value: value?.toString() ?? null, headers: texts(headers) })
    },
  })
  await waitFor(() => records.length >= count, { what: `${count} records for KafkaJS`, timeoutMs: 30_000 })
  return records
}

function texts(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

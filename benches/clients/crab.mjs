import { KafkaClient } from 'kafka-crab-js'
import { BATCH_RECORDS } from '../rows/index.mjs'

export async function connect({ brokers }) {
  const client = new KafkaClient({ brokers, clientId: 'bench' })
  const open = []
  return {
    async produce(topic) {
      const producer = client.createProducer({
        configuration: { acks: 'all', 'enable.idempotence': true },
      })
      return {
        record: (key, value) => ({ key: Buffer.from(key), payload: Buffer.from(value) }),
        send: (messages) => producer.send({ topic, messages }),
      }
    },

    async consume({ topic, group, mode, handle }) {
      const { consumer, stream } = client.createWebStreamConsumer({
        groupId: group,
        ...(mode === 'batch' ? { batchSize: BATCH_RECORDS, batchTimeout: 5 } : {}),
        configuration: { 'auto.offset.reset': 'earliest' },
      })
      await consumer.subscribe(topic)
      const reader = stream.getReader()
      open.push({ consumer, reader })
      readAll(reader, handlerFor(mode, handle))
    },

    async close() {
      for (const { consumer, reader } of open) {
        await reader.cancel()
        await consumer.disconnect()
      }
    },
  }
}

function handlerFor(mode, handle) {
  if (mode === 'batch') return async (messages) => handle(messages)
  if (mode === 'json') return async (message) => handle(JSON.parse(message.payload.toString()))
  return async (message) => handle(message.payload)
}

async function readAll(reader, onValue) {
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    await onValue(value)
  }
}

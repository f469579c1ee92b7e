import { Kafka, logLevel, Partitioners } from 'kafkajs'

export async function connect({ brokers }) {
  const kafka = new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.ERROR })
  const open = []
  return {
    async produce(topic) {
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      open.push(producer)
      await producer.connect()
      return {
        record: (key, value) => ({ key, value }),
        send: (messages) => producer.send({ topic, acks: -1, messages }),
      }
    },

    async consume({ topic, group, mode, handle }) {
      const consumer = kafka.consumer({ groupId: group })
      open.push(consumer)
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run(runOptions(mode, handle))
    },

    async close() {
      await Promise.all(open.map((handle) => handle.disconnect()))
    },
  }
}

function runOptions(mode, handle) {
  if (mode === 'batch') return { eachBatch: async ({ batch }) => handle(batch.messages) }
  if (mode === 'json') return { eachMessage: async ({ message }) => handle(JSON.parse(message.value.toString())) }
  return { eachMessage: async ({ message }) => handle(message.value) }
}

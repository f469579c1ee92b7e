import {
  Consumer,
  jsonDeserializer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  stringSerializers,
} from '@platformatic/kafka'

export async function connect({ brokers, options }) {
  const base = { clientId: 'bench', bootstrapBrokers: brokers.split(',') }
  const open = []
  return {
    async produce(topic) {
      const producer = new Producer({ ...base, acks: ProduceAcks.ALL, serializers: stringSerializers })
      open.push(producer)
      return {
        record: (key, value) => ({ topic, key, value }),
        send: (messages) => producer.send({ messages }),
      }
    },

    async consume({ topic, group, mode, handle }) {
      const consumer = new Consumer({
        ...base,
        ...options,
        groupId: group,
        ...(mode === 'json' ? { deserializers: { value: jsonDeserializer } } : {}),
      })
      open.push(consumer)
      const stream = await consumer.consume({
        topics: [topic],
        mode: MessagesStreamModes.COMMITTED,
        fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      })
      readAll(stream, async (message) => handle(message.value))
    },

    async close() {
      await Promise.all(open.map((handle) => handle.close(true)))
    },
  }
}

async function readAll(stream, onMessage) {
  for await (const message of stream) await onMessage(message)
}

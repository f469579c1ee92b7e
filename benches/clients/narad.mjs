import { createRequire } from 'node:module'
import { BATCH_RECORDS } from '../rows/index.mjs'

// benches/ is a package of its own, so the name is resolved as the repository root's package resolves itself.
const { createKafkaService } = createRequire(new URL('../../package.json', import.meta.url))('narad')

export async function connect({ brokers }) {
  const service = createKafkaService({ brokers, clientId: 'bench' }).init()
  return {
    async produce(topic) {
      await service.connectProducer()
      return {
        record: (key, value) => ({ key, value }),
        send: (records) => service.sendRecords(topic, records),
      }
    },

    async consume({ topic, group, mode, handle }) {
      await service.connectConsumer(group)
      await service.subscribe(topic, async (value) => handle(value), {
        group,
        fromBeginning: true,
        codec: mode === 'json' ? 'json' : 'buffer',
        ...(mode === 'batch' ? { batch: { maxMessages: BATCH_RECORDS } } : {}),
      })
    },

    close: () => service.disconnect(),
  }
}

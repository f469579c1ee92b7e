import { createRequire } from 'node:module'
import { EVENT_TYPES, eventTypeOf } from '../harness/data.mjs'

const { createEventBus, createKafkaService } = createRequire(new URL('../../package.json', import.meta.url))('narad')

/** The events go to one of 100 handlers, each of them `async`. */
export async function connect({ brokers }) {
  const kafka = createKafkaService({ brokers, clientId: 'bench' })
  const bus = createEventBus({ kafka })
  return {
    async consume({ topic, group, handle }) {
      for (let index = 0; index < EVENT_TYPES; index += 1) {
        bus.registerHandler(eventTypeOf(index), async (event) => handle(event))
      }
      await bus.subscribe(topic, { group, fromBeginning: true })
    },

    close: () => bus.stop(),
  }
}

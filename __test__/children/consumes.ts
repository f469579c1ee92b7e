// Handles the records of a topic and names each one when it is done.
// Usage: consumes.ts BROKERS TOPIC GROUP [disconnectAfter]
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService } from 'narad'

const [brokers = '', topic = '', group = '', disconnectAfter = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', autoOffsetReset: 'earliest' },
    ...{ sessionTimeoutMs: 2_000, heartbeatIntervalMs: 300, commitIntervalMs: 50 },
  })
  await service.init().connectProducer()
  await service.connectConsumer(group)
  let handled = 0
  await service.subscribe<number>(topic, async (value, { partition, offset }) => {
    console.log(`started ${value} ${partition} ${offset}`)
    await delay(Math.random() * 4)
    console.log(`handled ${value} ${partition} ${offset}`)
    handled += 1
    if (handled !== Number(disconnectAfter)) return
    setImmediate(async () => {
      await service.disconnect()
      console.log(`disconnected ${Date.now()}`)
    })
  })
  console.log('subscribed')
}

void main()

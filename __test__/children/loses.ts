// Handles two records of which the first ends after half a second, the second when its partition is lost.
// Usage: loses.ts BROKERS TOPIC GROUP classic|consumer
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService, type GroupProtocol } from 'narad'

const [brokers = '', topic = '', group = '', protocol = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', commitIntervalMs: 50, groupProtocol: protocol as GroupProtocol },
    ...(protocol === 'classic' && { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 300 }),
  })
  const lost = new Promise((resolve) => {
    service.on('rebalance', ({ kind }) => {
      console.log(kind)
      if (kind === 'lost') resolve(kind)
    })
  })
  service.on('error', ({ code }) => console.log(`error ${code}`))
  await service.connectConsumer(group)
  const handler = async (value: number) => {
    console.log(`started ${value}`)
    await (value === 0 ? delay(500) : lost)
    console.log(`handled ${value}`)
  }
  await service.subscribe<number>(topic, handler, { fromBeginning: true })
}

void main()

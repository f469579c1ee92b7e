// Handles the records of a topic, of which some fail once and some for good, and names each one that is done.
// Usage: consumes-failing.ts BROKERS TOPIC GROUP
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService, PermanentError, TransientError } from 'narad'

const [brokers = '', topic = '', group = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', autoOffsetReset: 'earliest', connectionTimeoutMs: 20_000 },
    ...{ sessionTimeoutMs: 1_500, heartbeatIntervalMs: 300, commitIntervalMs: 50 },
  })
  await service.init().connectConsumer(group)
  const handler = async (value: number, { attempt }: { attempt: number }) => {
    await delay(Math.random() * 4)
    if (value % 97 === 0) throw new PermanentError('for good')
    if (value % 31 === 0 && attempt === 1) throw new TransientError('once', { retryAfterMs: 5 })
    console.log(`handled ${value} ${Date.now()}`)
  }
  await service.subscribe<number>(topic, handler, { concurrency: 8 })
  console.log('subscribed')
}

void main()

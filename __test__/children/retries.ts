// Handles the records of a topic, each at its third attempt, which retry topics lead to, and some never. Tells of each
// that is done, and of each that comes before its time.
// Usage: retries.ts BROKERS TOPIC GROUP
import { createKafkaService, RETRY_HEADERS, type RecordContext } from 'narad'

const [brokers = '', topic = '', group = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', connectionTimeoutMs: 20_000 },
    ...{ sessionTimeoutMs: 1_500, heartbeatIntervalMs: 300, commitIntervalMs: 50 },
  })
  await service.init().connectConsumer(group)
  const handler = (value: number, { attempt, headers }: RecordContext) => {
    const dueMs = Number(headers[RETRY_HEADERS.due] ?? 0)
    if (Date.now() < dueMs) console.log(`early ${value}`)
    if (attempt < 3 || value % 10 === 0) throw new Error('not yet')
    console.log(`handled ${value}`)
  }
  const retry = { maxRetries: 0, topics: [{ delayMs: 300 }, { delayMs: 700 }] }
  // all fail at first, and alike, as in an outage
  await service.subscribe<number>(topic, handler, { ordering: 'none', fromBeginning: true, retry, outage: false })
  console.log('subscribed')
}

void main()

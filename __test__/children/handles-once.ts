// Handles events in transactions of PostgreSQL that also note which were handled, and says what it has done.
// Usage: handles-once.ts BROKERS TOPIC GROUP DATABASE_URL
import { createKafkaService, type Middleware } from 'narad'
import { handledOnce, openPool } from '../../examples/postgres-once.mjs'

const [brokers = '', topic = '', group = '', url = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', autoOffsetReset: 'earliest', connectionTimeoutMs: 20_000 },
    ...{ sessionTimeoutMs: 1_500, heartbeatIntervalMs: 300, commitIntervalMs: 1_000 },
  })
  await service.init().connectConsumer(group)
  const { query, use } = handledOnce(openPool(url))
  const handler = async ({ id, cents }: { id: number; cents: number }) => {
    await query('INSERT INTO effects (id) VALUES ($1)', [id])
    // many handlers want the same row
    await query('UPDATE accounts SET cents = cents + $1 WHERE id = $2', [cents, id % 50])
  }
  const tells: Middleware = {
    name: 'tells',
    async consume({ partition, offset }, next) {
      await next()
      console.log(`${partition} ${offset}`)
    },
  }
  await service.subscribe<{ id: number; cents: number }>(topic, handler, { use: [tells, ...use] })
}

void main()

// An idempotent handler: records that come twice, and handlers that fail half-way, count once. The table of what was
// handled is written in the transaction of the handler. Needs PostgreSQL:
//   DATABASE_URL=postgresql://localhost/test node examples/18-idempotent-handler.mjs
import { createKafkaService, HEADERS, message } from 'narad'
import { HANDLED, handledOnce, openPool } from './postgres-once.mjs'
import { until } from './until.mjs'

const topic = 'examples.deposits'
const pool = openPool(process.env.DATABASE_URL)
await pool.query(HANDLED)
await pool.query('CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, cents int NOT NULL)')
await pool.query("INSERT INTO accounts VALUES ('ada', 0) ON CONFLICT (id) DO UPDATE SET cents = 0")

const service = createKafkaService({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', logLevel: 'error' })
await service.connectProducer()
await service.connectConsumer('examples.accounts')

const { query, use } = handledOnce(pool)
let failures = 0
let runs = 0
await service.subscribe(
  topic,
  async ({ account, cents }) => {
    runs += 1
    await query('UPDATE accounts SET cents = cents + $1 WHERE id = $2', [cents, account])
    if (cents === 50 && failures === 0) {
      failures += 1
      throw new Error('half-way: the update is rolled back')
    }
  },
  { use, retry: { initialDelayMs: 10 } },
)

// A producer that is not idempotent, or a replay: everything comes twice. Both copies have the same id.
const run = Date.now()
const deposits = [100, 50, 25].map((cents, index) =>
  message({ account: 'ada', cents }).key('ada').header(HEADERS.messageId, `${run}-${index}`),
)
await service.send(topic, [...deposits, ...deposits])
const last = message({ account: 'ada', cents: 1 }).key('ada').header(HEADERS.messageId, `${run}-last`)
await service.send(topic, last)

const balance = async () => (await pool.query("SELECT cents FROM accounts WHERE id = 'ada'")).rows[0].cents
await until(() => runs === 5)
await service.disconnect()
const cents = await balance()
console.log(`sent ${deposits.length * 2 + 1}, the handler ran ${runs} times, ${failures} of them failed`)
console.log(`the account has ${cents} cents`)
await pool.end()

// Prints:
//   sent 7, the handler ran 5 times, 1 of them failed
//   the account has 176 cents

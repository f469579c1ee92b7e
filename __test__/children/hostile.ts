// Does all that could carry a secret or a forged line into the output, with the default logger at its loudest.
// Usage: hostile.ts BROKERS TOPIC CANARY
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService, type KafkaConfig, message } from 'narad'

const [brokers = '', topic = '', canary = ''] = process.argv.slice(2)
/** What would look like an entry of the log, if it began a line. */
const FORGED = 'x\r\n2026-01-01T00:00:00.000Z error narad: FORGED\n\u001b[31mFORGED\u2028FORGED'

async function tries(config: KafkaConfig): Promise<void> {
  const service = createKafkaService({ logLevel: 'debug', connectionTimeoutMs: 700, ...config })
  try {
    await service.init().connectProducer()
  } catch (error) {
    console.error(error)
    console.error(JSON.stringify(error))
  }
  console.error(service.config)
  await service.disconnect({ timeoutMs: 500 })
}

async function main(): Promise<void> {
  const debug = { debug: 'all' }
  const sasl = { username: 'user', password: canary }
  // a broker that knows no SASL, one that knows no TLS, and none
  await tries({ brokers, sasl, librdkafka: debug })
  await tries({ brokers, sasl: { ...sasl, mechanism: 'scram-sha-256' }, librdkafka: debug })
  await tries({ brokers, ssl: true, sasl, librdkafka: debug })
  await tries({ brokers: 'localhost:1', sasl, librdkafka: debug })
  const pem = `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`
  await tries({ brokers, ssl: { cert: pem.replaceAll('PRIVATE KEY', 'CERTIFICATE'), key: pem }, librdkafka: debug })

  const service = createKafkaService({ brokers, logLevel: 'debug', autoOffsetReset: 'earliest' }).init()
  await service.connectProducer()
  const headers = { ['__proto__']: FORGED, [FORGED]: FORGED }
  await service.send(topic, message({ text: FORGED }).key(FORGED).headers(headers))
  await service.connectConsumer(`${FORGED}-${topic}`)
  await service.subscribe(
    topic,
    (value) => {
      throw Object.assign(new Error(`${FORGED} password=${canary}`), { value })
    },
    { retry: false, dlq: { topic: `${topic}.dlq` } },
  )
  while ((await service.send(topic, 1)).offset < 5) await delay(50)
  await service.send(FORGED, 1).catch((error) => console.error(error.message))
  await service.disconnect()
  console.log('ended')
}

void main()

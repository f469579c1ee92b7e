// Sends without end and handles with half a second of work, until a signal that its services handle.
// Usage: signals.ts BROKERS SOURCE TARGET GROUP ends|hangs
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService } from 'narad'

const [brokers = '', source = '', target = '', group = '', how = 'ends'] = process.argv.slice(2)
const common = { brokers, handleSignals: true, disconnectTimeoutMs: how === 'hangs' ? 60_000 : 10_000 }

async function main(): Promise<void> {
  const [sending, handling] = [createKafkaService(common), createKafkaService(common)]
  await sending.connectProducer()
  await handling.connectProducer()
  await handling.connectConsumer(group)
  const handle = async (value: number) => {
    console.log(`started ${value}`)
    if (how === 'hangs') await new Promise(() => {})
    await delay(500)
    await handling.send(target, { handled: value })
    console.log(`handled ${value}`)
  }
  await handling.subscribe<number>(source, handle, { fromBeginning: true, timeoutMs: Number.POSITIVE_INFINITY })
  for (let value = 0; process.listenerCount('SIGTERM') > 0 && process.exitCode === undefined; value += 1) {
    const sent = sending.send(target, { sent: value }).then(() => console.log(`acknowledged ${value}`))
    sent.catch((error) => console.log(`refused ${value} ${error.code}`))
    if (value % 100 === 0) await delay(1)
  }
}

void main()

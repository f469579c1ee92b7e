// Connects services, drops them without disconnecting, collects garbage, and tells how many threads are left and for
// how long the event loop stood still. Usage, with --expose-gc: drops.ts BROKERS TOPIC SERVICES
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService } from 'narad'
import { resources } from '../helpers/resources.ts'
import { waitFor } from '../helpers/wait.ts'

const [brokers = '', topic = '', services = '0'] = process.argv.slice(2)
const { gc: collect = () => assertExposed() } = globalThis as { gc?: () => void }

function assertExposed(): never {
  throw new Error('run this with --expose-gc')
}

async function useAndDrop(): Promise<void> {
  const service = createKafkaService({ brokers, logLevel: 'silent' }).init()
  await service.connectProducer()
  await service.connectConsumer(`group-${Math.random()}`)
  await service.send(topic, 'awaited')
  void service.send(topic, 'not awaited')
}

/** A service that handles records is not done when nobody names it any more. */
async function subscribeAndDrop(handler: (value: string) => void): Promise<void> {
  const service = createKafkaService({ brokers, logLevel: 'silent' }).init()
  await service.connectConsumer(`group-${Math.random()}`)
  await service.subscribe(topic, handler)
}

async function main(): Promise<void> {
  const last = createKafkaService({ brokers, logLevel: 'silent' }).init()
  await last.connectProducer()
  let handled = 0
  await subscribeAndDrop(() => {
    handled += 1
  })
  await last.send(topic, 'first')
  // so that what the process keeps for good is there before it is measured
  await waitFor(() => handled === 1, { what: 'the first record' })
  const before = resources().threads

  for (let index = 0; index < Number(services); index += 1) await useAndDrop()
  const used = resources().threads
  let longestMs = 0
  let lastBeat = performance.now()
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastBeat)
    lastBeat = performance.now()
  }, 5)
  const areEnded = async () => {
    await delay(50)
    collect()
    return resources().threads <= before
  }
  await waitFor(areEnded, { what: 'the threads to end', timeoutMs: 15_000 }).catch((error) => console.log(error))
  clearInterval(beat)
  const { threads } = resources()
  await last.send(topic, 'last')
  const all = 2 * Number(services) + 2
  await waitFor(() => handled === all, { what: `${all} records` }).catch((error) => console.log(error))
  console.log(`result ${JSON.stringify({ before, used, threads, longestMs, handled })}`)
  process.exit()
}

void main()

// Connects services, drops them without disconnecting, collects garbage, and tells how many threads are left and for
// how long the event loop stood still. Usage, with --expose-gc: drops.ts BROKERS TOPIC SERVICES
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService } from 'narad'
import { resources } from '../helpers/resources.ts'
import { waitFor } from '../helpers/wait.ts'

const [brokers = '', topic = '', services = '0'] = process.argv.slice(2)
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})

async function useAndDrop(): Promise<void> {
  const service = createKafkaService({ brokers, logLevel: 'silent' }).init()
  await service.connectProducer()
  await service.connectConsumer(`group-${Math.random()}`)
  await service.send(topic, 1)
}

async function main(): Promise<void> {
  // so that what the process keeps for good is there before it is measured
  const first = createKafkaService({ brokers, logLevel: 'silent' }).init()
  await first.connectProducer()
  await first.send(topic, 1)
  await first.disconnect()
  const before = resources().threads

  for (let index = 0; index < Number(services); index += 1) await useAndDrop()
  const used = resources().threads
  let longestMs = 0
  let last = performance.now()
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last)
    last = performance.now()
  }, 5)
  const ended = waitFor(
    async () => {
      await delay(50)
      collect()
      return resources().threads <= before + 1
    },
    { what: 'the threads to end', timeoutMs: 15_000 },
  )
  await ended.catch((error: Error) => console.log(error.message))
  clearInterval(beat)
  console.log(`result ${JSON.stringify({ before, used, left: resources().threads, longestMs })}`)
}

void main()

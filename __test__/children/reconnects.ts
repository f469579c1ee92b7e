// Connects, uses and disconnects a service again and again, and tells after each round what the process holds.
// Usage, with --expose-gc: reconnects.ts BROKERS TOPIC ROUNDS
import { createKafkaService } from 'narad'
import { resources } from '../helpers/resources.ts'

const [brokers = '', topic = '', rounds = '0'] = process.argv.slice(2)
declare const gc: () => void

async function main(): Promise<void> {
  const service = createKafkaService({ brokers, logLevel: 'silent' })
  for (let round = 1; round <= Number(rounds); round += 1) {
    let resolve: () => void = () => {}
    const handled = new Promise<void>((done) => {
      resolve = done
    })
    await service.init().connectProducer()
    await service.connectConsumer(`${topic}-group`)
    const handler = (value: unknown) => {
      if (value === round) resolve()
    }
    await service.subscribe(topic, handler, { dlq: false })
    await service.send(topic, round)
    await handled
    await service.disconnect()
    gc()
    const { threads, descriptors, rssBytes } = resources()
    console.log(JSON.stringify({ round, threads, descriptors, rssBytes }))
  }
}

void main()

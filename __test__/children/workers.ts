// Uses narad in worker threads, all at once or ended while they are at work, and tells what the process holds.
// Usage: workers.ts together|ended BROKERS TOPIC COUNT
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { resources } from '../helpers/resources.ts'

const [mode = '', brokers = '', topic = '', count = '0'] = process.argv.slice(2)
const RECORDS = 1_000
/** What a worker has reached when it is ended, in turn. */
const MOMENTS = ['connected', 'subscribed', 'handled', 'sent']

/** Plain JavaScript: a worker that had to compile it would take longer to start than to run. */
const CODE = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { createKafkaService } = require(workerData.narad)
  const { brokers, topic, group, records } = workerData
  async function main() {
    const service = createKafkaService({ brokers, logLevel: 'silent' }).init()
    await service.connectProducer()
    await service.connectConsumer(group)
    parentPort.postMessage('connected')
    let handled = 0
    let finish
    const finished = new Promise((resolve) => { finish = resolve })
    await service.subscribe(topic, (value) => {
      if (value.group !== group) return
      if (handled === 0) parentPort.postMessage('handled')
      handled += 1
      if (handled === records) finish()
    }, { dlq: false })
    parentPort.postMessage('subscribed')
    const values = Array.from({ length: records }, (_, index) => ({ group, index }))
    const sends = values.map((value) => service.send(topic, value, { key: String(value.index % 10) }))
    parentPort.postMessage('sent')
    await Promise.all(sends)
    await finished
    await service.disconnect()
    parentPort.postMessage('done ' + handled)
  }
  void main()
`

function start(group: string): Worker {
  const narad = require.resolve('narad')
  return new Worker(CODE, { eval: true, workerData: { narad, brokers, topic, group, records: RECORDS } })
}

async function together(): Promise<void> {
  const workers = Array.from({ length: Number(count) }, (_, index) => start(`${topic}-${index}`))
  const ends = workers.map(async (worker) => {
    worker.on('message', (message: string) => {
      if (message.startsWith('done')) console.log(message)
    })
    console.log(`exit ${(await once(worker, 'exit'))[0]}`)
  })
  await Promise.all(ends)
}

async function ended(): Promise<void> {
  for (let round = 0; round < Number(count); round += 1) {
    const worker = start(`${topic}-${round}`)
    const moment = MOMENTS[round % MOMENTS.length]
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: string) => {
        if (message === moment) resolve()
      })
      worker.on('error', reject)
    })
    await worker.terminate()
    const { threads, descriptors, rssBytes } = resources()
    console.log(JSON.stringify({ round, threads, descriptors, rssBytes }))
  }
}

void (mode === 'together' ? together() : ended())

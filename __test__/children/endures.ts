// Sends and handles records, all well or most with an error, and tells at each tenth what the process holds.
// Usage: endures.ts well|errors BROKERS TOPIC COUNT
import { createKafkaService, PermanentError, type RecordContext, TransientError } from 'narad'
import { resources } from '../helpers/resources.ts'

const [mode = '', brokers = '', topic = '', count = '0'] = process.argv.slice(2)
const COUNT = Number(count)
const PER_SEND = 1_000
const IN_FLIGHT = 4
/** Records that are sent and not handled: the log is not the place where this is measured. */
const AHEAD = 200_000

async function main(): Promise<void> {
  const service = createKafkaService({ brokers, logLevel: 'silent' }).init()
  service.on('error', () => {})
  await service.connectProducer()
  await service.connectConsumer(`${topic}-group`)
  let [handled, refused] = [0, 0]
  const done = () => {
    handled += 1
    if (handled % (COUNT / 10) !== 0) return
    console.log(JSON.stringify({ handled, refused, ...resources() }))
  }
  const errors = (value: number, { attempt }: RecordContext) => {
    if (value % 2 === 0 && attempt === 1) throw new TransientError('on purpose', { retryAfterMs: 1 })
    done()
    if (value % 10 === 0) throw new PermanentError('on purpose')
  }
  // errors are to be handled one by one here, and not waited out
  await service.subscribe<number>(topic, mode === 'well' ? done : errors, { outage: false })
  const tooLarge = 'x'.repeat(2_000_000)
  let next = 0
  const sendOn = async () => {
    while (next < COUNT) {
      const from = next
      next += PER_SEND
      const values = Array.from({ length: PER_SEND }, (_, index) => from + index)
      await service.send(topic, values, { key: (value) => `k${value % 1_000}` })
      while (from - handled > AHEAD) await new Promise((resolve) => setTimeout(resolve, 10))
      if (mode === 'errors') {
        await service.send(topic, tooLarge).catch(() => {
          refused += 1
        })
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, sendOn))
  while (handled < COUNT) await new Promise((resolve) => setTimeout(resolve, 10))
  await service.disconnect()
}

void main()

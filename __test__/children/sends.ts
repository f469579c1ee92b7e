// Sends `count` records without awaiting them, names each acknowledged one, and then does what the parent asked for.
// Usage: sends.ts BROKERS TOPIC COUNT end|exit|throw|wait|disconnect
import { kafkaService } from 'narad'

const [brokers = '', topic = '', count = '0', then = 'end'] = process.argv.slice(2)

async function main(): Promise<void> {
  await kafkaService.init({ brokers, logLevel: 'silent' }).connectProducer()
  let isFirst = true
  for (let index = 0; index < Number(count); index += 1) {
    void kafkaService.send(topic, index).then(() => {
      console.log(`acknowledged ${index}`)
      if (!isFirst) return
      isFirst = false
      if (then === 'exit') process.exit(3)
      if (then === 'throw') {
        setImmediate(() => {
          throw new Error('uncaught on purpose')
        })
      }
    })
  }
  console.log('sent')
  if (then === 'wait') setInterval(() => {}, 1_000)
  if (then === 'disconnect') {
    await kafkaService.disconnect()
    console.log(`disconnected ${Date.now()}`)
  }
}

void main()

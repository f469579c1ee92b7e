// A worker that has nothing but a subscription. Tells when it has subscribed, and what it handles first.
import { kafkaService } from 'narad'

async function main(): Promise<void> {
  await kafkaService.init().connectConsumer('waiting')
  await kafkaService.subscribe('test-topic', (message) => {
    console.log(`handled ${JSON.stringify(message)}`)
    setImmediate(() => void kafkaService.disconnect())
  })
  console.log(`subscribed, mode ${kafkaService.mode}`)
}

main().catch((error: unknown) => {
  console.log(String(error))
  process.exitCode = 1
})

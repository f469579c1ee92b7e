// What a service does at its start, configured by the environment alone. Tells how it went.
import { KafkaError, kafkaService } from 'narad'

async function main(): Promise<void> {
  await kafkaService.init().connectProducer()
  console.log(JSON.stringify(await kafkaService.send('test-topic', { message: 'Hello World' })))
  await kafkaService.send('test-topic', [1, null])
  await kafkaService.sendRecords('test-topic', [{ key: 'k', value: 'text' }])
  await kafkaService.connectConsumer('group')
  await kafkaService.subscribe('test-topic', () => {})
  console.log(`mode ${kafkaService.mode}, connected ${kafkaService.isConnected}`)
  console.log(`left ${JSON.stringify(await kafkaService.disconnect())}`)
}

main().catch((error: unknown) => {
  if (!(error instanceof KafkaError)) throw error
  console.log(`${error.name} ${error.code} ${error.message}`)
})

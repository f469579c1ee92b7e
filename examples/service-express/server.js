// A service with Express: it takes orders over HTTP, bills them from Kafka, and answers the probes of an orchestrator.
//   npm install && npm start
// Without KAFKA_BROKERS it has a broker of its own in the process.
import { once } from 'node:events'
import express from 'express'
import { KafkaError, kafkaService, message } from 'narad'
import { kafkaHealth } from 'narad/express'

kafkaService.init({ clientId: 'shop', brokers: process.env.KAFKA_BROKERS ?? 'embedded' })

const app = express()
app.use(kafkaHealth())
app.post('/orders', express.json(), async (request, response) => {
  const order = request.body
  const { partition, offset } = await kafkaService.send('orders', message(order).key(order.id))
  response.status(201).json({ partition, offset })
})
app.use((error, _request, response, _next) => {
  // what may succeed later is the client's to repeat, with the same id
  const status = error instanceof KafkaError && error.retriable ? 503 : 400
  response.status(status).json({ error: error.code ?? 'bad request' })
})

// Probes are answered from the beginning: the service is ready once it is connected.
const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, 'listening')
console.log(`listening on port ${server.address().port}`)

// First no more requests, then what they sent, and the handlers that run.
const end = async () => {
  server.close()
  server.closeIdleConnections()
  await once(server, 'close')
  await kafkaService.disconnect({ timeoutMs: 10_000 })
  console.log('closed')
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end)

await kafkaService.connectProducer()
await kafkaService.connectConsumer('billing')
await kafkaService.subscribe('orders', (order, { key }) => {
  console.log(`billed ${key}: ${order.total}`)
})

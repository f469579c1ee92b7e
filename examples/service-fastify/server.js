// A service with Fastify: it takes orders over HTTP, bills them from Kafka, and answers the probes of an orchestrator.
//   npm install && npm start
// Without KAFKA_BROKERS it has a broker of its own in the process.
import fastify from 'fastify'
import { KafkaError, kafkaService, message } from 'narad'
import { kafkaHealth } from 'narad/fastify'

kafkaService.init({ clientId: 'shop', brokers: process.env.KAFKA_BROKERS ?? 'embedded' })

const app = fastify()
app.register(kafkaHealth)
app.post('/orders', async (request, reply) => {
  const order = request.body
  const { partition, offset } = await kafkaService.send('orders', message(order).key(order.id))
  return reply.code(201).send({ partition, offset })
})
app.setErrorHandler((error, _request, reply) => {
  // what may succeed later is the client's to repeat, with the same id
  const status = error instanceof KafkaError && error.retriable ? 503 : 400
  return reply.code(status).send({ error: error.code ?? 'bad request' })
})
// First no more requests, then what they sent, and the handlers that run.
app.addHook('onClose', async () => {
  await kafkaService.disconnect({ timeoutMs: 10_000 })
  console.log('closed')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())

// Probes are answered from the beginning: the service is ready once it is connected.
await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`listening on port ${app.server.address().port}`)

await kafkaService.connectProducer()
await kafkaService.connectConsumer('billing')
await kafkaService.subscribe('orders', (order, { key }) => {
  console.log(`billed ${key}: ${order.total}`)
})

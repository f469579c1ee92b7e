// A small HTTP service around Kafka: it takes orders, tells whether it is healthy, and ends when it is told to.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { KafkaError, kafkaService, message } from 'narad'

await kafkaService.init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded' }).connectProducer()

const server = createServer(async (request, response) => {
  if (request.url === '/health/kafka') {
    const { isConnected, mode } = kafkaService
    return reply(response, isConnected ? 200 : 503, { status: isConnected ? 'connected' : 'disconnected', mode })
  }
  if (request.method !== 'POST' || request.url !== '/orders') return reply(response, 404, { error: 'not found' })
  try {
    const order = await readJson(request)
    await kafkaService.send('examples.http-orders', message(order).key(order.id).source('shop'))
    return reply(response, 201, { stored: order.id })
  } catch (error) {
    // A retriable failure is the client's to repeat, with the same order id.
    const status = error instanceof KafkaError && error.retriable ? 503 : 400
    return reply(response, status, { error: error instanceof KafkaError ? error.code : 'bad request' })
  }
})
server.listen(0)
await once(server, 'listening')

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, shutDown)

// First no more requests, the running ones answered, then what they sent.
async function shutDown() {
  server.close()
  await Promise.race([once(server, 'close'), delay(5_000, undefined, { ref: false })])
  server.closeAllConnections()
  const { undelivered } = await kafkaService.disconnect({ timeoutMs: 10_000 })
  console.log(`closed, ${undelivered} records not delivered`)
}

// From here on the example is its own client.
const url = `http://localhost:${server.address().port}`
const post = (body) => fetch(`${url}/orders`, { method: 'POST', body })
await show(fetch(`${url}/health/kafka`))
await show(post('{"id":"order-1","total":30}'))
await show(post('no JSON'))
process.kill(process.pid, 'SIGTERM')

async function show(request) {
  const response = await request
  console.log(response.status, await response.text())
}

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readJson(request) {
  const chunks = await request.toArray()
  return JSON.parse(Buffer.concat(chunks).toString())
}

// Prints:
//   200 {"status":"connected","mode":"live"}
//   201 {"stored":"order-1"}
//   400 {"error":"bad request"}
//   closed, 0 records not delivered

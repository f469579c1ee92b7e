// Request and reply: what a handler returns, or throws, comes back to who asked.
import { kafkaService, RemoteError } from 'narad'

await kafkaService
  .init({ brokers: process.env.KAFKA_BROKERS ?? 'embedded', clientId: 'examples.shop' })
  .connectProducer()

// Usually another service. Replies go to topics that end in ".replies", or that the option "replyTopics" names.
await kafkaService.connectConsumer('examples.stock')
const stock = new Map([['tea', 3]])
await kafkaService.reply('examples.stock-requests', ({ article }) => {
  const left = stock.get(article)
  if (left === undefined) throw Object.assign(new RangeError(`no ${article} here`), { code: 'UNKNOWN_ARTICLE' })
  return { article, left }
})

// Replies come to "examples.shop.replies", which is read from its end before the first request leaves.
const { article, left } = await kafkaService.request('examples.stock-requests', { article: 'tea' })
console.log(`${article}: ${left} left`)

try {
  await kafkaService.request('examples.stock-requests', { article: 'coffee' })
} catch (error) {
  if (!(error instanceof RemoteError)) throw error
  console.log(`${error.remoteName} ${error.remoteCode}: ${error.message}`)
}

// Nobody replies here.
await kafkaService
  .request('examples.nobody', {}, { timeoutMs: 200 })
  .catch((error) => console.log(`${error.code} from ${error.topic}`))
await kafkaService.disconnect()

// Prints:
//   tea: 3 left
//   RangeError UNKNOWN_ARTICLE: no coffee here
//   NARAD_REQUEST_TIMEOUT from examples.nobody

// What an event costs beside plain JSON of the same fields, bundled as the package is, because tsx makes each import a getter:
// npx esbuild benches/envelopes.mjs --bundle --platform=node | node
// Encoding goes as far as the columns of a send, keys and headers included; decoding is out of a batch's block.
import { resolveCodec } from '../lib/codec.ts'
import { domainEvent, event } from '../lib/events/event.ts'
import { eventCodec } from '../lib/events/event-codec.ts'
import { encodeValues } from '../lib/producer/columns.ts'

const ROUNDS = 100
const CALLS = 2_000
const data = { orderId: 'o-123456', customerId: 'c-99', total: 129.95, items: [{ sku: 'a-1', count: 2 }] }
const EVENTS = {
  event: event({ type: 'order.created', source: 'orders', data }),
  domainEvent: domainEvent({
    ...{ type: 'order.created', source: 'orders', data, aggregateId: 'o-123456', aggregateType: 'Order' },
    ...{ correlationId: 'c-1', causationId: 'e-1', metadata: { tenant: 'acme' } },
  }),
}
const FORMATS = /** @type {const} */ ([
  'narad',
  'snake_case',
  'payload',
  'flat',
  'cloudevents',
  'cloudevents-structured',
])

const json = resolveCodec('json')
const rows = []
for (const [kind, made] of Object.entries(EVENTS)) {
  const plain = JSON.parse(JSON.stringify(made))
  const tasks = {
    json: task(json, plain),
    ...Object.fromEntries(FORMATS.map((format) => [format, task(resolveCodec(eventCodec({ format })), made)])),
  }
  const times = measure(tasks)
  for (const [name, { encode, decode }] of Object.entries(times)) {
    const ratio = (encode + decode) / (times.json.encode + times.json.decode)
    rows.push({ kind, format: name, 'encode ns': encode, 'decode ns': decode, 'times JSON': Number(ratio.toFixed(2)) })
  }
}
console.table(rows)

function task(codec, value) {
  const columns = encodeValues('t', [value], false, {}, codec)
  const bytes = Buffer.from(columns.values[0])
  const block = Buffer.concat([Buffer.alloc(100), bytes])
  const headers = Object.assign(Object.create(null), Object.fromEntries(columns.headers?.[0] ?? []))
  const context = { topic: 't', partition: 0, offset: 1, timestamp: 1, headers }
  return {
    encode: () => encodeValues('t', [value], false, {}, codec),
    decode: () => codec.decode(block, 100, block.length, context),
  }
}

/** The best of rounds in which all take turns: what else the machine does only adds to it. */
function measure(tasks) {
  const best = {}
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { encode, decode }] of Object.entries(tasks)) {
      best[name] ??= { encode: Number.POSITIVE_INFINITY, decode: Number.POSITIVE_INFINITY }
      best[name].encode = Math.min(best[name].encode, nanoseconds(encode))
      best[name].decode = Math.min(best[name].decode, nanoseconds(decode))
    }
  }
  return best
}

function nanoseconds(run) {
  const start = process.hrtime.bigint()
  for (let call = 0; call < CALLS; call += 1) run()
  return Math.round(Number(process.hrtime.bigint() - start) / CALLS)
}

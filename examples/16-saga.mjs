// A saga without a framework: five services, each with a bus of its own, that know one another by events alone. An order
// is created, paid for, its money held until the delivery; when a payment fails or the delivery is late, each service
// takes back what it has done. Every service may stop at any time: its events wait, and are handled when it is back.
import { createEventBus, createKafkaService, eventCodec } from 'narad'
import { until } from './until.mjs'

const brokers = process.env.KAFKA_BROKERS ?? 'embedded'
const topicOf = (service) => `examples.${service}-events`
// As services in other languages read and write them: { type, timestamp, payload }; ids are in the headers.
const codec = eventCodec({ format: 'payload' })
const services = []

/** A service publishes to the topic of its name, and handles the events of others. */
async function startService(name, reads, handlers) {
  const kafka = createKafkaService({ brokers, clientId: name, logLevel: 'error' })
  const bus = createEventBus({ service: name, kafka, codec, topic: ({ source }) => topicOf(source) })
  // The order is the aggregate: its id is the key, so that the events of one order stay in order.
  const publish = (type, order, data = order) =>
    bus.publish({ type, data, aggregateId: order.id, aggregateType: 'Order' })
  for (const [type, handler] of Object.entries(handlers(publish))) {
    bus.registerHandler(type, (event) => handler(event.data, event))
  }
  await bus.start()
  await bus.subscribe(reads.map(topicOf), { group: `examples.${name}`, retry: { initialDelayMs: 50 } })
  services.push(bus)
  return publish
}

// An event may come twice, after a crash: what a service knows, in real life in its database, says what is left to do.
const orders = new Map()
const createOrder = await startService('order', ['payment', 'timer'], (publish) => {
  const end = async (order, status, type) => {
    if (orders.get(order.id) !== 'open') return
    await publish(type, order)
    orders.set(order.id, status)
  }
  return {
    TIMER_STARTED: (order) => (order.isDeliverable ? end(order, 'delivered', 'ORDER_DELIVERED') : undefined),
    PAYMENT_FAILED: (order) => end(order, 'cancelled', 'ORDER_CANCELLED'),
    ORDER_TIMEOUT: (order) => end(order, 'cancelled', 'ORDER_CANCELLED'),
  }
})

const payments = new Map()
await startService('payment', ['order'], (publish) => ({
  async ORDER_CREATED(order) {
    if (payments.get(order.id) === 0) return
    // That there is no money is an answer and not an error: no retry would change it.
    const isPaid = order.amount <= 100
    payments.set(order.id, isPaid ? order.amount : 0)
    await publish(isPaid ? 'PAYMENT_AUTHORIZED' : 'PAYMENT_FAILED', order)
  },
  async ORDER_CANCELLED(order) {
    if (!payments.get(order.id)) return
    await publish('PAYMENT_REFUNDED', order)
    payments.set(order.id, 0)
  },
}))

const escrow = new Map()
await startService('escrow', ['payment', 'order'], (publish) => {
  const release = async (order, type) => {
    if (!escrow.get(order.id)) return
    await publish(type, order)
    escrow.set(order.id, 0)
  }
  return {
    async PAYMENT_AUTHORIZED(order) {
      if (escrow.get(order.id) === 0) return
      escrow.set(order.id, order.amount)
      await publish('FUNDS_HELD', order)
    },
    ORDER_DELIVERED: (order) => release(order, 'FUNDS_PAID_OUT'),
    ORDER_CANCELLED: (order) => release(order, 'FUNDS_RELEASED'),
  }
})

const timers = new Map()
await startService('timer', ['escrow'], (publish) => ({
  async FUNDS_HELD(order) {
    // What a timer publishes belongs to the same saga as the handler that started it.
    const start = () => setTimeout(() => publish('ORDER_TIMEOUT', order), order.deliverWithinMs)
    if (!timers.has(order.id)) timers.set(order.id, start())
    await publish('TIMER_STARTED', order)
  },
  FUNDS_PAID_OUT: (order) => clearTimeout(timers.get(order.id)),
}))

const seen = []
await startService('notification', ['order', 'payment', 'escrow', 'timer'], () => ({
  '*': (order, event) => seen.push({ ...event, order: order.id }),
}))

await createOrder('ORDER_CREATED', open({ id: 'order-1', amount: 30, deliverWithinMs: 60_000, isDeliverable: true }))
await createOrder('ORDER_CREATED', open({ id: 'order-2', amount: 5_000, deliverWithinMs: 60_000 }))
await createOrder('ORDER_CREATED', open({ id: 'order-3', amount: 70, deliverWithinMs: 50 }))

await until(() => seen.length === 6 + 3 + 8)
for (const bus of services) await bus.stop()

// Each event names its cause: what notifications have seen, in whatever order, is the tree of what happened.
for (const event of seen.filter(({ type }) => type === 'ORDER_CREATED').sort((a, b) => (a.order < b.order ? -1 : 1))) {
  const saga = seen.filter(({ correlationId, id }) => correlationId === event.id || id === event.id)
  console.log(`${event.order}, ${orders.get(event.order)}, ${escrow.get(event.order) ?? 0} in escrow:`)
  show(saga, event, '  ')
}

function open(order) {
  orders.set(order.id, 'open')
  return order
}

function show(saga, { id, type, source }, indent) {
  console.log(`${indent}${type} by ${source}`)
  const effects = saga.filter(({ causationId }) => causationId === id).sort((a, b) => (a.type < b.type ? -1 : 1))
  for (const effect of effects) show(saga, effect, `${indent}  `)
}

// Prints:
//   order-1, delivered, 0 in escrow:
//     ORDER_CREATED by order
//       PAYMENT_AUTHORIZED by payment
//         FUNDS_HELD by escrow
//           TIMER_STARTED by timer
//             ORDER_DELIVERED by order
//               FUNDS_PAID_OUT by escrow
//   order-2, cancelled, 0 in escrow:
//     ORDER_CREATED by order
//       PAYMENT_FAILED by payment
//         ORDER_CANCELLED by order
//   order-3, cancelled, 0 in escrow:
//     ORDER_CREATED by order
//       PAYMENT_AUTHORIZED by payment
//         FUNDS_HELD by escrow
//           ORDER_TIMEOUT by timer
//             ORDER_CANCELLED by order
//               FUNDS_RELEASED by escrow
//               PAYMENT_REFUNDED by payment
//           TIMER_STARTED by timer

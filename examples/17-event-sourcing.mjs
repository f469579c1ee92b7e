// Event sourcing: the events of an order are the order. The topic is the store, appending is publishing, and a view of
// all orders is what comes of handling the topic from its beginning; there are no snapshots.
import { randomUUID } from 'node:crypto'
import { createEventBus, createKafkaService } from 'narad'
import { until } from './until.mjs'

const brokers = process.env.KAFKA_BROKERS ?? 'embedded'
const topic = `examples.orders-${randomUUID()}.events`

/** What each event makes of an order. Nothing but the order and the event counts, so that a replay gives the same. */
const changes = {
  ORDER_CREATED: (_order, { customerId, items, total }) => ({ customerId, items, total, status: 'created' }),
  ORDER_UPDATED: (order, { changes }) => ({ ...order, ...changes }),
  ORDER_SHIPPED: (order, { carrier }) => ({ ...order, status: 'shipped', carrier }),
  ORDER_CANCELLED: (order) => ({ ...order, status: 'cancelled' }),
}

/** Writes. Resolves once the broker has the event, to where it stands in the topic. */
class OrderStore {
  constructor(bus) {
    this.bus = bus
  }

  append(orderId, type, data = {}) {
    return this.bus.publish(topic, { type, data, aggregateId: orderId, aggregateType: 'Order' })
  }
}

/** Reads: all orders, as far as the topic was handled. */
class OrderView {
  histories = new Map()
  #next = new Map()

  constructor(bus) {
    this.bus = bus
    for (const type of Object.keys(changes)) bus.registerHandler(type, (event, context) => this.#add(event, context))
  }

  /** A group of its own begins at the beginning. The position tells what was handled, so partitions go in order. */
  start() {
    return this.bus.subscribe(topic, { group: `view-${randomUUID()}`, fromBeginning: true, ordering: 'partition' })
  }

  #add(event, { partition, offset }) {
    // an event that is handed over again, after a rebalance, was counted already
    if (offset < (this.#next.get(partition) ?? 0)) return
    this.histories.set(event.aggregateId, [...(this.histories.get(event.aggregateId) ?? []), event])
    this.#next.set(partition, offset + 1)
  }

  /** Whoever has appended may wait until the view shows it. */
  shows({ partition, offset }) {
    return until(() => (this.#next.get(partition) ?? 0) > offset)
  }

  /** The order as it is, or as it was after so many events. */
  order(orderId, version = Number.POSITIVE_INFINITY) {
    const history = this.histories.get(orderId) ?? []
    return history.slice(0, version).reduce((order, { type, data }) => changes[type](order, data), undefined)
  }
}

const start = (clientId) =>
  createEventBus({ kafka: createKafkaService({ brokers, clientId, logLevel: 'error' }) }).start()

const bus = await start('order-service')
const store = new OrderStore(bus)
const view = new OrderView(bus)
await view.start()

await store.append('order-1', 'ORDER_CREATED', { customerId: 'ada', items: ['book'], total: 20 })
await store.append('order-2', 'ORDER_CREATED', { customerId: 'bob', items: ['lamp'], total: 45 })
await store.append('order-1', 'ORDER_UPDATED', { changes: { items: ['book', 'pen'], total: 23 } })
const last = [
  await store.append('order-1', 'ORDER_SHIPPED', { carrier: 'post' }),
  await store.append('order-2', 'ORDER_CANCELLED'),
]
for (const stored of last) await view.shows(stored)
console.log('now:', describe(view.order('order-1')), '|', describe(view.order('order-2')))

// Another process, or this one after a restart, has nothing but the topic, and comes to the same.
const another = await start('reports')
const replayed = new OrderView(another)
await replayed.start()
for (const stored of last) await replayed.shows(stored)
console.log('replayed:', describe(replayed.order('order-1')), '|', describe(replayed.order('order-2')))
for (const [index, { type, id }] of replayed.histories.get('order-1').entries()) {
  const isSame = view.histories.get('order-1')[index].id === id
  console.log(
    `order-1 after ${index + 1} ${type}: ${describe(replayed.order('order-1', index + 1))}, same id: ${isSame}`,
  )
}
await another.stop()
await bus.stop()

function describe({ status, items, total, carrier }) {
  return `${status} ${items.join('+')} ${total}${carrier === undefined ? '' : ` by ${carrier}`}`
}

// Prints:
//   now: shipped book+pen 23 by post | cancelled lamp 45
//   replayed: shipped book+pen 23 by post | cancelled lamp 45
//   order-1 after 1 ORDER_CREATED: created book 20, same id: true
//   order-1 after 2 ORDER_UPDATED: created book+pen 23, same id: true
//   order-1 after 3 ORDER_SHIPPED: shipped book+pen 23 by post, same id: true

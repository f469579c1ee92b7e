// @ts-check
// The demo's order service: what a shop's services look like with narad, in one process.
//
//   shop ─ orders ─► payments ─ payments ─► warehouse (two members) ─ shipments ─► statistics (in batches)
//            └─────────────────────────────────────────────────────────────────────►┘
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaService, message } from 'narad'
import { TestBroker } from 'narad/testing'
import { Ledger } from './ledger.mjs'
import { say, title } from './screen.mjs'

/** @typedef {{ id: string, customer: string, total: number }} Order */

const CUSTOMERS =
  'ada alan annie barbara dennis donald edsger frances grace hedy jean john katherine ken margaret mary'.split(' ')
/** Orders that are shown one by one, then orders in one send. */
const SINGLE_ORDERS = 10
const RUSH_ORDERS = 2_000
const PAUSE_MS = 100
/** Members learn with a heartbeat that another has joined: the default of 3 s would be long for somebody who watches. */
const HEARTBEAT_MS = 500
/** How long handlers may take for everything. */
const HANDLED_WITHIN_MS = 60_000

/**
 * Runs the services, and prints what they do and a summary.
 * @param {string | undefined} brokers a real cluster; undefined for an embedded broker
 * @returns {Promise<boolean>} whether every count is as it should be
 */
export async function runOrderService(brokers) {
  title('An order service')
  const embedded = brokers === undefined ? await TestBroker.start() : undefined
  const shop = new Shop(embedded?.brokers ?? brokers ?? '')
  say('brokers', embedded === undefined ? `a cluster at ${brokers}` : `an embedded broker at ${embedded.brokers}`)
  try {
    await shop.open()
    title(`${SINGLE_ORDERS} orders, one by one`)
    for (let number = 1; number <= SINGLE_ORDERS; number += 1) {
      await shop.order(number)
      await delay(PAUSE_MS)
    }
    await shop.settled()
    title(`A rush: ${RUSH_ORDERS} orders in one send`)
    await shop.rush(SINGLE_ORDERS + 1, RUSH_ORDERS)
    await shop.settled()
  } finally {
    title('Closing')
    await shop.close()
    await embedded?.stop()
  }
  title('Summary')
  return shop.ledger.print()
}

class Shop {
  #run = `demo-${randomUUID().slice(0, 8)}`
  #topics = {
    orders: `${this.#run}.orders`,
    payments: `${this.#run}.payments`,
    shipments: `${this.#run}.shipments`,
  }
  /** Off while there is too much to be read. */
  #isShown = true
  #services
  ledger = new Ledger(this.#topics)

  /** @param {string} brokers */
  constructor(brokers) {
    const service = (/** @type {string} */ clientId) =>
      createKafkaService({ brokers, clientId, heartbeatIntervalMs: HEARTBEAT_MS, devMode: 'off', logLevel: 'error' })
    this.#services = {
      shop: service('shop'),
      payments: service('payments'),
      'warehouse-1': service('warehouse-1'),
      'warehouse-2': service('warehouse-2'),
      statistics: service('statistics'),
    }
  }

  async open() {
    const { shop, payments, statistics } = this.#services
    const { orders, shipments } = this.#topics
    for (const [name, service] of Object.entries(this.#services)) {
      service.on('error', (error) => say(name, `error: ${error.message}`))
    }
    await Promise.all([shop.connectProducer(), payments.connectProducer()])
    say('shop', 'producer connected')

    await payments.connectConsumer(`${this.#run}.payments`)
    // Orders of one customer are paid in their order, those of different customers side by side.
    await payments.subscribe(orders, this.#pay)
    say('payments', 'handles orders')

    await this.#openWarehouse()

    await statistics.connectConsumer(`${this.#run}.statistics`)
    await statistics.subscribe([orders, shipments], this.#takeStatistics, {
      batch: { maxMessages: 1_000, maxWaitMs: 200 },
    })
    say('statistics', 'handles batches of orders and shipments')
  }

  /** Two members of one group share the partitions of the topic. */
  async #openWarehouse() {
    /** @type {Map<string, Set<number>>} */
    const partitions = new Map()
    for (const name of /** @type {const} */ (['warehouse-1', 'warehouse-2'])) {
      const service = this.#services[name]
      const own = new Set()
      partitions.set(name, own)
      service.on('rebalance', ({ kind, partitions: changed }) => {
        for (const { partition } of changed) own[kind === 'assigned' ? 'add' : 'delete'](partition)
        if (changed.length > 0) say(name, `has the payments of partitions ${[...own].sort().join(', ') || 'none'}`)
      })
      await service.connectProducer()
      await service.connectConsumer(`${this.#run}.warehouse`)
      await service.subscribe(this.#topics.payments, this.#packAt(name))
    }
    // A topic of one partition, as a real cluster may create it, is for one member alone.
    const isShared = () => [...partitions.values()].every((own) => own.size > 0)
    const hasOnePartition = () => [...partitions.values()].flatMap((own) => [...own]).length === 1
    await until(() => isShared() || hasOnePartition(), 15_000)
  }

  /** @param {number} number */
  async order(number) {
    const order = orderOf(number)
    this.ledger.send('orders', 1)
    const sent = message(order).key(order.customer).eventType('order.created')
    const stored = await this.#services.shop.send(this.#topics.orders, sent)
    this.ledger.acknowledge('orders', 1)
    say('shop', `${order.id} of ${order.customer} over ${order.total} € is in partition ${stored.partition}`)
  }

  /**
   * @param {number} first
   * @param {number} many
   */
  async rush(first, many) {
    this.#isShown = false
    const orders = Array.from({ length: many }, (_, index) => orderOf(first + index))
    this.ledger.send('orders', many)
    const start = performance.now()
    const stored = await this.#services.shop.send(this.#topics.orders, orders, { key: ({ customer }) => customer })
    this.ledger.acknowledge('orders', stored.length)
    say('shop', `${stored.length} orders acknowledged after ${(performance.now() - start).toFixed(0)} ms`)
  }

  /** Takes the money for an order, and tells everybody. */
  #pay = async (/** @type {Order} */ order, /** @type {import('narad').RecordContext} */ context) => {
    this.ledger.handle('orders', 'payments', context)
    this.ledger.inOrder(order.customer, order.id)
    this.ledger.send('payments', 1)
    await this.#services.payments.send(this.#topics.payments, { order: order.id, paid: order.total }, { key: order.id })
    this.ledger.acknowledge('payments', 1)
    if (this.#isShown) say('payments', `${order.id} is paid`)
  }

  /**
   * The handler of one of the warehouse's members.
   * @param {'warehouse-1' | 'warehouse-2'} name
   */
  #packAt(name) {
    return async (/** @type {{ order: string }} */ { order }, /** @type {import('narad').RecordContext} */ context) => {
      this.ledger.handle('payments', 'warehouse', context, name)
      this.ledger.send('shipments', 1)
      await this.#services[name].send(this.#topics.shipments, { order, from: name }, { key: order })
      this.ledger.acknowledge('shipments', 1)
      if (this.#isShown) say(name, `${order} is packed and on its way`)
    }
  }

  /** Takes many records at once, as an insert into a database would. */
  #takeStatistics = (/** @type {unknown[]} */ messages, /** @type {import('narad').BatchContext} */ { records }) => {
    for (const context of records) {
      this.ledger.handle(context.topic === this.#topics.orders ? 'orders' : 'shipments', 'statistics', context)
    }
    say('statistics', `${messages.length} record${messages.length === 1 ? '' : 's'} in one call`)
  }

  /** Resolves when all that was sent is handled, at the latest at the deadline: the summary shows what is missing. */
  async settled() {
    await until(() => this.ledger.isSettled, HANDLED_WITHIN_MS)
  }

  /** First those who send to others. */
  async close() {
    for (const [name, service] of Object.entries(this.#services)) {
      const { undelivered, groups } = await service.disconnect({ timeoutMs: 10_000 })
      const unfinished = groups.reduce((sum, group) => sum + group.unfinished, 0)
      say(name, `closed: ${undelivered} records not delivered, ${unfinished} handlers not finished`)
    }
  }
}

/**
 * @param {number} number
 * @returns {Order}
 */
function orderOf(number) {
  const customer = CUSTOMERS[number % CUSTOMERS.length] ?? ''
  return { id: `order-${String(number).padStart(4, '0')}`, customer, total: 10 + ((number * 7) % 90) }
}

/**
 * @param {() => boolean} condition
 * @param {number} timeoutMs
 */
async function until(condition, timeoutMs) {
  const end = performance.now() + timeoutMs
  while (!condition() && performance.now() < end) await delay(5)
}

// @ts-check
// Counts what was sent, acknowledged and handled, and says whether it fits.
import { table } from './screen.mjs'

/** @typedef {'orders' | 'payments' | 'shipments'} TopicRole */
/** @typedef {{ topic: string, partition: number, offset: number }} Place */

/** Which groups handle a topic. */
/** @type {Readonly<Record<TopicRole, readonly string[]>>} */
const GROUPS = { orders: ['payments', 'statistics'], payments: ['warehouse'], shipments: ['statistics'] }
const ROLES = /** @type {const} */ (['orders', 'payments', 'shipments'])

export class Ledger {
  #topics
  #sent = { orders: 0, payments: 0, shipments: 0 }
  #acknowledged = { orders: 0, payments: 0, shipments: 0 }
  /** Places of handled records by topic and group: a record that came twice counts once. */
  /** @type {Map<string, Set<string>>} */
  #handled = new Map()
  /** Records by topic, group and member. */
  /** @type {Map<string, Map<string, number>>} */
  #members = new Map()
  #repeated = 0
  /** The last order of each customer that was handled. */
  /** @type {Map<string, string>} */
  #lastOrder = new Map()
  #outOfOrder = 0

  /** @param {Readonly<Record<TopicRole, string>>} topics names of the topics */
  constructor(topics) {
    this.#topics = topics
  }

  /**
   * @param {TopicRole} role
   * @param {number} records
   */
  send(role, records) {
    this.#sent[role] += records
  }

  /**
   * @param {TopicRole} role
   * @param {number} records
   */
  acknowledge(role, records) {
    this.#acknowledged[role] += records
  }

  /**
   * @param {TopicRole} role
   * @param {string} group
   * @param {Place} place
   * @param {string} [member]
   */
  handle(role, group, { partition, offset }, member) {
    const key = `${role} ${group}`
    const places = this.#handled.get(key) ?? new Set()
    this.#handled.set(key, places)
    const place = `${partition}:${offset}`
    if (places.has(place)) this.#repeated += 1
    places.add(place)
    if (member === undefined) return
    const members = this.#members.get(key) ?? new Map()
    this.#members.set(key, members)
    members.set(member, (members.get(member) ?? 0) + 1)
  }

  /**
   * Order numbers grow, so those of a customer must as well.
   * @param {string} customer
   * @param {string} order
   */
  inOrder(customer, order) {
    const last = this.#lastOrder.get(customer)
    if (last !== undefined && last > order) this.#outOfOrder += 1
    else this.#lastOrder.set(customer, order)
  }

  /** Each order has become a payment and a shipment, and all of it was handled. */
  get isSettled() {
    return ROLES.every((role) => this.#isComplete(role))
  }

  /** @param {TopicRole} role */
  #isComplete(role) {
    const acknowledged = this.#acknowledged[role]
    return (
      this.#sent[role] === this.#sent.orders &&
      acknowledged === this.#sent[role] &&
      GROUPS[role].every((group) => this.#handledBy(role, group) === acknowledged)
    )
  }

  /**
   * @param {TopicRole} role
   * @param {string} group
   */
  #handledBy(role, group) {
    return this.#handled.get(`${role} ${group}`)?.size ?? 0
  }

  /** Prints the table; returns whether everything fits. */
  print() {
    const rows = ROLES.map((role) => {
      const handled = GROUPS[role].map((group) => {
        const members = [...(this.#members.get(`${role} ${group}`) ?? [])].sort()
        const shares = members.map(([name, records]) => `${name} ${records}`).join(' + ')
        return `${group} ${this.#handledBy(role, group)}${shares === '' ? '' : ` (${shares})`}`
      })
      const counts = [this.#sent[role], this.#acknowledged[role]].map(String)
      const cells = [this.#topics[role], ...counts, handled.join(' and ')]
      return { cells, ok: this.#isComplete(role) }
    })
    table(['topic', 'sent', 'acknowledged', 'handled by'], rows)
    if (this.#repeated > 0) console.log(`${this.#repeated} records were handled more than once`)
    const customers = this.#lastOrder.size
    console.log(
      this.#outOfOrder === 0
        ? `the orders of each of the ${customers} customers were handled in their order`
        : `${this.#outOfOrder} orders were handled before an earlier one of the same customer`,
    )
    return this.isSettled && this.#outOfOrder === 0
  }
}

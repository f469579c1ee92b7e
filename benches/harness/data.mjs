// The records of every benchmark: 200 bytes of JSON, one of 1,000 keys. benches/librdkafka.rs writes the same bytes.

export const RECORD_BYTES = 200
export const DISTINCT_KEYS = 1000

/** @param {number} index */
export function keyOf(index) {
  return `customer-${String(index % DISTINCT_KEYS).padStart(3, '0')}`
}

/**
 * `n` is the record's index, so that the sum over all parsed records shows that each arrived exactly once.
 * @param {number} index
 */
export function orderOf(index) {
  const order = String(index).padStart(10, '0')
  const head = `{"n":${index},"order":"order-${order}","customer":"${keyOf(index)}","amount":19.99,"currency":"EUR","status":"created","at":"2026-01-01T00:00:00.000Z","note":"`
  return `${head}${'x'.repeat(RECORD_BYTES - head.length - 2)}"}`
}

export const EVENT_TYPES = 100

/** @param {number} index */
export function eventTypeOf(index) {
  return `order.happening-${index % EVENT_TYPES}`
}

/**
 * A record as an event bus publishes it: an envelope of one of 100 types, with its headers.
 * @param {number} index
 */
export function eventRecordOf(index) {
  const id = `01900000-0000-7000-8000-${String(index).padStart(12, '0')}`
  const type = eventTypeOf(index)
  const data = { n: index, customer: keyOf(index), amount: 19.99 }
  const event = { id, type, version: '1.0', timestamp: '2026-01-01T00:00:00.000Z', source: 'bench', data }
  return {
    key: keyOf(index),
    value: JSON.stringify(event),
    headers: { 'x-message-id': id, 'x-event-type': type, 'x-source': 'bench' },
  }
}

/** The sum of `n` over the first `count` records. */
export function checksumOf(count) {
  return (count * (count - 1)) / 2
}

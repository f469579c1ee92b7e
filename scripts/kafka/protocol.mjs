// @ts-check
// The two requests of Kafka's protocol that tests need before any client runs: who is in the cluster, and create a
// topic. The Java tools can do both, but each costs a JVM start.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const METADATA = { key: 3, version: 4 }
const CREATE_TOPICS = { key: 19, version: 4 }
const REQUEST_TIMEOUT_MS = 5_000
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024

class Writer {
  /** @type {Buffer[]} */
  #parts = []

  /** @param {number} value */
  int8(value) {
    return this.#push(1, (part) => part.writeInt8(value))
  }

  /** @param {number} value */
  int16(value) {
    return this.#push(2, (part) => part.writeInt16BE(value))
  }

  /** @param {number} value */
  int32(value) {
    return this.#push(4, (part) => part.writeInt32BE(value))
  }

  /** @param {string} value */
  string(value) {
    const bytes = Buffer.from(value)
    this.int16(bytes.length)
    this.#parts.push(bytes)
    return this
  }

  /**
   * @param {number} size
   * @param {(part: Buffer) => void} fill
   */
  #push(size, fill) {
    const part = Buffer.alloc(size)
    fill(part)
    this.#parts.push(part)
    return this
  }

  bytes() {
    return Buffer.concat(this.#parts)
  }
}

class Reader {
  #at = 0
  #bytes

  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.#bytes = bytes
  }

  int8() {
    this.#at += 1
    return this.#bytes.readInt8(this.#at - 1)
  }

  int16() {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32() {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  /** @returns {string | null} */
  string() {
    const length = this.int16()
    if (length < 0) return null
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  /**
   * @template T
   * @param {() => T} element
   * @returns {T[]}
   */
  array(element) {
    return Array.from({ length: Math.max(0, this.int32()) }, element)
  }
}

/**
 * @param {string} broker
 * @param {{ key: number, version: number }} api
 * @param {Buffer} body
 * @returns {Promise<Reader>}
 */
function request(broker, api, body) {
  const { host, port } = parseBroker(broker)
  const header = new Writer().int16(api.key).int16(api.version).int32(1).string('narad-tests').bytes()
  const frame = Buffer.concat([new Writer().int32(header.length + body.length).bytes(), header, body])
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let received = Buffer.alloc(0)
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy(new Error(`${broker} did not answer`)))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`${broker} closed the connection`)))
    socket.once('connect', () => socket.write(frame))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4) return
      const size = received.readInt32BE(0)
      if (size < 4 || size > MAX_RESPONSE_BYTES) {
        socket.destroy(new Error(`${broker} does not answer as Kafka does`))
      } else if (received.length >= 4 + size) {
        resolve(new Reader(received.subarray(8, 4 + size)))
        socket.destroy()
      }
    })
  })
}

/** @param {string} broker */
function parseBroker(broker) {
  const colon = broker.lastIndexOf(':')
  return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) }
}

/**
 * The cluster as one broker sees it, with the named topics; asking for a topic does not create it.
 * @type {typeof import('./protocol.mjs').metadata}
 */
export async function metadata(broker, topics = []) {
  const body = new Writer().int32(topics.length)
  for (const topic of topics) body.string(topic)
  body.int8(0) // do not create them
  const reader = await request(broker, METADATA, body.bytes())
  reader.int32() // throttle time
  const brokers = reader.array(() => {
    const found = { id: reader.int32(), host: reader.string() ?? '', port: reader.int32() }
    reader.string() // rack
    return found
  })
  reader.string() // cluster id
  const controllerId = reader.int32()
  const found = reader.array(() => ({
    errorCode: reader.int16(),
    topic: reader.string() ?? '',
    internal: reader.int8() !== 0,
    partitions: reader.array(() => ({
      errorCode: reader.int16(),
      partition: reader.int32(),
      leader: reader.int32(),
      replicas: reader.array(() => reader.int32()),
      inSyncReplicas: reader.array(() => reader.int32()),
    })),
  }))
  return { brokers, controllerId, topics: found }
}

/**
 * Creates a topic and waits until every broker of the list knows a leader for each partition.
 * @type {typeof import('./protocol.mjs').createTopic}
 */
export async function createTopic(brokers, topic, options = {}) {
  const { partitions = 1, replicationFactor = -1, configs = {}, timeoutMs = 15_000 } = options
  const list = brokers.split(',').map((broker) => broker.trim())
  const body = new Writer().int32(1).string(topic).int32(partitions).int16(replicationFactor).int32(0)
  body.int32(Object.keys(configs).length)
  for (const [name, value] of Object.entries(configs)) body.string(name).string(value)
  body.int32(timeoutMs).int8(0)

  const reader = await request(list[0] ?? '', CREATE_TOPICS, body.bytes())
  reader.int32() // throttle time
  for (const result of reader.array(() => ({
    name: reader.string(),
    code: reader.int16(),
    why: reader.string(),
  }))) {
    if (result.code !== 0) throw new Error(`topic ${topic} was not created: ${result.why ?? `error ${result.code}`}`)
  }

  const deadline = Date.now() + timeoutMs
  for (const broker of list) {
    while (!(await hasLeaders(broker, topic, partitions))) {
      if (Date.now() > deadline) throw new Error(`topic ${topic} has no leaders on ${broker} after ${timeoutMs} ms`)
      await delay(20)
    }
  }
}

/**
 * @param {string} broker
 * @param {string} topic
 * @param {number} partitions
 */
async function hasLeaders(broker, topic, partitions) {
  const [found] = (await metadata(broker, [topic])).topics
  if (found?.errorCode !== 0 || found.partitions.length !== partitions) return false
  return found.partitions.every(({ errorCode, leader }) => errorCode === 0 && leader >= 0)
}

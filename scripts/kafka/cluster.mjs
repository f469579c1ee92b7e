// @ts-check
// Apache Kafka in KRaft mode as child processes. Linux and macOS.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Broker } from './broker.mjs'
import { installKafka, SCRIPTS_DIR } from './install.mjs'
import { freePorts, isPortFree } from './ports.mjs'

const START_TIMEOUT_MS = 60_000

/** @typedef {import('./cluster.mjs').ClusterOptions} ClusterOptions */
/** @typedef {import('./cluster.mjs').Cluster} Cluster */
/** @typedef {import('./server-properties.mjs').Node} Node */

/** @type {typeof import('./cluster.mjs').startCluster} */
export async function startCluster(options = {}) {
  const { heap = '512m', startTimeoutMs = START_TIMEOUT_MS } = options
  const nodes = await layOut(options)
  const kafka = await installKafka()
  const dataDir = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'narad-kafka-')) : resolve(options.dataDir)
  const guard = startGuard(options.dataDir === undefined ? dataDir : '')
  const brokers = nodes.map((node, id) => new Broker({ id, node, dir: join(dataDir, `broker-${id}`), heap, kafka }))
  for (const broker of brokers) {
    broker.onProcess = () => guard.watch(brokers.flatMap(({ pid }) => pid ?? []))
  }
  const cluster = new RunningCluster({
    brokers,
    guard,
    dataDir,
    keepData: options.dataDir !== undefined,
    startTimeoutMs,
  })
  try {
    const properties = options.properties ?? {}
    await Promise.all(brokers.map((broker) => broker.format(nodes, properties)))
    for (const broker of brokers) broker.start()
    await Promise.all(brokers.map((broker) => broker.ready(startTimeoutMs, brokers.length)))
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

/**
 * @param {ClusterOptions} options
 * @returns {Promise<Node[]>}
 */
async function layOut({ brokers = 1, port, advertisedPorts, listeners = {} }) {
  if (brokers !== 1 && brokers !== 3) throw new Error(`brokers must be 1 or 3, not ${String(brokers)}`)
  if (advertisedPorts && advertisedPorts.length !== brokers) throw new Error('advertisedPorts needs one port a broker')
  const more = Object.entries(listeners)
  const each = 3 + more.length
  const free = await freePorts(each * brokers)
  const nodes = []
  for (let id = 0; id < brokers; id += 1) {
    const [first, internalPort, controllerPort, ...rest] = free.slice(each * id, each * (id + 1))
    const own = port === undefined ? first : port + id
    if (!own || !internalPort || !controllerPort) throw new Error('not enough ports')
    if (port !== undefined && !(await isPortFree(own))) throw new Error(`port ${own} is already in use`)
    nodes.push({
      port: own,
      internalPort,
      controllerPort,
      advertisedPort: advertisedPorts?.[id] ?? own,
      listeners: more.map(([name, protocol], index) => ({ name, protocol, port: rest[index] ?? 0 })),
    })
  }
  return nodes
}

/** @param {string} dirToRemove */
function startGuard(dirToRemove) {
  const script = join(SCRIPTS_DIR, 'guard.sh')
  const guard = spawn('/bin/sh', [script, dirToRemove], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  const input = /** @type {import('node:net').Socket} */ (guard.stdin)
  input.unref()
  // Should someone kill the guard, the cluster still works.
  input.on('error', () => {})
  return {
    /** @param {number[]} pids */
    watch: (pids) => void input.write(`${pids.join(' ')}\n`),
    done: () => void input.end('done\n'),
  }
}

/** @implements {Cluster} */
class RunningCluster {
  #brokers
  #guard
  #dataDir
  #keepData
  #startTimeoutMs
  /** @type {Promise<void> | undefined} */
  #stopping

  /**
   * @param {object} options
   * @param {Broker[]} options.brokers
   * @param {ReturnType<typeof startGuard>} options.guard
   * @param {string} options.dataDir
   * @param {boolean} options.keepData
   * @param {number} options.startTimeoutMs
   */
  constructor({ brokers, guard, dataDir, keepData, startTimeoutMs }) {
    this.#brokers = brokers
    this.#guard = guard
    this.#dataDir = dataDir
    this.#keepData = keepData
    this.#startTimeoutMs = startTimeoutMs
  }

  get brokers() {
    return this.#brokers.map(({ address }) => address).join(',')
  }

  get internalBrokers() {
    return this.#brokers.map(({ internalAddress }) => internalAddress).join(',')
  }

  /** @param {string} name */
  listener(name) {
    return this.#brokers.map((broker) => broker.addressOf(name)).join(',')
  }

  get ports() {
    return this.#brokers.map(({ port }) => port)
  }

  get pids() {
    return this.#brokers.map(({ pid }) => pid)
  }

  stop() {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop() {
    // Data that is thrown away needs no orderly end.
    const signal = this.#keepData ? 'SIGTERM' : 'SIGKILL'
    await Promise.all(this.#brokers.map((broker) => broker.end(signal)))
    if (!this.#keepData) await rm(this.#dataDir, { recursive: true, force: true, maxRetries: 3 })
    this.#guard.done()
  }

  /**
   * @param {number} id
   * @param {'SIGKILL' | 'SIGTERM'} [signal]
   */
  async kill(id, signal = 'SIGKILL') {
    await this.#broker(id).end(signal)
  }

  /** @param {number} id */
  async restart(id) {
    const broker = this.#broker(id)
    await broker.end('SIGTERM')
    broker.start()
    await broker.ready(this.#startTimeoutMs, 1)
  }

  /** @param {number} id */
  freeze(id) {
    this.#broker(id).signal('SIGSTOP')
  }

  /** @param {number} id */
  resume(id) {
    this.#broker(id).signal('SIGCONT')
  }

  /**
   * @param {number} id
   * @param {number} [lines]
   */
  logTail(id, lines) {
    return this.#broker(id).logTail(lines)
  }

  /** @param {number} id */
  #broker(id) {
    const broker = this.#brokers[id]
    if (!broker) throw new Error(`there is no broker ${id}: this cluster has ${this.#brokers.length}`)
    return broker
  }
}

// @ts-check
// One broker as a child process.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fileTail } from './file-tail.mjs'
import { SCRIPTS_DIR } from './install.mjs'
import { metadata } from './protocol.mjs'
import { serverProperties } from './server-properties.mjs'
import { TOOL_JVM_ARGS } from './tools.mjs'

// A controlled shutdown moves leaders away first; where the controller is gone it waits for minutes.
const TERM_TIMEOUT_MS = 15_000
const LOG_TAIL_LINES = 30
const CLUSTER_ID = 'bmFyYWQtZm9yLXRlc3RzMQ'
// Those of kafka-server-start.sh.
const BROKER_JVM_ARGS = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${join(SCRIPTS_DIR, 'log4j2-server.properties')}`,
]

/** @typedef {import('./server-properties.mjs').Node} Node */

export class Broker {
  #id
  #node
  #dir
  #heap
  #kafka
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process
  /** Called after the process started and after it ended. */
  onProcess = () => {}

  /** @param {{ id: number, node: Node, dir: string, heap: string, kafka: { java: string, classPath: string } }} options */
  constructor({ id, node, dir, heap, kafka }) {
    this.#id = id
    this.#node = node
    this.#dir = dir
    this.#heap = heap
    this.#kafka = kafka
  }

  get address() {
    return `localhost:${this.#node.port}`
  }

  get internalAddress() {
    return `localhost:${this.#node.internalPort}`
  }

  /** @param {string} listener */
  addressOf(listener) {
    const found = this.#node.listeners.find(({ name }) => name === listener)
    if (!found) throw new Error(`there is no listener ${listener}`)
    return `localhost:${found.port}`
  }

  get port() {
    return this.#node.port
  }

  get pid() {
    return this.#process?.pid
  }

  get #configFile() {
    return join(this.#dir, 'server.properties')
  }

  get #logFile() {
    return join(this.#dir, 'server.log')
  }

  /**
   * @param {Node[]} nodes
   * @param {Record<string, string>} properties
   */
  async format(nodes, properties) {
    const logDir = join(this.#dir, 'data')
    mkdirSync(logDir, { recursive: true })
    writeFileSync(this.#configFile, serverProperties({ id: this.#id, nodes, logDir, properties }))
    if (existsSync(join(logDir, 'meta.properties'))) return
    const { java, classPath } = this.#kafka
    const tool = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', this.#configFile]
    await promisify(execFile)(java, [...TOOL_JVM_ARGS, ...tool]).catch((error) => {
      const lines = `${error.stderr}`.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('\tat '))
      const why = (lines.at(-1) ?? error.message).replace('Exception in thread "main" ', '')
      throw new Error(`Kafka could not format its storage: ${why}`)
    })
  }

  start() {
    const log = openSync(this.#logFile, 'a')
    const { java, classPath } = this.#kafka
    const jvmArgs = [`-Xmx${this.#heap}`, ...BROKER_JVM_ARGS, '-cp', classPath]
    const child = spawn(java, [...jvmArgs, 'kafka.Kafka', this.#configFile], { stdio: ['ignore', log, log] })
    closeSync(log)
    child.unref()
    this.#process = child
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
      this.onProcess()
    })
    this.onProcess()
  }

  /**
   * Resolves when the broker answers and sees `members` brokers, itself among them.
   * @param {number} timeoutMs
   * @param {number} members
   */
  async ready(timeoutMs, members) {
    const deadline = Date.now() + timeoutMs
    // `properties` may give the clients' listener TLS or SASL; it opens together with this one.
    for (;;) {
      const seen = await metadata(this.internalAddress).catch(() => undefined)
      if (seen && seen.brokers.length >= members && seen.brokers.some(({ id }) => id === this.#id)) return
      if (!this.#process) throw new Error(this.#withLog('ended while it started'))
      if (Date.now() > deadline) throw new Error(this.#withLog(`did not answer within ${timeoutMs} ms`))
      await delay(100)
    }
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal) {
    const child = this.#process
    if (!child) return
    const exited = once(child, 'exit')
    // Whoever waits for the end must not find the event loop empty before it.
    child.ref()
    child.kill(signal)
    // A frozen process takes no SIGTERM.
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), TERM_TIMEOUT_MS)
    await exited
    clearTimeout(timer)
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    if (!this.#process) throw new Error(`Kafka broker ${this.#id} is not running`)
    this.#process.kill(signal)
  }

  /** @param {number} [lines] */
  logTail(lines = LOG_TAIL_LINES) {
    return fileTail(this.#logFile, lines)
  }

  /** @param {string} what */
  #withLog(what) {
    const tail = this.logTail() || '(empty)'
    return `Kafka broker ${this.#id} on ${this.address} ${what}; the end of its log:\n${tail}`
  }
}

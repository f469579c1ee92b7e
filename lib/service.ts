import { resolveCodec } from './codec.ts'
import { resolveConfig } from './config/resolve.ts'
import type { KafkaConfig, ResolvedConfig } from './config/types.ts'
import { Connection, type DisconnectReport } from './connection.ts'
import type { BatchHandler } from './consumer/batch-executor.ts'
import { Consumer } from './consumer/consumer.ts'
import type { RecordHandler } from './consumer/executor.ts'
import {
  type BatchSubscribeOptions,
  type ResolvedSubscription,
  resolveSubscription,
  type SubscribeOptions,
  type TopicsInput,
} from './consumer/subscribe-options.ts'
import { LogOnlyControl, Subscription } from './consumer/subscription.ts'
import { describeValue } from './describe.ts'
import { AUTO_TIMEOUT_MS, LogOnly } from './dev-mode.ts'
import { ArgumentError, ClosedError, ConfigError, KafkaError, NotConnectedError } from './errors.ts'
import { ServiceEmitter } from './events.ts'
import { createLogger, type NaradLogger } from './logger.ts'
import { type MessageBuilder, messageFields, type RecordMetadata } from './message.ts'
import { logging } from './middleware/logging.ts'
import type { MiddlewareInput } from './middleware/middleware.ts'
import { encodeRecords, sendRecordsOf, sendRecordsOfRaw } from './middleware/send.ts'
import { MiddlewareStack } from './middleware/stack.ts'
import { checkOptions } from './options.ts'
import { encodeValues, type RecordInput, rawRecords, type SendOptions } from './producer/columns.ts'
import type { Columns } from './producer/packer.ts'
import { endOn } from './signals.ts'
import { checkTopicName } from './topics.ts'

/** Whether records go to a broker (`live`), are printed (`log-only`), or nothing is connected. */
export type ServiceMode = 'live' | 'log-only' | 'disconnected'

/** Options of {@link KafkaService.disconnect}. */
export interface DisconnectOptions {
  /** The time for everything together, in milliseconds. Default: the configured `disconnectTimeoutMs`, 30,000. */
  timeoutMs?: number
}

const SEND_OPTIONS = ['key', 'headers', 'partition', 'timestamp', 'codec']
const NOTHING_LEFT: DisconnectReport = { undelivered: 0, groups: [] }

/** What was asked for while there is no broker. */
interface Wish {
  groups: string[]
  subscriptions: Array<{ group: string; spec: ResolvedSubscription; handler: unknown; subscription: Subscription }>
}

/**
 * Kafka for one service: one producer and any number of consumer groups. {@link kafkaService} is the usual one;
 * {@link createKafkaService} makes more.
 */
export class KafkaService extends ServiceEmitter {
  readonly #given: KafkaConfig | undefined
  readonly #middleware = new MiddlewareStack()
  #config: ResolvedConfig | undefined
  #logger: NaradLogger | undefined
  #connection: Connection | undefined
  #logOnly: LogOnly | undefined
  #wish: Wish = { groups: [], subscriptions: [] }
  #lastGroup: string | undefined
  #disconnecting: Promise<DisconnectReport> | undefined
  #ignoreSignals: (() => void) | undefined
  #wasDisconnected = false

  /** @internal Use {@link createKafkaService}. */
  constructor(config?: KafkaConfig) {
    super()
    this.#given = config
  }

  /**
   * Reads the configuration from `config` and the environment. Connects nothing; may be called again.
   *
   * @throws {@link ConfigError} that says what is wrong and where it was given.
   */
  init(config?: KafkaConfig): this {
    if (this.#connection !== undefined || this.#logOnly !== undefined) {
      if (config === undefined) return this
      throw new ConfigError('init(config) cannot change a connected service: call disconnect() first.')
    }
    this.#config = resolveConfig(config === undefined ? this.#given : config)
    const { logLevel: level, logger, enableMiddleware } = this.#config
    this.#logger = createLogger({ level, logger })
    this.#middleware.setBuiltIn(enableMiddleware ? [logging(this.#logger)] : [])
    this.#wasDisconnected = false
    this.#disconnecting = undefined
    return this
  }

  /** The configuration in force, without secrets in its printed form. */
  get config(): ResolvedConfig {
    if (this.#config === undefined) this.init()
    return this.#config as ResolvedConfig
  }

  /**
   * Puts middleware around all later sends and around the handlers of all later subscriptions, inside of what is there.
   *
   * @throws {@link ArgumentError} for what is no middleware.
   */
  use(middleware: MiddlewareInput): this {
    this.#middleware.use(middleware)
    return this
  }

  /** The names of the middleware, outermost first: what is built in, then what was given to {@link use}. */
  get middleware(): readonly string[] {
    if (this.#config === undefined) this.init()
    return this.#middleware.names
  }

  /** Whether a broker can be reached. */
  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false
  }

  get mode(): ServiceMode {
    if (this.#logOnly !== undefined) return 'log-only'
    return this.#connection === undefined ? 'disconnected' : 'live'
  }

  /**
   * Connects the producer. Resolves once a broker has answered.
   *
   * @throws {@link ConnectionError} at `connectionTimeoutMs` with the reason, {@link AuthenticationError} at once.
   */
  async connectProducer(): Promise<this> {
    await this.#connect(
      (connection, timeoutMs) => connection.connectProducer(timeoutMs),
      // going live connects the producer in any case
      () => {},
    )
    return this
  }

  /**
   * Connects a consumer group; several may be connected. Joins at the first {@link subscribe}.
   *
   * @param group Default: the configured `group`.
   * @throws As {@link connectProducer}.
   */
  async connectConsumer(group?: string): Promise<Consumer> {
    const name = this.#groupName(group)
    await this.#connect(
      async (connection, timeoutMs) => {
        await connection.connectConsumer(name, timeoutMs)
      },
      () => {
        if (!this.#wish.groups.includes(name)) this.#wish.groups.push(name)
      },
    )
    this.#lastGroup = name
    return new Consumer(name, (topics, handler, options) => this.#subscribe(topics, handler, options))
  }

  /**
   * Sends a value, or each value of an array, and resolves once the broker has acknowledged it (acks=all, idempotent).
   * {@link message} adds key, headers, partition and timestamp to a value; options do so for all.
   *
   * @throws Before anything is sent: {@link ArgumentError}, {@link EncodeError}, {@link TopicError},
   *   {@link NotConnectedError}, {@link ClosedError}. After: {@link SendError} and others; for an array, `results` of
   *   the error has the fate of each record.
   */
  async send<T>(
    topic: string,
    values: ReadonlyArray<T | MessageBuilder<T>>,
    options?: SendOptions<T>,
  ): Promise<RecordMetadata[]>
  async send<T>(topic: string, value: T | MessageBuilder<T>, options?: SendOptions<T>): Promise<RecordMetadata>
  async send(topic: string, value: unknown, options?: SendOptions): Promise<RecordMetadata | RecordMetadata[]> {
    checkTopicName(topic)
    const { codec } = this.config
    const checked = options === undefined ? {} : (checkOptions(options, SEND_OPTIONS, 'send') as SendOptions)
    const chosen = checked.codec === undefined ? codec : resolveCodec(checked.codec)
    const isArray = Array.isArray(value)
    const values: readonly unknown[] = isArray ? value : [value]
    const chain = this.#middleware.send
    if (chain !== undefined) {
      const sent = await chain(topic, sendRecordsOf(values, checked), async (records) => {
        const columns = encodeRecords(topic, records, isArray, chosen)
        if (this.#logOnly !== undefined) return records.map((record) => this.#print(topic, record.value))
        const producer = this.#producer(topic)
        return isArray ? await producer.sendAll(topic, columns) : [await producer.sendOne(topic, columns)]
      })
      return isArray ? sent : (sent[0] as RecordMetadata)
    }
    const columns = encodeValues(topic, values, isArray, checked, chosen)
    if (this.#logOnly !== undefined) {
      const printed = values.map((one) => this.#print(topic, messageFields(one)?.value ?? one))
      return isArray ? printed : (printed[0] as RecordMetadata)
    }
    const producer = this.#producer(topic)
    return isArray ? producer.sendAll(topic, columns) : producer.sendOne(topic, columns)
  }

  /**
   * Sends records whose keys and values are text or bytes already.
   *
   * @throws As {@link send}.
   */
  async sendRecords(topic: string, records: readonly RecordInput[]): Promise<RecordMetadata[]> {
    checkTopicName(topic)
    const chain = this.#middleware.send
    if (chain !== undefined) {
      return chain(topic, sendRecordsOfRaw(records), async (changed) => this.#sendRaw(topic, changed as RecordInput[]))
    }
    return this.#sendRaw(topic, records)
  }

  #sendRaw(topic: string, records: readonly RecordInput[]): RecordMetadata[] | Promise<RecordMetadata[]> {
    const columns: Columns = rawRecords(records)
    if (this.#logOnly !== undefined) return columns.values.map((value) => this.#print(topic, value))
    return this.#producer(topic).sendAll(topic, columns)
  }

  /**
   * Handles the records of topics: a name, a RegExp, or several. Resolves once the group has been joined and its
   * start is fixed, so that what is sent afterwards is handled. May be called at any time, also while consuming.
   *
   * @returns What pauses and resumes it.
   * @throws {@link SubscribeError}, {@link TopicError}, {@link ArgumentError}, {@link NotConnectedError}
   */
  async subscribe<T = unknown>(
    topics: TopicsInput,
    handler: BatchHandler<T>,
    options: BatchSubscribeOptions<T>,
  ): Promise<Subscription>
  async subscribe<T = unknown>(
    topics: TopicsInput,
    handler: RecordHandler<T>,
    options?: SubscribeOptions<T>,
  ): Promise<Subscription>
  async subscribe(topics: TopicsInput, handler: unknown, options?: unknown): Promise<Subscription> {
    return this.#subscribe(topics, handler, options)
  }

  async #subscribe(topics: TopicsInput, handler: unknown, options: unknown): Promise<Subscription> {
    if (typeof handler !== 'function') {
      throw new ArgumentError(`subscribe needs a function to handle records, but got ${describeValue(handler)}.`)
    }
    const spec = resolveSubscription(topics, options, this.config)
    const composed = this.#middleware.handler(handler, spec.use, spec.batch !== undefined)
    const group = spec.group ?? this.#lastGroup
    if (this.#logOnly !== undefined) {
      const name = group ?? this.#groupName(undefined)
      const subscription = new Subscription(new LogOnlyControl(name, spec.topics))
      this.#wish.subscriptions.push({ group: name, spec, handler: composed, subscription })
      this.#logOnly.keepRunning()
      return subscription
    }
    const consumer = group === undefined ? undefined : this.#connection?.consumer(group)
    if (consumer === undefined) {
      const which = group === undefined ? 'A consumer group' : `Group ${group}`
      throw new NotConnectedError(`${which} is not connected: await connectConsumer() before subscribe().`)
    }
    return new Subscription(await consumer.subscribe(spec, this.#fromBeginning(spec), composed))
  }

  /**
   * Takes no more records, lets handlers end, commits, leaves the groups, delivers what was sent, and closes, all
   * within the time. A second call gives the same promise. `init()` makes the service usable again.
   *
   * @returns What was left when the time was over.
   */
  disconnect(options: DisconnectOptions = {}): Promise<DisconnectReport> {
    let timeoutMs: number
    try {
      timeoutMs = disconnectTimeout(options, this.#config)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#disconnecting ??= this.#disconnect(timeoutMs)
    return this.#disconnecting
  }

  async #disconnect(timeoutMs: number): Promise<DisconnectReport> {
    this.#logOnly?.stop()
    const wasUsed = this.#connection !== undefined || this.#logOnly !== undefined
    this.#logOnly = undefined
    this.#wish = { groups: [], subscriptions: [] }
    this.#lastGroup = undefined
    const connection = this.#connection
    this.#wasDisconnected = true
    const report = (await connection?.close(timeoutMs)) ?? NOTHING_LEFT
    this.#connection = undefined
    this.#ignoreSignals?.()
    this.#ignoreSignals = undefined
    if (report.undelivered > 0 || report.groups.some((group) => group.unfinished > 0 || !group.leftGroup)) {
      this.#logger?.warn({ report }, 'Disconnected with work left')
    }
    if (wasUsed) this.emit('disconnected')
    return report
  }

  async #endOn(signal: NodeJS.Signals): Promise<void> {
    this.logger.info(`${signal}: disconnecting, within ${this.config.disconnectTimeoutMs} ms`)
    await this.disconnect()
    this.logger.info(`${signal}: disconnected`)
  }

  #producer(topic: string): ReturnType<Connection['producer']> {
    const connection = this.#connection
    // While there is a connection it is being closed, and handlers that still run may send until the producer's turn.
    if (connection === undefined && this.#wasDisconnected) {
      throw new ClosedError(`Cannot send to ${topic}: the service was disconnected, so it is not connected any more.`)
    }
    if (connection === undefined || !connection.hasProducer) {
      throw new NotConnectedError(
        `Cannot send to ${topic}: the producer is not connected; await connectProducer() first.`,
      )
    }
    return connection.producer()
  }

  #print(topic: string, value: unknown): RecordMetadata {
    const logOnly = this.#logOnly
    if (logOnly === undefined) throw new NotConnectedError(`Cannot send to ${topic}: the service is not connected.`)
    return logOnly.print(topic, value)
  }

  #groupName(group: unknown): string {
    const name = group ?? this.config.group
    if (typeof name === 'string' && name !== '') return name
    if (name !== undefined) throw new ArgumentError(`The group must be a name, but is ${describeValue(name)}.`)
    throw new ArgumentError('connectConsumer needs a group: pass its name, or set "group" or KAFKA_CONSUMER_GROUP.')
  }

  #fromBeginning(spec: ResolvedSubscription): boolean {
    return spec.fromBeginning ?? this.config.autoOffsetReset === 'earliest'
  }

  /** Connects a part, or keeps the wish where dev mode allows to go without a broker. */
  async #connect(part: (connection: Connection, timeoutMs: number) => Promise<void>, wish: () => void): Promise<void> {
    if (this.#wasDisconnected)
      throw new ClosedError('The service was disconnected; call init() before connecting anew.')
    const { devMode, connectionTimeoutMs, handleSignals } = this.config
    if (handleSignals !== false) this.#ignoreSignals ??= endOn(handleSignals, (signal) => this.#endOn(signal))
    if (this.#logOnly === undefined && devMode === 'log') this.#enterLogOnly()
    if (this.#logOnly !== undefined) return wish()
    const isFirst = this.#connection === undefined
    const timeoutMs =
      devMode === 'auto' && isFirst ? Math.min(AUTO_TIMEOUT_MS, connectionTimeoutMs) : connectionTimeoutMs
    this.#connection ??= this.#createConnection()
    const connection = this.#connection
    try {
      await part(connection, timeoutMs)
    } catch (error) {
      // once it was live, a lost broker is waited for like any other; while it never was, every part goes log-only
      const goesLogOnly =
        devMode === 'auto' &&
        !connection.wasLive &&
        !this.#wasDisconnected &&
        (isAbsence(error) || this.#logOnly !== undefined)
      if (goesLogOnly && this.#logOnly === undefined) {
        const why = error instanceof Error ? error.message : String(error)
        this.logger.warn(`Dev mode: no broker, so sends are only logged until one answers (${why})`)
        this.#enterLogOnly().retry()
      }
      if (this.#connection === connection && (goesLogOnly || connection.isEmpty)) {
        this.#connection = undefined
        await connection.close(0)
      }
      if (!goesLogOnly) throw error
      wish()
    }
  }

  /** @internal */
  get logger(): NaradLogger {
    if (this.#logger === undefined) this.init()
    return this.#logger as NaradLogger
  }

  #enterLogOnly(): LogOnly {
    this.#logOnly = new LogOnly(() => this.#goLive())
    return this.#logOnly
  }

  #createConnection(): Connection {
    return new Connection(this.config, this.logger, this)
  }

  /** Connects all that was wished for; rejects while there is no broker. */
  async #goLive(): Promise<void> {
    const logOnly = this.#logOnly
    const wish = this.#wish
    const connection = this.#createConnection()
    try {
      // a service that only logs sends without connectProducer(), and goes on doing so
      await connection.connectProducer(AUTO_TIMEOUT_MS)
      const groups = new Set([...wish.groups, ...wish.subscriptions.map(({ group }) => group)])
      for (const group of groups) await connection.connectConsumer(group, AUTO_TIMEOUT_MS)
    } catch (error) {
      await connection.close(0)
      if (!isAbsence(error) && logOnly?.isNew(error)) this.logger.warn({ err: error }, 'Dev mode: cannot go live')
      throw error
    }
    // disconnected meanwhile, and perhaps connected anew
    if (logOnly === undefined || this.#logOnly !== logOnly) {
      await connection.close(0)
      return
    }
    this.#connection = connection
    this.#logOnly = undefined
    this.logger.info('Dev mode: a broker answers, the service is live')
    for (const { group, spec, handler, subscription } of wish.subscriptions) {
      connection
        .consumer(group)
        ?.subscribe(spec, this.#fromBeginning(spec), handler)
        .then((control) => Subscription.goLive(subscription, control))
        .catch((error: KafkaError) => {
          if (!this.emit('error', error)) this.logger.error({ err: error }, error.message)
        })
    }
    // not before: what joins keeps the process running from here on
    logOnly.stop()
  }
}

/** @param config Undefined for a service that was never used: there is nothing to wait for. */
function disconnectTimeout(options: DisconnectOptions, config: ResolvedConfig | undefined): number {
  const { timeoutMs = config?.disconnectTimeoutMs ?? 0 } = checkOptions(options, ['timeoutMs'], 'disconnect')
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= 2 ** 31 - 1) return Math.ceil(timeoutMs)
  throw new ArgumentError(`Option "timeoutMs" must be a number of milliseconds, but is ${describeValue(timeoutMs)}.`)
}

/** No broker, or no native part: what dev mode goes without. A refused password is not among it. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof KafkaError)) return false
  return (
    error.code === 'NARAD_CONNECTION_TIMEOUT' ||
    error.code === 'NARAD_CONNECTION_FAILED' ||
    error.code === 'NARAD_NATIVE_MISSING'
  )
}

/** The service that most processes need: configured by the environment, shared by all modules. */
export const kafkaService = new KafkaService()

/** A service of its own, for a process that talks to more than one cluster, and for tests. */
export function createKafkaService(config?: KafkaConfig): KafkaService {
  return new KafkaService(config)
}

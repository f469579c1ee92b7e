import type { AdminClient } from './admin/client.ts'
import type { ResolvedConfig } from './config/types.ts'
import type { Connection } from './connection.ts'
import type { Reader, ReaderOptions, Reading } from './consumer/reader.ts'
import type { ResolvedSubscription } from './consumer/subscribe-options.ts'
import { LogOnlyControl, Subscription } from './consumer/subscription.ts'
import { describeValue } from './describe.ts'
import { AUTO_TIMEOUT_MS, LogOnly } from './dev-mode.ts'
import type { DisconnectReport } from './disconnect-report.ts'
import { ArgumentError, ClosedError, KafkaError, NotConnectedError } from './errors.ts'
import type { ServiceEmitter } from './events.ts'
import { type Health, healthOf, type ServiceMode } from './health.ts'
import type { NaradLogger } from './logger.ts'
import type { RecordMetadata } from './message.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { KafkaMetrics } from './metrics/types.ts'
import type { Producer } from './producer/producer.ts'

/** What was asked for while there is no broker. */
interface Wish {
  groups: string[]
  subscriptions: Array<{ group: string; spec: ResolvedSubscription; handler: unknown; subscription: Subscription }>
}

/**
 * A service from its `init` to its `disconnect`: connected to a cluster, or in dev mode only logging, with what was asked
 * for kept until a broker answers.
 */
export class Session {
  readonly #config: ResolvedConfig
  readonly #logger: NaradLogger
  readonly #emitter: ServiceEmitter
  readonly #metrics: Metrics | undefined
  #connection: Connection | undefined
  #logOnly: LogOnly | undefined
  #wish: Wish = { groups: [], subscriptions: [] }
  #lastGroup: string | undefined
  #isClosed = false
  /** Calls that connect and have no connection yet. */
  #opening = 0

  constructor(config: ResolvedConfig, logger: NaradLogger, emitter: ServiceEmitter, metrics: Metrics | undefined) {
    this.#config = config
    this.#logger = logger
    this.#emitter = emitter
    this.#metrics = metrics
    const { ssl, sasl } = config
    if (sasl !== false && sasl.mechanism === 'plain' && ssl === false) {
      logger.warn('SASL PLAIN without TLS: whoever is on the way to the brokers can read the password. Set ssl.')
    }
  }

  /** Something is connected, or is to be as soon as there is a broker. */
  get isActive(): boolean {
    return this.#connection !== undefined || this.#opening > 0 || this.isLogOnly
  }

  get isLogOnly(): boolean {
    return this.#logOnly !== undefined
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false
  }

  get mode(): ServiceMode {
    if (this.isLogOnly) return 'log-only'
    return this.#connection === undefined ? 'disconnected' : 'live'
  }

  metrics(): KafkaMetrics | undefined {
    return this.#metrics?.snapshot(this.#connection?.queued ?? 0)
  }

  health(): Health {
    const { clientId, brokers } = this.#config
    const { isConnected, mode } = this
    // what a connection needs may still be loading
    const opening = this.#opening > 0 ? { isConnecting: true, isClosing: false, groups: [] } : undefined
    return healthOf({ clientId, brokers, mode, isConnected, connection: this.#connection?.health() ?? opening })
  }

  async connectProducer(): Promise<void> {
    await this.#connect(
      (connection, timeoutMs) => connection.connectProducer(timeoutMs),
      // going live connects the producer in any case
      () => {},
    )
  }

  /**
   * The client for administration, which is connected when it is first asked for.
   *
   * @throws {@link NotConnectedError} in a service that only logs.
   */
  async admin(): Promise<AdminClient> {
    let client: AdminClient | undefined
    await this.#connect(
      async (connection, timeoutMs) => {
        client = await connection.connectAdmin(timeoutMs)
      },
      () => {},
    )
    if (client !== undefined) return client
    throw new NotConnectedError(
      'There is no cluster to administer: dev mode only logs, and the service is not connected to a broker.',
    )
  }

  /** Resolves to the name of the group, which becomes the one that subscriptions go to by default. */
  async connectConsumer(group: unknown): Promise<string> {
    const name = this.groupName(group)
    await this.#connect(
      async (connection, timeoutMs) => {
        await connection.connectConsumer(name, timeoutMs)
      },
      () => {
        if (!this.#wish.groups.includes(name)) this.#wish.groups.push(name)
      },
    )
    this.#lastGroup = name
    return name
  }

  async subscribe(spec: ResolvedSubscription, handler: unknown): Promise<Subscription> {
    const group = spec.group ?? this.#lastGroup
    if (this.#logOnly !== undefined) {
      const name = group ?? this.groupName(undefined)
      const subscription = new Subscription(new LogOnlyControl(name, spec.topics))
      this.#wish.subscriptions.push({ group: name, spec, handler, subscription })
      this.#logOnly.keepRunning()
      return subscription
    }
    const consumer = group === undefined ? undefined : this.#connection?.consumer(group)
    if (consumer === undefined) {
      const which = group === undefined ? 'A consumer group' : `Group ${group}`
      throw new NotConnectedError(`${which} is not connected: await connectConsumer() before subscribe().`)
    }
    return new Subscription(await consumer.subscribe(spec, this.#fromBeginning(spec), handler))
  }

  /**
   * Reads partitions without a group; see {@link Connection.read}.
   *
   * @throws {@link NotConnectedError} while nothing is connected.
   */
  read(...[reading, handler, keepsRunning]: Parameters<Connection['read']>): ReturnType<Connection['read']> {
    if (this.#connection !== undefined) return this.#connection.read(reading, handler, keepsRunning)
    throw new NotConnectedError(
      `Cannot read ${reading.topic}: the service is not connected; await connectProducer() first.`,
    )
  }

  /**
   * As {@link read}, and connects where nothing is.
   *
   * @throws {@link NotConnectedError} in dev mode without a broker.
   */
  async connectReader(reading: Reading, handler: ReaderOptions['handler']): Promise<Reader> {
    let reader: Reader | undefined
    await this.#connect(
      async (connection) => {
        reader = await connection.connectReader(reading, handler)
      },
      () => {},
    )
    if (reader !== undefined) return reader
    throw new NotConnectedError(`Cannot read ${reading.topic}: dev mode only logs, because there is no broker.`)
  }

  /** The group that a stream goes to. */
  streamGroup(given: string | undefined): string {
    return given ?? this.#lastGroup ?? this.groupName(undefined)
  }

  /** Subscribes a stream, in a group that is connected for it. */
  async subscribeStream(group: string, spec: ResolvedSubscription, handler: unknown): Promise<Subscription> {
    await this.#connect(
      async (connection, timeoutMs) => {
        await connection.connectStream(group, timeoutMs)
      },
      () => {},
    )
    try {
      return await this.subscribe({ ...spec, group }, handler)
    } catch (error) {
      await this.#connection?.endStream(group)
      throw error
    }
  }

  /** A producer is connected. */
  get hasProducer(): boolean {
    return this.#connection?.hasProducer ?? false
  }

  /** @param topic For the error. */
  producer(topic: string): Producer {
    const connection = this.#connection
    // While there is a connection it is being closed, and handlers that still run may send until the producer's turn.
    if (connection === undefined && this.#isClosed) {
      throw new ClosedError(`Cannot send to ${topic}: the service was disconnected, so it is not connected any more.`)
    }
    if (connection === undefined || !connection.hasProducer) {
      throw new NotConnectedError(
        `Cannot send to ${topic}: the producer is not connected; await connectProducer() first.`,
      )
    }
    return connection.producer()
  }

  /** Log-only: prints what would be sent. */
  print(topic: string, value: unknown): RecordMetadata {
    const logOnly = this.#logOnly
    if (logOnly === undefined) throw new NotConnectedError(`Cannot send to ${topic}: the service is not connected.`)
    return logOnly.print(topic, value)
  }

  /** Closes what is connected, within the time. There is no way back. */
  async close(timeoutMs: number): Promise<DisconnectReport | undefined> {
    this.#isClosed = true
    this.#logOnly?.stop()
    this.#logOnly = undefined
    for (const { spec } of this.#wish.subscriptions) spec.observer?.onClosing()
    this.#wish = { groups: [], subscriptions: [] }
    this.#lastGroup = undefined
    const report = await this.#connection?.close(timeoutMs)
    this.#connection = undefined
    return report
  }

  /** The group that is meant. */
  protected groupName(group: unknown): string {
    const name = group ?? this.#config.group
    if (typeof name === 'string' && name !== '') return name
    if (name !== undefined) throw new ArgumentError(`The group must be a name, but is ${describeValue(name)}.`)
    throw new ArgumentError('A consumer group is needed: pass its name, or set "group" or KAFKA_CONSUMER_GROUP.')
  }

  #fromBeginning(spec: ResolvedSubscription): boolean {
    return spec.fromBeginning ?? this.#config.autoOffsetReset === 'earliest'
  }

  /** Connects a part, or keeps the wish where dev mode allows to go without a broker. */
  async #connect(part: (connection: Connection, timeoutMs: number) => Promise<void>, wish: () => void): Promise<void> {
    const { devMode, connectionTimeoutMs } = this.#config
    if (this.#logOnly === undefined && devMode === 'log') this.#enterLogOnly()
    if (this.#logOnly !== undefined) return wish()
    const Connection = await this.#loadConnection()
    // from here to the connection nothing may come between: a close that found none would never end it
    if (this.#isClosed) throw new ClosedError('The service was disconnected before it was connected.')
    if (this.#logOnly !== undefined) return wish()
    const isFirst = this.#connection === undefined
    const timeoutMs =
      devMode === 'auto' && isFirst ? Math.min(AUTO_TIMEOUT_MS, connectionTimeoutMs) : connectionTimeoutMs
    this.#connection ??= this.#createConnection(Connection, () => this.#emitter.emit('connected'))
    const connection = this.#connection
    try {
      await part(connection, timeoutMs)
    } catch (error) {
      // once it was live, a lost broker is waited for like any other; while it never was, every part goes log-only
      const goesLogOnly =
        devMode === 'auto' &&
        !connection.wasLive &&
        !this.#isClosed &&
        (isAbsence(error) || this.#logOnly !== undefined)
      if (goesLogOnly && this.#logOnly === undefined) {
        const why = error instanceof Error ? error.message : String(error)
        this.#logger.warn(`Dev mode: no broker, so sends are only logged until one answers (${why})`)
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

  #enterLogOnly(): LogOnly {
    this.#logOnly = new LogOnly(() => this.#goLive())
    return this.#logOnly
  }

  /** Connections, and most of the package with them, are loaded for the first one: an import stays cheap. */
  async #loadConnection(): Promise<typeof Connection> {
    this.#opening += 1
    try {
      return (await import('./connection.ts')).Connection
    } finally {
      this.#opening -= 1
    }
  }

  #createConnection(Type: typeof Connection, onLive: () => void): Connection {
    return new Type(this.#config, this.#logger, this.#emitter, this.#metrics, onLive)
  }

  /** Connects all that was wished for; rejects while there is no broker. */
  async #goLive(): Promise<void> {
    const logOnly = this.#logOnly
    const wish = this.#wish
    // who is told that it is connected may send, and expects it to reach the broker
    const connection = this.#createConnection(await this.#loadConnection(), () => {})
    try {
      // a service that only logs sends without connectProducer(), and goes on doing so
      await connection.connectProducer(AUTO_TIMEOUT_MS)
      for (const group of wish.groups) await connection.connectConsumer(group, AUTO_TIMEOUT_MS)
      for (const { group, spec } of wish.subscriptions) {
        if (spec.observer === undefined) await connection.connectConsumer(group, AUTO_TIMEOUT_MS)
        else await connection.connectStream(group, AUTO_TIMEOUT_MS)
      }
    } catch (error) {
      await connection.close(0)
      if (!isAbsence(error) && logOnly?.isNew(error)) this.#logger.warn({ err: error }, 'Dev mode: cannot go live')
      throw error
    }
    // disconnected meanwhile
    if (logOnly === undefined || this.#logOnly !== logOnly) {
      await connection.close(0)
      return
    }
    this.#connection = connection
    this.#logOnly = undefined
    this.#logger.info('Dev mode: a broker answers, the service is live')
    this.#emitter.emit('connected')
    for (const { group, spec, handler, subscription } of wish.subscriptions) {
      connection
        .consumer(group)
        ?.subscribe(spec, this.#fromBeginning(spec), handler)
        .then((control) => Subscription.goLive(subscription, control))
        .catch((error: KafkaError) => {
          if (spec.observer !== undefined) return spec.observer.onFailed(error)
          // what a disconnect ended was ended on purpose
          if (this.#isClosed) return
          if (!this.#emitter.emit('error', error)) this.#logger.error({ err: error }, error.message)
        })
    }
    // not before: what joins keeps the process running from here on
    logOnly.stop()
  }
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

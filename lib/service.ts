import { Admin } from './admin/admin.ts'
import { resolveCodec } from './codec.ts'
import { checkConfig, resolveConfig } from './config/resolve.ts'
import type { KafkaConfig, ResolvedConfig } from './config/types.ts'
import type { BatchHandler } from './consumer/batch-attempt.ts'
import { Consumer } from './consumer/consumer.ts'
import type { RecordHandler } from './consumer/executor.ts'
import {
  type BatchSubscribeOptions,
  resolveSubscription,
  type SubscribeOptions,
  type TopicsInput,
} from './consumer/subscribe-options.ts'
import { Subscription } from './consumer/subscription.ts'
import { describeValue } from './describe.ts'
import { diagnostics } from './diagnostics.ts'
import { type DisconnectReport, workLeft } from './disconnect-report.ts'
import { ArgumentError, ClosedError, ConfigError } from './errors.ts'
import { ServiceEmitter } from './events.ts'
import type { Health, ServiceMode } from './health.ts'
import { createLogger, type NaradLogger } from './logger.ts'
import { type MessageBuilder, messageFields, type RecordMetadata } from './message.ts'
import { Metrics } from './metrics/metrics.ts'
import type { KafkaMetrics } from './metrics/types.ts'
import { logging } from './middleware/logging.ts'
import type { MiddlewareInput } from './middleware/middleware.ts'
import { encodeRecords, rawRecordsOf, sendRecordsOf, sendRecordsOfRaw } from './middleware/send.ts'
import { MiddlewareStack } from './middleware/stack.ts'
import { checkOptions } from './options.ts'
import { encodeValues, type RecordInput, rawRecords, type SendOptions } from './producer/columns.ts'
import type { Columns } from './producer/packer.ts'
import { Replay } from './replay/replay.ts'
import { type ReplayOptions, type ReplayReport, resolveReplay } from './replay/replay-options.ts'
import type { ReplyOptions, RequestManyOptions, RequestOptions } from './rpc/options.ts'
import type { Replies } from './rpc/replies.ts'
import { RequestReply } from './rpc/request-reply.ts'
import type { RequestCounts } from './rpc/requester.ts'
import { Session } from './session.ts'
import { endOn } from './signals.ts'
import { type ReadOptions, resolveRead } from './stream/read-options.ts'
import { readRecords } from './stream/read-records.ts'
import { RecordStream, type StreamRecord } from './stream/record-stream.ts'
import { type BatchStreamOptions, resolveStream, type StreamOptions } from './stream/stream-options.ts'
import { checkTopicName } from './topics.ts'

/** Options of {@link KafkaService.disconnect}. */
export interface DisconnectOptions {
  /** The time for everything together, in milliseconds. Default: the configured `disconnectTimeoutMs`, 30,000. */
  timeoutMs?: number
}

const SEND_OPTIONS = ['key', 'headers', 'partition', 'timestamp', 'codec']
const NOTHING_LEFT: DisconnectReport = { undelivered: 0, undeliveredByTopic: {}, groups: [] }

/**
 * Kafka for one service: one producer and any number of consumer groups. {@link kafkaService} is the usual one;
 * {@link createKafkaService} makes more.
 */
export class KafkaService extends ServiceEmitter {
  readonly #given: KafkaConfig | undefined
  readonly #middleware = new MiddlewareStack()
  #config: ResolvedConfig | undefined
  #logger: NaradLogger | undefined
  #metrics: Metrics | undefined
  #session: Session | undefined
  #requests: RequestReply | undefined
  #admin: Admin | undefined
  #disconnecting: Promise<DisconnectReport> | undefined
  #ignoreSignals: (() => void) | undefined
  readonly #onDisconnecting: Array<() => void> = []
  #wasDisconnected = false

  /** @internal Use {@link createKafkaService}. */
  constructor(config?: KafkaConfig) {
    super()
    if (config !== undefined) checkConfig(config)
    this.#given = config
  }

  /**
   * Reads the configuration from `config` and the environment. Connects nothing; may be called again.
   *
   * @throws {@link ConfigError} that says what is wrong and where it was given.
   */
  init(config?: KafkaConfig): this {
    if (this.#session?.isActive) {
      if (config === undefined) return this
      throw new ConfigError('init(config) cannot change a connected service: call disconnect() first.')
    }
    this.#config = resolveConfig(config === undefined ? this.#given : config)
    const { logLevel: level, logger, enableMiddleware } = this.#config
    this.#logger = createLogger({ level, logger })
    this.#middleware.setBuiltIn(enableMiddleware ? [...diagnostics(), logging(this.#logger)] : [])
    this.#metrics = enableMiddleware ? (this.#metrics ?? new Metrics()) : undefined
    this.#session = this.openSession(this.#config, this.#logger, this.#metrics)
    this.#wasDisconnected = false
    this.#disconnecting = undefined
    return this
  }

  /** @internal Tests have another one. */
  protected openSession(config: ResolvedConfig, logger: NaradLogger, metrics: Metrics | undefined): Session {
    return new Session(config, logger, this, metrics)
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
    return this.#session?.isConnected ?? false
  }

  get mode(): ServiceMode {
    return this.#session?.mode ?? 'disconnected'
  }

  /** How the service is, as far as it knows: asks nobody and waits for nothing, so it may be called at any time. */
  health(): Health {
    if (this.#session === undefined) this.init()
    return (this.#session as Session).health()
  }

  /**
   * What was counted since the process began, over all connections of this service, and how things stand now. Reads
   * memory alone, and asks no broker. Undefined where `enableMiddleware` is false, since nothing is counted then.
   */
  metrics(): KafkaMetrics | undefined {
    if (this.#config === undefined) this.init()
    return this.#session?.metrics()
  }

  /** Topics, groups and the cluster itself: what an administrator asks. It connects when it is first used. */
  get admin(): Admin {
    this.#admin ??= new Admin(async () => this.#opened().admin())
    return this.#admin
  }

  /**
   * Connects the producer. Resolves once a broker has answered.
   *
   * @throws {@link ConnectionError} at `connectionTimeoutMs` with the reason, {@link AuthenticationError} at once.
   */
  async connectProducer(): Promise<this> {
    await this.#opened().connectProducer()
    return this
  }

  /**
   * Connects a consumer group; several may be connected. Joins at the first {@link subscribe}.
   *
   * @param group Default: the configured `group`.
   * @throws As {@link connectProducer}.
   */
  async connectConsumer(group?: string): Promise<Consumer> {
    const name = await this.#opened().connectConsumer(group)
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
    const session = this.#current()
    const checked = options === undefined ? {} : (checkOptions(options, SEND_OPTIONS, 'send') as SendOptions)
    const chosen = checked.codec === undefined ? codec : resolveCodec(checked.codec)
    const isArray = Array.isArray(value)
    const values: readonly unknown[] = isArray ? value : [value]
    const chain = this.#middleware.send
    if (chain !== undefined) {
      const sent = await chain(topic, sendRecordsOf(values, checked), async (records) => {
        const columns = encodeRecords(topic, records, isArray, chosen)
        if (session.isLogOnly) return records.map((record) => session.print(topic, record.value))
        const producer = session.producer(topic)
        return isArray ? await producer.sendAll(topic, columns) : [await producer.sendOne(topic, columns)]
      })
      return isArray ? sent : (sent[0] as RecordMetadata)
    }
    const columns = encodeValues(topic, values, isArray, checked, chosen)
    if (session.isLogOnly) {
      const printed = values.map((one) => session.print(topic, messageFields(one)?.value ?? one))
      return isArray ? printed : (printed[0] as RecordMetadata)
    }
    const producer = session.producer(topic)
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
      return chain(topic, sendRecordsOfRaw(records), async (changed) => this.#sendRaw(topic, rawRecordsOf(changed)))
    }
    return this.#sendRaw(topic, records)
  }

  #sendRaw(topic: string, records: readonly RecordInput[]): RecordMetadata[] | Promise<RecordMetadata[]> {
    const columns: Columns = rawRecords(records)
    const session = this.#current()
    if (session.isLogOnly) return columns.values.map((value) => session.print(topic, value))
    return session.producer(topic).sendAll(topic, columns)
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

  /**
   * Sends a request, and resolves to the value of its reply. The topic for replies is read from its end on before the
   * first request leaves; no consumer group takes part.
   *
   * @throws {@link RemoteError} with what the handler threw on the other side; {@link RequestError} without a reply in
   *   time, or when too many wait; {@link ClosedError} when the service disconnects first; the signal's reason; as
   *   {@link send}.
   */
  async request<Reply = unknown>(topic: string, value: unknown, options?: RequestOptions): Promise<Reply> {
    return (await this.#requestReply().request(topic, value, options)) as Reply
  }

  /**
   * Sends a request that several reply to, and gives their replies until there are `count` or the time is over.
   *
   * @throws As {@link request}, but for errors of the other side, which are among the replies.
   */
  requestMany<Reply = unknown>(topic: string, value: unknown, options?: RequestManyOptions): Replies<Reply> {
    return this.#requestReply().requestMany(topic, value, options) as Replies<Reply>
  }

  /**
   * Handles requests: what the handler returns is the reply, and what it throws crosses as name, code and message. A
   * record that is no request is handled without a reply.
   *
   * @returns As {@link subscribe}.
   * @throws As {@link subscribe}.
   */
  async reply<T = unknown>(
    topics: TopicsInput,
    handler: RecordHandler<T>,
    options?: ReplyOptions<T>,
  ): Promise<Subscription> {
    return this.#requestReply().reply(topics, handler, options)
  }

  /** Requests and replies in numbers. */
  get requestCounts(): RequestCounts {
    return this.#requestReply().counts
  }

  #requestReply(): RequestReply {
    this.#requests ??= new RequestReply({
      config: () => this.config,
      session: () => this.#current(),
      send: (topic, value, options) => this.send(topic, value, options),
      subscribe: (topics, handler, options) => this.#subscribe(topics as TopicsInput, handler, options),
    })
    return this.#requests
  }

  async #subscribe(topics: TopicsInput, handler: unknown, options: unknown): Promise<Subscription> {
    if (typeof handler !== 'function') {
      throw new ArgumentError(`subscribe needs a function to handle records, but got ${describeValue(handler)}.`)
    }
    const spec = resolveSubscription(topics, options, this.config)
    const composed = this.#middleware.handler(handler, spec.use, spec.batch !== undefined)
    return this.#current().subscribe(spec, composed)
  }

  /**
   * The records of topics, one after the other, to be read with `for await`: reading on acknowledges what was read last.
   * The group is connected for the stream where it is not, and then left when the stream ends. What goes wrong, also on
   * connecting, is thrown by the loop.
   *
   * @throws {@link ArgumentError}, {@link TopicError}, {@link ClosedError}
   */
  stream<T = unknown>(topics: TopicsInput, options: BatchStreamOptions<T>): RecordStream<Array<StreamRecord<T>>>
  stream<T = unknown>(topics: TopicsInput, options?: StreamOptions<T>): RecordStream<StreamRecord<T>>
  stream<T>(
    topics: TopicsInput,
    options: unknown = {},
  ): RecordStream<Array<StreamRecord<T>>> | RecordStream<StreamRecord<T>> {
    const { spec, signal } = resolveStream(topics, options, this.config)
    const session = this.#opened()
    const group = session.streamGroup(spec.group)
    return new RecordStream<StreamRecord<T>>(signal, async (sink) => {
      const isBatch = spec.batch !== undefined
      const handler = this.#middleware.handler(isBatch ? sink.batchHandler : sink.handler, spec.use, isBatch)
      const subscription = await session.subscribeStream(group, { ...spec, observer: sink }, handler)
      return { end: () => Subscription.end(subscription) }
    })
  }

  /**
   * The records of a topic, to be read with `for await`, without a group: nothing is joined, and nothing committed. Other
   * than a stream it goes on where the caller says, and to an end if there is one. Connects the service where it is not.
   * What goes wrong, also on connecting, is thrown by the loop, at the first value that the codec cannot decode as well.
   *
   * @throws {@link ArgumentError}, {@link TopicError}
   */
  read<T = unknown>(topic: string, options: ReadOptions<T> = {}): AsyncGenerator<StreamRecord<T>, void, undefined> {
    const resolved = resolveRead(topic, options, this.config.codec)
    const session = this.#opened()
    return readRecords<T>(resolved, (reading, handler) => session.connectReader(reading, handler))
  }

  /**
   * Hands records of a topic on again, to a handler or into a topic, without a group: nothing is committed. It ends where
   * the topic ended when it was called.
   *
   * @throws What the handler throws, on the first record that fails; {@link ArgumentError}, {@link NotConnectedError},
   *   {@link TopicError}, {@link ConsumeError} for an offset that the log does not have, {@link SendError}
   */
  async replay<T = unknown>(options: ReplayOptions<T>): Promise<ReplayReport> {
    const resolved = resolveReplay(options, this.config.codec)
    const session = this.#current()
    const replay = new Replay(resolved, {
      read: async (reading, handler) => session.read(reading, handler, true),
      send: (topic, records) => this.sendRecords(topic, records),
    })
    return replay.run()
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
    const session = this.#session
    const wasUsed = session?.isActive ?? false
    this.#wasDisconnected = true
    for (const listener of this.#onDisconnecting) listener()
    const report = (await session?.close(timeoutMs)) ?? NOTHING_LEFT
    this.#ignoreSignals?.()
    this.#ignoreSignals = undefined
    const left = workLeft(report)
    if (left !== undefined) this.#logger?.warn({ report: left }, 'Disconnected with work left')
    if (wasUsed) this.emit('disconnected')
    return report
  }

  /** @internal Sends text past all middleware, and prints nothing; undefined while no producer is connected. */
  static sendInBackground(
    service: KafkaService,
    topic: string,
    values: readonly string[],
  ): Promise<RecordMetadata[]> | undefined {
    const session = service.#session
    if (session === undefined || !session.hasProducer) return undefined
    return session.producer(topic).sendAll(topic, rawRecords(values.map((value) => ({ value }))))
  }

  /** @internal Calls back whenever the service begins to disconnect, while it can still send. */
  static onDisconnecting(service: KafkaService, listener: () => void): void {
    service.#onDisconnecting.push(listener)
  }

  async #endOn(signal: NodeJS.Signals): Promise<void> {
    this.logger.info(`${signal}: disconnecting, within ${this.config.disconnectTimeoutMs} ms`)
    await this.disconnect()
    this.logger.info(`${signal}: disconnected`)
  }

  /** What is to be connected. */
  #opened(): Session {
    if (this.#wasDisconnected)
      throw new ClosedError('The service was disconnected; call init() before connecting anew.')
    const { handleSignals } = this.config
    if (handleSignals !== false) this.#ignoreSignals ??= endOn(handleSignals, (signal) => this.#endOn(signal))
    return this.#current()
  }

  #current(): Session {
    if (this.#session === undefined) this.init()
    return this.#session as Session
  }

  /** @internal */
  get logger(): NaradLogger {
    if (this.#logger === undefined) this.init()
    return this.#logger as NaradLogger
  }
}

/** @param config Undefined for a service that was never used: there is nothing to wait for. */
function disconnectTimeout(options: DisconnectOptions, config: ResolvedConfig | undefined): number {
  const { timeoutMs = config?.disconnectTimeoutMs ?? 0 } = checkOptions(options, ['timeoutMs'], 'disconnect')
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= 2 ** 31 - 1) return Math.ceil(timeoutMs)
  throw new ArgumentError(`Option "timeoutMs" must be a number of milliseconds, but is ${describeValue(timeoutMs)}.`)
}

/** The service that most processes need: configured by the environment, shared by all modules. */
export const kafkaService = new KafkaService()

/** A service of its own, for a process that talks to more than one cluster, and for tests. */
export function createKafkaService(config?: KafkaConfig): KafkaService {
  return new KafkaService(config)
}

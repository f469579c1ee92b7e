import { AdminClient } from './admin/client.ts'
import { embeddedAt, isEmbedded } from './broker/cluster.ts'
import { acquireEmbeddedBroker, type EmbeddedBrokerLease } from './broker/embedded.ts'
import { withFastGroups } from './broker/fast-groups.ts'
import {
  clientProperties,
  consumerProperties,
  type Properties,
  producerProperties,
  readerProperties,
} from './config/properties.ts'
import { withSecurityHint } from './config/security-hint.ts'
import type { ResolvedConfig } from './config/types.ts'
import { ConnectionWatch } from './connection-watch.ts'
import type { RebalanceEvent } from './consumer/assignment.ts'
import { DeliveryLog } from './consumer/delivery-log.ts'
import { Member } from './consumer/member.ts'
import { Reader, type ReaderOptions, type Reading } from './consumer/reader.ts'
import { after } from './delay.ts'
import { type NewTopic, SharedTopicAdmin } from './delivery/shared-topic-admin.ts'
import type { DisconnectReport } from './disconnect-report.ts'
import { ClosedError, fromNative, type KafkaError } from './errors.ts'
import type { ServiceEmitter } from './events.ts'
import type { ConnectionState } from './health.ts'
import type { EntryLevel, NaradLogger } from './logger.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { NativeError } from './native.ts'
import { OauthTokens, type TokenTaker } from './oauth-tokens.ts'
import { Producer } from './producer/producer.ts'

/** Of the time to disconnect, what is kept for the producer after the consumers: a quarter, at most this. */
const PRODUCER_SHARE_MS = 5_000
/** A reader that is over has nothing left to wait for: this only bounds a defect. */
const READER_CLOSE_MS = 5_000
/** The longest that a group is given to be left when its last stream has ended: no handler of it runs then. */
const LEAVE_MS = 5_000

/** Everything of a service that is connected to one cluster. */
export class Connection {
  readonly #config: ResolvedConfig
  readonly #logger: NaradLogger
  readonly #emitter: ServiceEmitter
  readonly #metrics: Metrics | undefined
  readonly #onLive: () => void
  readonly #consumers = new Map<string, Promise<Member>>()
  readonly #started = new Map<string, Member>()
  readonly #readers = new Set<Reader>()
  /** Groups that the service asked for; others are connected only as long as there are streams of them. */
  readonly #kept = new Set<string>()
  /** How many streams each group has. */
  readonly #streams = new Map<string, number>()
  readonly #leaving = new Map<string, Promise<unknown>>()
  /** What groups ask of topics goes through the first of them. */
  readonly #admin = new SharedTopicAdmin({
    list: () => this.#anyMember().listTopics(),
    create: (topics) => this.#createTopics(topics),
  })
  #producerReady: Promise<void> | undefined
  /** Also for the dead letters of a service that connected none. */
  #producer: Producer | undefined
  #isProducerConnecting = false
  #lettersReady: Promise<void> | undefined
  #adminReady: Promise<AdminClient> | undefined
  #adminClient: AdminClient | undefined
  #isProducerWanted = false
  #embedded: Promise<EmbeddedBrokerLease> | undefined
  readonly #tokens: OauthTokens | undefined
  #watch: ConnectionWatch | undefined
  /** Parts that are. */
  #connecting = 0
  #isClosing = false

  /** @param onLive The first part has reached a broker. */
  constructor(
    config: ResolvedConfig,
    logger: NaradLogger,
    emitter: ServiceEmitter,
    metrics: Metrics | undefined,
    onLive: () => void,
  ) {
    this.#config = config
    this.#logger = logger
    this.#emitter = emitter
    this.#metrics = metrics
    this.#onLive = onLive
    const { sasl, connectionTimeoutMs } = config
    if (sasl === false || sasl.token === undefined) return
    this.#tokens = new OauthTokens(sasl.token, connectionTimeoutMs, (error) => this.#emitError(error))
  }

  /** Lets a client log in, where it does so with a token. */
  async #authenticate(client: TokenTaker): Promise<void> {
    await this.#tokens?.give(client)
  }

  get isConnected(): boolean {
    return !this.#isClosing && (this.#watch?.isConnected ?? false)
  }

  /** Records that were sent and are not with the native side yet. */
  get queued(): number {
    return this.#producer?.queued ?? 0
  }

  /** Nothing was connected or is being so, and nothing is lost by letting it go. */
  get isEmpty(): boolean {
    const parts = this.#started.size + this.#readers.size + this.#connecting
    return !this.hasProducer && parts === 0 && this.#adminClient === undefined
  }

  /** A broker has answered before. */
  get wasLive(): boolean {
    return this.#watch !== undefined
  }

  /** The service asked for a producer. */
  get hasProducer(): boolean {
    return this.#isProducerWanted && this.#producer !== undefined
  }

  health(): ConnectionState {
    return {
      isConnecting: this.#connecting > 0,
      isClosing: this.#isClosing,
      groups: [...this.#started.values()].map((member) => member.health()),
    }
  }

  producer(): Producer {
    return this.#producer as Producer
  }

  consumer(group: string): Member | undefined {
    return this.#started.get(group)
  }

  /** Resolves once a broker has answered. Calls at the same time share one attempt. */
  connectProducer(timeoutMs: number): Promise<void> {
    this.#producerReady ??= this.#counted(this.#startProducer(timeoutMs)).catch((error: unknown) => {
      this.#producerReady = undefined
      throw error
    })
    return this.#producerReady
  }

  /** Notes that a part is connecting until it has, or has failed to. */
  async #counted<T>(part: Promise<T>): Promise<T> {
    this.#connecting += 1
    try {
      return await part
    } catch (error) {
      throw withSecurityHint(error, this.#config)
    } finally {
      this.#connecting -= 1
    }
  }

  async #startProducer(timeoutMs: number): Promise<void> {
    this.#isProducerConnecting = true
    try {
      const producer = await this.#openProducer()
      this.#isProducerWanted = true
      await this.#reach(producer, timeoutMs)
    } finally {
      this.#isProducerConnecting = false
    }
    this.#connected()
  }

  async #reach(producer: Producer, timeoutMs: number): Promise<void> {
    try {
      await this.#authenticate(producer)
      await producer.connect(timeoutMs)
    } catch (error) {
      this.#producer = undefined
      await producer.close(0)
      throw error
    }
  }

  /** The producer, which may not have reached a broker yet. */
  async #openProducer(): Promise<Producer> {
    const properties = await this.#withBrokers(producerProperties(this.#config))
    this.#checkOpen()
    this.#producer ??= Producer.start(
      properties,
      {
        onError: (error) => this.#onNativeError(error, this.#isProducerConnecting),
        onLog: (level, text) => this.#log(level, text),
      },
      this.#metrics,
      isEmbedded(properties['bootstrap.servers'] ?? ''),
    )
    return this.#producer
  }

  /**
   * The producer of dead letters, once a broker has answered: what librdkafka is given before waits for a second longer.
   * Where none answers it has the letter all the same, and sends it when one does.
   */
  async #letterProducer(): Promise<Producer> {
    const isFirst = this.#producer === undefined
    const producer = await this.#openProducer()
    await this.#authenticate(producer)
    if (isFirst) this.#lettersReady = producer.connect(this.#config.connectionTimeoutMs).catch(() => {})
    await this.#lettersReady
    return producer
  }

  /** The client for administration, once a broker has answered. Calls at the same time share one attempt. */
  connectAdmin(timeoutMs: number): Promise<AdminClient> {
    this.#adminReady ??= this.#counted(this.#startAdmin(timeoutMs)).catch((error: unknown) => {
      this.#adminReady = undefined
      throw error
    })
    return this.#adminReady
  }

  async #startAdmin(timeoutMs: number): Promise<AdminClient> {
    const properties = await this.#withBrokers(clientProperties(this.#config))
    let isConnecting = true
    this.#checkOpen()
    const client = AdminClient.start(properties, {
      onError: (error) => this.#onNativeError(error, isConnecting),
      onLog: (level, text) => this.#log(level, text),
    })
    this.#adminClient = client
    try {
      await this.#authenticate(client)
      await client.connect(timeoutMs)
      isConnecting = false
    } catch (error) {
      this.#adminClient = undefined
      await client.close()
      throw error
    }
    this.#connected()
    return client
  }

  /** Resolves once a broker has answered. */
  async connectConsumer(group: string, timeoutMs: number): Promise<Member> {
    const wasKept = this.#kept.has(group)
    // at once: its last stream may end meanwhile
    this.#kept.add(group)
    try {
      return await this.#join(group, timeoutMs)
    } catch (error) {
      if (!wasKept) this.#kept.delete(group)
      throw error
    }
  }

  /** As {@link connectConsumer}; the group is left when its streams have ended. */
  async connectStream(group: string, timeoutMs: number): Promise<Member> {
    this.#streams.set(group, (this.#streams.get(group) ?? 0) + 1)
    try {
      return await this.#join(group, timeoutMs)
    } catch (error) {
      this.endStream(group, true)
      throw error
    }
  }

  /** A stream has ended, or never began. Resolves when the group was left, if it is. */
  endStream(group: string, hasOthers?: boolean): Promise<unknown> | undefined {
    const left = (this.#streams.get(group) ?? 0) - 1
    this.#streams.set(group, left)
    const member = this.#started.get(group)
    if (left > 0 || (hasOthers ?? member?.isSubscribed) || this.#kept.has(group) || member === undefined)
      return undefined
    this.#started.delete(group)
    this.#consumers.delete(group)
    const leaving = member.close(Math.min(LEAVE_MS, this.#config.disconnectTimeoutMs))
    this.#leaving.set(group, leaving)
    return leaving.finally(() => this.#leaving.delete(group))
  }

  async #join(group: string, timeoutMs: number): Promise<Member> {
    // a static member would be fenced by its successor
    await this.#leaving.get(group)
    const known = this.#consumers.get(group)
    if (known !== undefined) return known
    const started = this.#counted(this.#startConsumer(group, timeoutMs)).catch((error: unknown) => {
      this.#consumers.delete(group)
      throw error
    })
    this.#consumers.set(group, started)
    return started
  }

  async #startConsumer(group: string, timeoutMs: number): Promise<Member> {
    const properties = withFastGroups(await this.#withBrokers(consumerProperties(this.#config, group)))
    this.#checkOpen()
    const { commitIntervalMs, prefetchBytes, connectionTimeoutMs, sessionTimeoutMs, groupProtocol } = this.#config
    const deliveries = new DeliveryLog(this.#logger, this.#emitter, (error) => this.#emitError(error))
    let isConnecting = true
    const consumer = Member.start({
      group,
      properties,
      commitIntervalMs,
      prefetchBytes,
      timeoutMs: connectionTimeoutMs,
      // KIP-848 holds nobody up for another
      sessionTimeoutMs: groupProtocol === 'consumer' ? 0 : sessionTimeoutMs,
      metrics: this.#metrics,
      listener: {
        onError: (error) => this.#emitError(error),
        onNativeError: (error) => this.#onNativeError(error, isConnecting, group),
        onRebalance: (event) => this.#onRebalance(event),
        onLog: (level, text) => this.#log(level, text),
        onFailure: (failure, context, step) => deliveries.onFailure(failure, context, step),
        onParked: (failure, context, parked) => deliveries.onParked(failure, context, parked),
        onOutage: (event) => deliveries.onOutage(event),
      },
      sender: { sendOne: async (topic, columns) => (await this.#letterProducer()).sendOne(topic, columns) },
      admin: this.#admin,
      onStreamEnd: (hasOthers) => this.endStream(group, hasOthers),
    })
    this.#started.set(group, consumer)
    try {
      await this.#authenticate(consumer)
      await consumer.connect(timeoutMs)
      isConnecting = false
    } catch (error) {
      this.#started.delete(group)
      await consumer.close(0)
      throw error
    }
    this.#connected()
    return consumer
  }

  /**
   * Reads partitions without a group, until their end or the close. Resolves when the positions are fixed.
   *
   * @param handler As that of a {@link Reader}.
   * @param keepsRunning Whether the process is kept running for it.
   * @throws As {@link Reader.start}
   */
  async read(reading: Reading, handler: ReaderOptions['handler'], keepsRunning: boolean): Promise<Reader> {
    const properties = await this.#withBrokers(readerProperties(this.#config, reading.to !== undefined))
    this.#checkOpen()
    const { prefetchBytes, connectionTimeoutMs: timeoutMs } = this.#config
    const reader = await Reader.start({
      ...reading,
      properties,
      prefetchBytes,
      timeoutMs,
      handler,
      keepsRunning,
      authenticate: (client) => this.#authenticate(client),
      onError: (error) => this.#onNativeError(error, false),
      onLog: (level, text) => this.#log(level, text),
    })
    if (this.#isClosing) await reader.close(0)
    this.#checkOpen()
    this.#readers.add(reader)
    const forget = () => {
      this.#readers.delete(reader)
      void reader.close(READER_CLOSE_MS)
    }
    reader.ended.then(forget, forget)
    return reader
  }

  /** As {@link read}, where it may be the first that is connected. Resolves once a broker has answered. */
  async connectReader(reading: Reading, handler: ReaderOptions['handler']): Promise<Reader> {
    const reader = await this.#counted(this.read(reading, handler, true))
    this.#connected()
    return reader
  }

  #anyMember(): Member {
    const [member] = this.#started.values()
    if (member === undefined) throw new ClosedError('The service is disconnecting.')
    return member
  }

  async #createTopics(topics: readonly NewTopic[]): Promise<void> {
    const member = this.#anyMember()
    if (!isEmbedded(member.bootstrap)) return member.createTopics(topics)
    // it has no admin requests; that of another process creates a topic when it is first written to
    const embedded = embeddedAt(member.bootstrap)
    if (embedded === undefined) return
    const missing = topics.map(({ topic, partitions }) => embedded.ensureTopic(topic, partitions))
    await Promise.all(missing)
  }

  async #withBrokers(properties: Properties): Promise<Properties> {
    this.#checkOpen()
    if (this.#config.brokers !== 'embedded') return properties
    this.#embedded ??= acquireEmbeddedBroker((error) => this.#emitError(error))
    const lease = await this.#embedded
    return { ...properties, 'bootstrap.servers': lease.bootstrap }
  }

  #checkOpen(): void {
    if (this.#isClosing) throw new ClosedError('The service is disconnecting.')
  }

  #connected(): void {
    this.#checkOpen()
    if (this.#watch !== undefined) return
    const answers = async (timeoutMs: number) => {
      const [member] = this.#started.values()
      const [reader] = this.#readers
      const part = this.#producer ?? member ?? reader ?? this.#adminClient
      // nothing is left that could have lost its connection
      return (await part?.answers(timeoutMs)) ?? true
    }
    this.#watch = new ConnectionWatch(answers, (isConnected) => {
      this.#logger[isConnected ? 'info' : 'warn'](isConnected ? 'Connected again' : 'No broker answers; trying on')
      this.#emitter.emit(isConnected ? 'connected' : 'disconnected')
    })
    this.#onLive()
  }

  #onNativeError(error: NativeError, isConnecting: boolean, group?: string): void {
    this.#watch?.suspect(error.kafkaCode)
    // A lost connection is narad's to mend: the events of the connection tell it. What the broker refuses while
    // connecting is told by the call that connects.
    const isTold =
      error.code.startsWith('NARAD_CONNECTION') || (isConnecting && error.code === 'NARAD_AUTHENTICATION_FAILED')
    if (error.fatal || !isTold) this.#emitError(fromNative(error, group === undefined ? {} : { group }))
    else if (!this.#isAbsenceExpected) this.#logger.debug({ kafkaCode: error.kafkaCode }, error.message)
  }

  #onRebalance(event: RebalanceEvent): void {
    const places = event.partitions.map(({ topic, partition }) => `${topic} [${partition}]`)
    this.#logger.debug({ group: event.group, partitions: places }, `Partitions ${event.kind}`)
    this.#emitter.emit('rebalance', event)
  }

  #emitError(error: KafkaError): void {
    if (!this.#emitter.emit('error', error)) this.#logger.error({ err: error }, error.message)
  }

  #log(level: number, text: string): void {
    if (!this.#isAbsenceExpected) this.#logger[levelOf(level, text)](text)
  }

  /** In dev mode the service says once that there is no broker, and each try would say it again several times. */
  get #isAbsenceExpected(): boolean {
    return this.#config.devMode === 'auto' && !this.wasLive
  }

  /** Consumers first, because their handlers may still send; then the producer; then the embedded broker. */
  async close(timeoutMs: number): Promise<DisconnectReport> {
    this.#isClosing = true
    this.#watch?.stop()
    this.#tokens?.stop()
    const deadline = performance.now() + timeoutMs
    const reserve = this.#producer === undefined ? 0 : Math.min(PRODUCER_SHARE_MS, timeoutMs / 4)
    const consumers = [...this.#started.values()]
    const consumersMs = Math.floor(timeoutMs - reserve)
    const groups = await Promise.all(consumers.map((consumer) => consumer.close(consumersMs)))
    const leftMs = () => Math.max(0, Math.floor(deadline - performance.now()))
    await Promise.race([Promise.all(this.#leaving.values()), after(leftMs())])
    // after the consumers, whose handlers may wait for what is read
    await Promise.all([...this.#readers].map((reader) => reader.close(Math.max(0, leftMs() - reserve))))
    const report = await this.#producer?.close(leftMs())
    await Promise.race([this.#adminClient?.close(), after(leftMs())])
    const lease = await this.#embedded?.catch(() => undefined)
    await lease?.release()
    return { undelivered: report?.undelivered ?? 0, undeliveredByTopic: report?.byTopic ?? {}, groups }
  }
}

/** What librdkafka says of a connection that it tries again, and of a broker that is still starting: nothing is wrong. */
const PASSING: Readonly<Record<string, EntryLevel>> = { FAIL: 'info', GETPID: 'debug' }

/** A syslog level as one of ours; librdkafka's notices are of interest to those who debug. */
function levelOf(syslog: number, text: string): EntryLevel {
  const passing = PASSING[text.slice(0, text.indexOf(':'))]
  if (passing !== undefined) return passing
  if (syslog <= 3) return 'warn'
  return syslog === 4 ? 'info' : 'debug'
}

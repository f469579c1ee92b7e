import type { CodecOption, ResolvedCodec } from '../codec.ts'
import type { Logger, LogLevel } from '../logger.ts'
import type { Secret } from '../redact.ts'

/** SASL mechanisms; letter case does not matter. */
export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer'

/** `embedded`, or addresses `host:port`. */
export type Brokers = string | readonly string[]

/** What to do when no broker is there: fail, log instead after 2 s, or log at once. */
export type DevMode = 'off' | 'auto' | 'log'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Where a group without a committed offset begins. */
export type AutoOffsetReset = 'latest' | 'earliest'

/** Who shares the partitions of a group out: its members, or the broker (KIP-848). */
export type GroupProtocol = 'classic' | 'consumer'

/** TLS. Each of `ca`, `cert` and `key` is a path or the PEM text itself. */
export interface SslConfig {
  /**
   * Certificates that the brokers' certificates must lead to; several are joined. Default: those of the system.
   * Variable: KAFKA_SSL_CA.
   */
  ca?: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  /** The client's certificate, with its chain. Needs `key`. Variable: KAFKA_SSL_CERT. */
  cert?: string | Buffer | undefined
  /** The client's private key. Needs `cert`. Variable: KAFKA_SSL_KEY. */
  key?: string | Buffer | undefined
  /** What `key` is encrypted with. */
  passphrase?: string | undefined
  /**
   * Whether a broker's certificate is checked. `false` lets anyone in between read the passwords: for tests alone.
   *
   * @defaultValue `true`
   */
  rejectUnauthorized?: boolean | undefined
}

/** A token for the SASL mechanism OAUTHBEARER. */
export interface OauthToken {
  /** The token itself, usually a JWT. */
  value: string
  /** When it ends, in milliseconds since the epoch. Default: what a JWT says of itself. */
  expiresAtMs?: number
  /** Whose it is, for the logs of the client. Default: what a JWT says of itself. */
  principal?: string
  /** SASL extensions (RFC 7628) by name, such as `logicalCluster`. */
  extensions?: Readonly<Record<string, string>>
}

/** SASL. A field that is left out comes from its variable. */
export interface SaslConfig {
  /**
   * Variable: KAFKA_SASL_MECHANISM.
   *
   * @defaultValue `plain`
   */
  mechanism?: SaslMechanism | Uppercase<SaslMechanism> | undefined
  /** Needed for `plain` and `scram-…`. Variable: KAFKA_SASL_USERNAME. */
  username?: string | undefined
  /** Needed for `plain` and `scram-…`. Variable: KAFKA_SASL_PASSWORD. */
  password?: string | undefined
  /**
   * For `oauthbearer`: gives a token when the service connects, and the next one after four fifths of its life.
   */
  token?: (() => OauthToken | Promise<OauthToken>) | undefined
}

/**
 * What `kafkaService.init()` and `createKafkaService()` take. Every field is optional. What is given here wins over
 * environment variables, and those over defaults; `undefined` counts as not given. docs/configuration.md has the
 * same as a table.
 *
 * A wrong type, an unknown option, a contradiction or a value out of its limits throws a `ConfigError`; nothing is
 * adjusted in silence.
 */
export interface KafkaConfig {
  /**
   * The brokers to begin with, as an array or separated by commas: `host:port`, or `[address]:port` for IPv6; the
   * port is 9092 unless given. `embedded` starts a broker in the process, and `embedded://host:port` is one of another
   * process. Variables: KAFKA_BROKERS, KAFKA_BROKER,
   * KAFKA_BOOTSTRAP_SERVERS. librdkafka and Java: bootstrap.servers.
   *
   * @defaultValue `localhost:9092`
   */
  brokers?: Brokers | undefined
  /**
   * The name that brokers see in their logs, metrics and quotas. Variable: KAFKA_CLIENT_ID. librdkafka and Java:
   * client.id.
   *
   * @defaultValue `narad`
   */
  clientId?: string | undefined
  /**
   * TLS: `true` with the system's certificates, or an object. Variable: KAFKA_SSL; a KAFKA_SSL_CA, KAFKA_SSL_CERT or
   * KAFKA_SSL_KEY also turns it on unless KAFKA_SSL says `false`.
   *
   * @defaultValue `false`
   */
  ssl?: boolean | SslConfig | undefined
  /** SASL: on when it, or one of its variables, is given; `false` turns the variables off. */
  sasl?: false | SaslConfig | undefined
  /** The consumer group when a call names none. Variable: KAFKA_CONSUMER_GROUP. librdkafka and Java: group.id. */
  group?: string | undefined
  /**
   * Where a group begins that has no committed offset, or whose offset the log no longer has. Variable:
   * KAFKA_AUTO_OFFSET_RESET. librdkafka and Java: auto.offset.reset.
   *
   * @defaultValue `latest`
   */
  autoOffsetReset?: AutoOffsetReset | undefined
  /**
   * How often a record is handled again after its first attempt failed. Variable: KAFKA_CONSUMER_MAX_RETRIES.
   *
   * @defaultValue `3`
   */
  maxRetries?: number | undefined
  /**
   * The topic for records that could not be handled. Default: `<topic>.<group>.dlq`. Variable:
   * KAFKA_CONSUMER_DLQ_TOPIC.
   */
  dlqTopic?: string | undefined
  /**
   * Whether the built-in logging middleware runs, and metrics are counted. Variable: KAFKA_ENABLE_MIDDLEWARE.
   *
   * @defaultValue `true`
   */
  enableMiddleware?: boolean | undefined
  /**
   * How long connecting and joining a group may take, in milliseconds. Variable: KAFKA_CONNECTION_TIMEOUT_MS.
   *
   * @defaultValue `10000`
   */
  connectionTimeoutMs?: number | undefined
  /**
   * How long `disconnect()` may take when it is not told, and how long a signal of `handleSignals` lets it take, in
   * milliseconds.
   *
   * @defaultValue `30000`
   */
  disconnectTimeoutMs?: number | undefined
  /**
   * Disconnects on a signal: `true` on SIGINT and SIGTERM, or an array of signals. What was left is logged, and the
   * process ends by itself with the exit code 128 + the signal's number, or at once on a second signal. From when the
   * service connects until it is disconnected; in the main thread, since workers get no signals.
   *
   * @defaultValue `false`
   */
  handleSignals?: boolean | readonly NodeJS.Signals[] | undefined
  /**
   * How much is logged. Default: `debug` where NODE_ENV is development. Variable: KAFKA_LOG_LEVEL.
   *
   * @defaultValue `info`
   */
  logLevel?: LogLevel | undefined
  /**
   * What to do when no broker is there: `off` fails, `auto` logs instead after 2 s and goes live when one answers,
   * `log` logs at once. Default: `auto` where NODE_ENV is development. Variable: KAFKA_DEV_MODE.
   *
   * @defaultValue `off`
   */
  devMode?: DevMode | undefined
  /** Where to log: a pino logger, or any object with its debug, info, warn and error. Default: lines on stderr. */
  logger?: Logger | undefined
  /**
   * How values become bytes and back, unless a call says otherwise.
   *
   * @defaultValue `json`
   */
  codec?: CodecOption | undefined
  /**
   * How batches of records are compressed. librdkafka and Java: compression.type.
   *
   * @defaultValue `none`
   */
  compression?: Compression | undefined
  /**
   * How long a record waits for others to share its request, in milliseconds. With 0 records still share requests
   * whenever sends gather while others are in flight. librdkafka and Java: linger.ms.
   *
   * @defaultValue `0`
   */
  lingerMs?: number | undefined
  /**
   * How long a record may take from when it is queued to be sent until it is acknowledged, retries included, in
   * milliseconds; longer than `lingerMs`. The wait for room in a full queue comes before. librdkafka and Java:
   * delivery.timeout.ms.
   *
   * @defaultValue `120000`
   */
  sendTimeoutMs?: number | undefined
  /**
   * The largest record and the largest request, in bytes. Brokers have limits of their own (about 1 MiB unless set).
   * librdkafka: message.max.bytes; Java: max.request.size.
   *
   * @defaultValue `1000000`
   */
  maxRecordBytes?: number | undefined
  /**
   * How much may wait to be sent, in bytes, before further sends wait; at least `maxRecordBytes`. librdkafka:
   * queue.buffering.max.kbytes; Java: buffer.memory.
   *
   * @defaultValue `33554432`
   */
  sendBufferBytes?: number | undefined
  /**
   * How many records may wait to be sent before further sends wait. librdkafka: queue.buffering.max.messages.
   *
   * @defaultValue `100000`
   */
  sendBufferRecords?: number | undefined
  /**
   * After how long without a heartbeat the group takes a member for dead, in milliseconds. librdkafka and Java:
   * session.timeout.ms.
   *
   * @defaultValue `45000`
   */
  sessionTimeoutMs?: number | undefined
  /**
   * How often a member tells the group that it lives, in milliseconds; less than `sessionTimeoutMs`. librdkafka and
   * Java: heartbeat.interval.ms.
   *
   * @defaultValue `3000`
   */
  heartbeatIntervalMs?: number | undefined
  /**
   * How long a consumer may go without taking records, in milliseconds; at least `sessionTimeoutMs`. librdkafka and
   * Java: max.poll.interval.ms.
   *
   * @defaultValue `300000`
   */
  maxPollIntervalMs?: number | undefined
  /**
   * How much all consumers of the process together may fetch ahead, in bytes. librdkafka: a share of it becomes each
   * consumer's queued.max.messages.kbytes.
   *
   * @defaultValue `67108864`
   */
  prefetchBytes?: number | undefined
  /**
   * How often offsets of handled records are committed, in milliseconds. Java: auto.commit.interval.ms.
   *
   * @defaultValue `1000`
   */
  commitIntervalMs?: number | undefined
  /**
   * How a group shares partitions out: `classic` among its members, `consumer` by the broker (KIP-848, from Kafka 4.0
   * on), which then also sets the session timeout and the heartbeat interval. Default: `classic`; `consumer` on the
   * embedded broker. librdkafka and Java: group.protocol.
   */
  groupProtocol?: GroupProtocol | undefined
  /**
   * Makes the member static: a restart within `sessionTimeoutMs` causes no rebalance. Each process needs its own.
   * librdkafka and Java: group.instance.id.
   */
  groupInstanceId?: string | undefined
  /**
   * Any other property of librdkafka, by its own name. Those that load or run code, or that narad's guarantees rest
   * on, are refused.
   */
  librdkafka?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
}

/** PEM text, or the path of a file (for a certificate authority also of a directory). */
export type PemSource = { readonly pem: Secret } | { readonly path: string }

export interface ResolvedSsl {
  readonly ca?: PemSource
  readonly cert?: PemSource
  readonly key?: PemSource
  readonly passphrase?: Secret
  readonly rejectUnauthorized: boolean
}

export interface ResolvedSasl {
  readonly mechanism: SaslMechanism
  readonly username?: string
  readonly password?: Secret
  readonly token?: () => unknown
}

/**
 * The configuration after input, environment and defaults. It may be logged or inspected whole: secrets in it do not
 * show.
 */
export interface ResolvedConfig {
  readonly brokers: readonly string[] | 'embedded'
  readonly clientId: string
  readonly ssl: ResolvedSsl | false
  readonly sasl: ResolvedSasl | false
  readonly group?: string
  readonly autoOffsetReset: AutoOffsetReset
  readonly maxRetries: number
  readonly dlqTopic?: string
  readonly enableMiddleware: boolean
  readonly connectionTimeoutMs: number
  readonly disconnectTimeoutMs: number
  readonly handleSignals: false | readonly NodeJS.Signals[]
  readonly logLevel: LogLevel
  readonly devMode: DevMode
  readonly logger?: Logger
  readonly codec: ResolvedCodec
  readonly compression: Compression
  readonly lingerMs: number
  readonly sendTimeoutMs: number
  readonly maxRecordBytes: number
  readonly sendBufferBytes: number
  readonly sendBufferRecords: number
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxPollIntervalMs: number
  readonly prefetchBytes: number
  readonly commitIntervalMs: number
  readonly groupProtocol?: GroupProtocol
  readonly groupInstanceId?: string
  /** Properties that go to librdkafka as they are; those of options that were spelled as properties are not among them. */
  readonly librdkafka: Readonly<Record<string, string | Secret>>
}

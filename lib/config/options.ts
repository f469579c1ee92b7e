import { LOG_LEVELS } from '../logger.ts'
import type { KafkaConfig, SaslConfig, SslConfig } from './types.ts'

/** The name of an option; those of `ssl` and `sasl` with their parent's. */
export type OptionName = keyof KafkaConfig | `ssl.${keyof SslConfig}` | `sasl.${keyof SaslConfig}`

/** One row of the table of options. */
export interface OptionSpec {
  readonly type:
    | 'brokers'
    | 'string'
    | 'topic'
    | 'boolean'
    | 'integer'
    | 'choice'
    | 'pem'
    | 'ssl'
    | 'sasl'
    | 'logger'
    | 'function'
    | 'codec'
    | 'signals'
    | 'properties'
  /** The words of a choice. */
  readonly choices?: readonly string[]
  /** Variables, of which the first that is set and not empty counts. */
  readonly env?: readonly string[]
  readonly default?: string | number | boolean
  /** The default where NODE_ENV is `development`. */
  readonly developmentDefault?: string
  /** What docs/configuration.md says of a default that is no constant. */
  readonly defaultText?: string
  readonly unit?: 'ms' | 'bytes' | 'records'
  readonly min?: number
  readonly max?: number
  /** The value is never shown. */
  readonly secret?: true
  /** librdkafka's property for it, then that property's aliases: under `librdkafka` they mean this option. */
  readonly librdkafka?: readonly string[]
  /** A librdkafka property that a value of this option leads to, in another unit or shared out. */
  readonly derives?: string
  /** The property of Java's clients for it. */
  readonly java?: string
  /** One or two sentences for docs/configuration.md. */
  readonly doc: string
}

const MAX_INT = 2_147_483_647

/**
 * The one table of options: defaults, limits and environment variables are nowhere else, and docs/configuration.md is
 * made from it. The limits are librdkafka's own.
 */
export const OPTIONS: Readonly<Record<OptionName, OptionSpec>> = {
  brokers: {
    type: 'brokers',
    env: ['KAFKA_BROKERS', 'KAFKA_BROKER', 'KAFKA_BOOTSTRAP_SERVERS'],
    default: 'localhost:9092',
    derives: 'bootstrap.servers',
    java: 'bootstrap.servers',
    doc: 'The brokers to begin with: `host:port`, or `[address]:port` for IPv6, separated by commas or as an array; the port is 9092 unless given. `embedded` starts a broker in the process, which speaks plaintext whatever the variables of TLS and SASL say; `embedded://host:port` is one of another process.',
  },
  clientId: {
    type: 'string',
    env: ['KAFKA_CLIENT_ID'],
    default: 'narad',
    librdkafka: ['client.id'],
    java: 'client.id',
    doc: 'The name that brokers see in their logs, metrics and quotas.',
  },
  ssl: {
    type: 'ssl',
    env: ['KAFKA_SSL'],
    default: false,
    derives: 'security.protocol',
    java: 'security.protocol',
    doc: 'TLS: `true` with the certificates of the system, or an object. A KAFKA_SSL_CA, KAFKA_SSL_CERT or KAFKA_SSL_KEY also turns it on unless KAFKA_SSL says `false`.',
  },
  'ssl.ca': {
    type: 'pem',
    env: ['KAFKA_SSL_CA'],
    defaultText: 'those of the system',
    derives: 'ssl.ca.pem and ssl.ca.location',
    java: 'ssl.truststore.certificates',
    doc: 'Certificates that the certificates of the brokers must lead to: a path (a directory too) or PEM text, or an array of them. SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS say what the system has.',
  },
  'ssl.cert': {
    type: 'pem',
    env: ['KAFKA_SSL_CERT'],
    derives: 'ssl.certificate.pem or ssl.certificate.location',
    java: 'ssl.keystore.certificate.chain',
    doc: 'The certificate of the client with its chain: a path or PEM text. Needs `ssl.key`.',
  },
  'ssl.key': {
    type: 'pem',
    env: ['KAFKA_SSL_KEY'],
    secret: true,
    derives: 'ssl.key.pem or ssl.key.location',
    java: 'ssl.keystore.key',
    doc: 'The private key of the client: a path or PEM text. Needs `ssl.cert`.',
  },
  'ssl.passphrase': {
    type: 'string',
    secret: true,
    derives: 'ssl.key.password',
    java: 'ssl.key.password',
    doc: 'What `ssl.key` is encrypted with.',
  },
  'ssl.rejectUnauthorized': {
    type: 'boolean',
    default: true,
    derives: 'enable.ssl.certificate.verification',
    doc: 'Whether the certificate of a broker is checked. `false` lets anyone in between read the passwords: for tests alone.',
  },
  sasl: {
    type: 'sasl',
    defaultText: 'on when one of its fields is given',
    derives: 'security.protocol',
    java: 'security.protocol',
    doc: 'SASL: an object, whose missing fields come from their variables. `false` turns the variables off.',
  },
  'sasl.mechanism': {
    type: 'choice',
    choices: ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'],
    env: ['KAFKA_SASL_MECHANISM'],
    default: 'plain',
    derives: 'sasl.mechanism',
    java: 'sasl.mechanism',
    doc: 'In any letter case. `oauthbearer` takes no user name and password, but `sasl.token`.',
  },
  'sasl.username': {
    type: 'string',
    env: ['KAFKA_SASL_USERNAME'],
    derives: 'sasl.username',
    java: 'sasl.jaas.config',
    doc: 'Needed for `plain` and `scram-…`.',
  },
  'sasl.password': {
    type: 'string',
    env: ['KAFKA_SASL_PASSWORD'],
    secret: true,
    derives: 'sasl.password',
    java: 'sasl.jaas.config',
    doc: 'Needed for `plain` and `scram-…`.',
  },
  'sasl.token': {
    type: 'function',
    java: 'sasl.login.callback.handler.class',
    doc: 'For `oauthbearer`: a function that gives `{ value, expiresAtMs, principal, extensions }`, or a promise of it; of a JWT, `value` is enough. Without it, librdkafka gets tokens by properties under `librdkafka` (`sasl.oauthbearer.…`).',
  },
  group: {
    type: 'string',
    env: ['KAFKA_CONSUMER_GROUP'],
    derives: 'group.id',
    java: 'group.id',
    doc: 'The consumer group when a call names none.',
  },
  autoOffsetReset: {
    type: 'choice',
    choices: ['latest', 'earliest'],
    env: ['KAFKA_AUTO_OFFSET_RESET'],
    default: 'latest',
    librdkafka: ['auto.offset.reset'],
    java: 'auto.offset.reset',
    doc: 'Where a group begins that has no committed offset, or whose offset the log no longer has.',
  },
  maxRetries: {
    type: 'integer',
    env: ['KAFKA_CONSUMER_MAX_RETRIES'],
    default: 3,
    min: 0,
    max: MAX_INT,
    doc: 'How often a record is handled again after its first attempt failed.',
  },
  dlqTopic: {
    type: 'topic',
    env: ['KAFKA_CONSUMER_DLQ_TOPIC'],
    defaultText: '`<topic>.<group>.dlq`',
    doc: 'The topic for records that could not be handled.',
  },
  enableMiddleware: {
    type: 'boolean',
    env: ['KAFKA_ENABLE_MIDDLEWARE'],
    default: true,
    doc: 'Whether the built-in logging middleware runs, and metrics are counted.',
  },
  connectionTimeoutMs: {
    type: 'integer',
    env: ['KAFKA_CONNECTION_TIMEOUT_MS'],
    default: 10_000,
    unit: 'ms',
    min: 1,
    max: MAX_INT,
    doc: 'How long connecting and joining a group may take.',
  },
  disconnectTimeoutMs: {
    type: 'integer',
    default: 30_000,
    unit: 'ms',
    min: 0,
    max: MAX_INT,
    doc: 'How long `disconnect()` may take when it is not told, and how long a signal of `handleSignals` lets it take.',
  },
  handleSignals: {
    type: 'signals',
    default: false,
    doc: 'Disconnects on a signal: `true` on SIGINT and SIGTERM, or an array of signals. Then the process ends by itself, with the exit code 128 + the signal’s number; a second signal ends it at once.',
  },
  logLevel: {
    type: 'choice',
    choices: LOG_LEVELS,
    env: ['KAFKA_LOG_LEVEL'],
    default: 'info',
    developmentDefault: 'debug',
    doc: 'How much is logged: each level includes those after it.',
  },
  devMode: {
    type: 'choice',
    choices: ['off', 'auto', 'log'],
    env: ['KAFKA_DEV_MODE'],
    default: 'off',
    developmentDefault: 'auto',
    doc: 'What to do when no broker is there: `off` fails, `auto` logs instead after 2 s and goes live when one answers, `log` logs at once.',
  },
  logger: {
    type: 'logger',
    defaultText: 'lines on stderr',
    doc: 'Where to log: a pino logger, or any object with its `debug`, `info`, `warn` and `error`.',
  },
  codec: {
    type: 'codec',
    default: 'json',
    java: 'value.serializer, value.deserializer',
    doc: 'How values become bytes and back, unless a call says otherwise: `json`, `string`, `buffer`, or an object with `encode` and `decode`.',
  },
  compression: {
    type: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
    librdkafka: ['compression.type', 'compression.codec'],
    java: 'compression.type',
    doc: 'How batches of records are compressed.',
  },
  lingerMs: {
    type: 'integer',
    default: 0,
    unit: 'ms',
    min: 0,
    max: 900_000,
    librdkafka: ['linger.ms', 'queue.buffering.max.ms'],
    java: 'linger.ms',
    doc: 'How long a record waits for others to share its request. With 0 records still share requests whenever sends gather while others are in flight.',
  },
  sendTimeoutMs: {
    type: 'integer',
    default: 120_000,
    unit: 'ms',
    min: 1,
    max: MAX_INT,
    librdkafka: ['delivery.timeout.ms', 'message.timeout.ms'],
    java: 'delivery.timeout.ms',
    doc: 'How long a record may take from when it is queued to be sent until it is acknowledged, retries included. The wait for room in a full queue comes before. Longer than `lingerMs`.',
  },
  maxRecordBytes: {
    type: 'integer',
    default: 1_000_000,
    unit: 'bytes',
    min: 1000,
    max: 1_000_000_000,
    librdkafka: ['message.max.bytes'],
    java: 'max.request.size',
    doc: 'The largest record and the largest request. Brokers have limits of their own (about 1 MiB unless set).',
  },
  sendBufferBytes: {
    type: 'integer',
    default: 33_554_432,
    unit: 'bytes',
    min: 1024,
    max: 1_099_511_627_776,
    derives: 'queue.buffering.max.kbytes',
    java: 'buffer.memory',
    doc: 'How much may wait to be sent before further sends wait. At least `maxRecordBytes`.',
  },
  sendBufferRecords: {
    type: 'integer',
    default: 100_000,
    unit: 'records',
    min: 1,
    max: MAX_INT,
    librdkafka: ['queue.buffering.max.messages'],
    doc: 'How many records may wait to be sent before further sends wait.',
  },
  sessionTimeoutMs: {
    type: 'integer',
    default: 45_000,
    unit: 'ms',
    min: 1,
    max: 3_600_000,
    librdkafka: ['session.timeout.ms'],
    java: 'session.timeout.ms',
    doc: 'After how long without a heartbeat the group takes a member for dead.',
  },
  heartbeatIntervalMs: {
    type: 'integer',
    default: 3000,
    unit: 'ms',
    min: 1,
    max: 3_600_000,
    librdkafka: ['heartbeat.interval.ms'],
    java: 'heartbeat.interval.ms',
    doc: 'How often a member tells the group that it lives. Less than `sessionTimeoutMs`.',
  },
  maxPollIntervalMs: {
    type: 'integer',
    default: 300_000,
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    librdkafka: ['max.poll.interval.ms'],
    java: 'max.poll.interval.ms',
    doc: 'How long a consumer may go without taking records. At least `sessionTimeoutMs`.',
  },
  prefetchBytes: {
    type: 'integer',
    default: 67_108_864,
    unit: 'bytes',
    min: 1_048_576,
    max: 2_147_482_624,
    derives: 'queued.max.messages.kbytes',
    doc: 'How much all consumers of the process together may fetch ahead.',
  },
  commitIntervalMs: {
    type: 'integer',
    default: 1000,
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    java: 'auto.commit.interval.ms',
    doc: 'How often the offsets of handled records are committed.',
  },
  groupProtocol: {
    type: 'choice',
    choices: ['classic', 'consumer'],
    defaultText: '`classic`; `consumer` on the embedded broker',
    librdkafka: ['group.protocol'],
    java: 'group.protocol',
    doc: 'How a group shares partitions out: among its members, or by the broker (KIP-848, from Kafka 4.0 on), which then also sets the session timeout and the heartbeat interval.',
  },
  groupInstanceId: {
    type: 'string',
    librdkafka: ['group.instance.id'],
    java: 'group.instance.id',
    doc: 'Makes the member static: a restart within `sessionTimeoutMs` causes no rebalance. Each process needs its own.',
  },
  librdkafka: {
    type: 'properties',
    defaultText: 'none',
    doc: 'Any other property of librdkafka, by its own name; see below for those that are refused.',
  },
}

/** The option that a librdkafka property means exactly, alias or not. */
export const OPTION_OF_PROPERTY: ReadonlyMap<string, OptionName> = new Map(
  (Object.keys(OPTIONS) as OptionName[]).flatMap((name) =>
    (OPTIONS[name].librdkafka ?? []).map((property) => [property, name] as const),
  ),
)

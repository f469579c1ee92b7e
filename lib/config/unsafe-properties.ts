import { ConfigError } from '../errors.ts'
import { quote } from '../escape.ts'
import { suggest } from '../suggest.ts'
import { CONSUMER_PROPERTIES, PRODUCER_PROPERTIES, SHARED_PROPERTIES } from './librdkafka-properties.ts'

/** Properties that may not be set under `librdkafka`, with one reason for all of them. */
export interface Refusal {
  /** Full names; a name that ends in `.` means all that begin with it. */
  readonly properties: readonly string[]
  readonly reason: string
}

/** The one table of refused properties, which docs/configuration.md shows. */
export const REFUSALS: readonly Refusal[] = [
  {
    properties: [
      'plugin.library.paths',
      'interceptors',
      'ssl.engine.location',
      'ssl.engine.id',
      'ssl.providers',
      'ssl_engine_callback_data',
    ],
    reason: 'it loads or runs code in this process',
  },
  {
    properties: ['sasl.kerberos.'],
    reason: 'librdkafka builds a shell command from it, and Kerberos is not part of this build',
  },
  {
    properties: [
      'enable.auto.commit',
      'auto.commit.enable',
      'enable.auto.offset.store',
      'offset.store.method',
      'offset.store.path',
      'offset.store.sync.interval.ms',
    ],
    reason: 'narad itself commits what was handled, and only that',
  },
  { properties: ['auto.commit.interval.ms'], reason: 'narad commits by itself: use the option commitIntervalMs' },
  {
    properties: ['partition.assignment.strategy', 'group.protocol.type'],
    reason:
      'the scheduler relies on cooperative rebalances: cooperative-sticky, or the option groupProtocol "consumer"',
  },
  {
    properties: ['enable.idempotence', 'acks', 'request.required.acks', 'delivery.report.only.error'],
    reason: 'what a resolved send promises rests on its value',
  },
  {
    properties: ['transactional.id', 'transaction.timeout.ms'],
    reason: 'narad does not run transactions, and a transactional producer refuses plain sends',
  },
  {
    properties: ['enable.partition.eof', 'enabled_events', 'log.queue', 'statistics.interval.ms'],
    reason: 'narad takes the events, logs and statistics of librdkafka itself',
  },
  { properties: ['internal.termination.signal'], reason: 'signals of the process belong to Node' },
  { properties: ['log_level'], reason: 'use the option logLevel' },
  { properties: ['bootstrap.servers', 'metadata.broker.list'], reason: 'use the option brokers' },
  { properties: ['group.id'], reason: 'use connectConsumer(group) or the option group' },
  { properties: ['security.protocol'], reason: 'it follows from the options ssl and sasl' },
  {
    properties: ['sasl.mechanism', 'sasl.mechanisms', 'sasl.username', 'sasl.password'],
    reason: 'use the option sasl',
  },
  {
    properties: [
      'ssl.ca.location',
      'ssl.ca.pem',
      'ssl.certificate.location',
      'ssl.certificate.pem',
      'ssl.key.location',
      'ssl.key.pem',
      'ssl.key.password',
      'enable.ssl.certificate.verification',
    ],
    reason: 'use the option ssl',
  },
  { properties: ['queue.buffering.max.kbytes'], reason: 'use the option sendBufferBytes' },
  { properties: ['queued.max.messages.kbytes'], reason: 'use the option prefetchBytes' },
  { properties: ['test.mock.'], reason: 'use brokers: "embedded", or TestBroker from narad/testing' },
]

/**
 * Lets a property of the option `librdkafka` through, or says why not: it is refused, or librdkafka has none of this
 * name. Only known names pass, so that no other spelling gets around a refusal.
 *
 * @throws {@link ConfigError} `NARAD_CONFIG_INVALID` or `NARAD_UNKNOWN_OPTION`
 */
export function checkProperty(property: string): void {
  const where = `librdkafka[${quote(property, 100)}]`
  for (const { properties, reason } of REFUSALS) {
    const refused = properties.some((name) => (name.endsWith('.') ? property.startsWith(name) : property === name))
    if (refused) throw new ConfigError(`${where} cannot be set: ${reason}.`)
  }
  const known = [...SHARED_PROPERTIES, ...CONSUMER_PROPERTIES, ...PRODUCER_PROPERTIES]
  if (known.includes(property)) return
  const near = suggest(property, known)
  throw new ConfigError(
    `${where} is no property of librdkafka${near === undefined ? '' : `; did you mean "${near}"?`}`,
    { code: 'NARAD_UNKNOWN_OPTION' },
  )
}

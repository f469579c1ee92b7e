import type { Secret } from '../redact.ts'
import { isPropertyOf } from './librdkafka-properties.ts'
import { securityProperties } from './security.ts'
import type { ResolvedConfig } from './types.ts'

/** librdkafka's properties by name, all as text. Secrets are in clear: they go to the native client and nowhere else. */
export type Properties = Record<string, string>

/**
 * What narad sets for every client and no option changes; `librdkafka` may. A broker that comes back is noticed
 * within a second: librdkafka's own pause between attempts grows to 10 s, and its jitter adds up to half.
 */
export const CLIENT_PROPERTIES: Readonly<Properties> = {
  'client.software.name': 'narad',
  'reconnect.backoff.ms': '50',
  'reconnect.backoff.max.ms': '500',
  'retry.backoff.max.ms': '500',
  'socket.keepalive.enable': 'true',
  // Java's defaults: a broker that is frozen, or an address that swallows packets, is given up sooner.
  'socket.timeout.ms': '30000',
  'socket.connection.setup.timeout.ms': '10000',
  'broker.address.family': 'any',
  'log.connection.close': 'false',
}

/** What narad sets for the producer. */
export const PRODUCER_DEFAULTS: Readonly<Properties> = {
  'enable.idempotence': 'true',
  acks: 'all',
  // Java's choice of a partition by the key; records without a key go to a random one.
  partitioner: 'murmur2_random',
  // Set apart from linger.ms, from which librdkafka would derive 0: large batches to one partition after another.
  'sticky.partitioning.linger.ms': '10',
  'batch.num.messages': '10000',
  // An unknown topic is an error after this time, and not after half a minute.
  'topic.metadata.propagation.max.ms': '5000',
}

/** What narad sets for every consumer. */
export const CONSUMER_DEFAULTS: Readonly<Properties> = {
  'enable.auto.commit': 'false',
  'enable.auto.offset.store': 'false',
  'enable.partition.eof': 'false',
  // A member that comes or goes stops only the partitions that move.
  'partition.assignment.strategy': 'cooperative-sticky',
  // As Java's and KafkaJS's consumers do, where the cluster allows it.
  'allow.auto.create.topics': 'true',
  'fetch.wait.max.ms': '200',
  'fetch.error.backoff.ms': '100',
  // A full prefetch is looked at again after this time: with librdkafka's second, small budgets would stall.
  'fetch.queue.backoff.ms': '20',
  // Topics that newly match a RegExp, and new partitions, are found within this time.
  'topic.metadata.refresh.interval.ms': '10000',
}

/** Properties of the classic group protocol, which librdkafka refuses with `group.protocol=consumer` (KIP-848). */
const CLASSIC_GROUP = ['partition.assignment.strategy', 'session.timeout.ms', 'heartbeat.interval.ms']

/** The properties of any client of this configuration, such as one for administration. */
export function clientProperties(config: ResolvedConfig): Properties {
  return {
    ...CLIENT_PROPERTIES,
    // The embedded broker's address is known once it runs.
    ...(config.brokers !== 'embedded' && { 'bootstrap.servers': config.brokers.join(',') }),
    'client.id': config.clientId,
    ...securityProperties(config.ssl, config.sasl),
    ...extra(config, (property) => isPropertyOf('producer', property) && isPropertyOf('consumer', property)),
  }
}

/** The properties of the producer. */
export function producerProperties(config: ResolvedConfig): Properties {
  return {
    ...clientProperties(config),
    ...PRODUCER_DEFAULTS,
    'linger.ms': String(config.lingerMs),
    'compression.type': config.compression,
    'delivery.timeout.ms': String(config.sendTimeoutMs),
    'message.max.bytes': String(config.maxRecordBytes),
    'queue.buffering.max.messages': String(config.sendBufferRecords),
    'queue.buffering.max.kbytes': String(Math.ceil(config.sendBufferBytes / 1024)),
    ...extra(config, (property) => isPropertyOf('producer', property)),
  }
}

/**
 * The properties of one group's consumer. `queued.max.messages.kbytes` is not among them: the core gives each consumer
 * its share of `prefetchBytes`.
 */
export function consumerProperties(config: ResolvedConfig, groupId: string): Properties {
  const properties: Properties = {
    ...clientProperties(config),
    ...CONSUMER_DEFAULTS,
    'group.id': groupId,
    ...(config.groupProtocol !== undefined && { 'group.protocol': config.groupProtocol }),
    ...(config.groupInstanceId !== undefined && { 'group.instance.id': config.groupInstanceId }),
    'auto.offset.reset': config.autoOffsetReset,
    'session.timeout.ms': String(config.sessionTimeoutMs),
    'heartbeat.interval.ms': String(config.heartbeatIntervalMs),
    'max.poll.interval.ms': String(config.maxPollIntervalMs),
    ...extra(config, (property) => isPropertyOf('consumer', property)),
  }
  if (properties['group.protocol'] === 'consumer') {
    for (const property of CLASSIC_GROUP) delete properties[property]
  }
  return properties
}

/** librdkafka wants a name, and asks who coordinates it; nothing is ever joined or committed under it. */
const READER_GROUP = 'narad-reader'

/**
 * The properties of a consumer that reads partitions without a group.
 *
 * @param isBounded It ends somewhere, and is to be told when it is at the end of a log.
 */
export function readerProperties(config: ResolvedConfig, isBounded: boolean): Properties {
  const properties = consumerProperties(config, READER_GROUP)
  // what makes a member of a group
  delete properties['group.protocol']
  delete properties['group.instance.id']
  return {
    ...properties,
    // who looks at a topic of a mistaken name wants to be told
    'allow.auto.create.topics': 'false',
    'enable.partition.eof': String(isBounded),
    // of records that are deleted before they are read, what is left comes next
    'auto.offset.reset': 'earliest',
  }
}

/** The properties under `librdkafka` that a kind of client knows. */
function extra(config: ResolvedConfig, knows: (property: string) => boolean): Properties {
  return Object.fromEntries(
    Object.entries(config.librdkafka)
      .filter(([property]) => knows(property))
      .map(([property, value]) => [property, reveal(value)]),
  )
}

function reveal(value: string | Secret): string {
  return typeof value === 'string' ? value : value.reveal()
}

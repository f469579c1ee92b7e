import { EmbeddedCluster } from './broker/cluster.ts'
import { describeValue } from './describe.ts'
import { ArgumentError, EmbeddedBrokerError, type KafkaError } from './errors.ts'
import { quote } from './escape.ts'
import { checkOptions } from './options.ts'
import { suggest } from './suggest.ts'
import { checkTopicName } from './topics.ts'

export type { DeliveryReport } from './testing/deliveries.ts'
export { createTestService, type SentRecord, type TestService } from './testing/test-service.ts'

/** A request that {@link TestBroker.failRequests} takes, by Kafka's name. */
export type RequestName =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'SyncGroup'
  | 'InitProducerId'
  | 'OffsetForLeaderEpoch'
  | 'ConsumerGroupHeartbeat'

/** Kafka's numbers of them. */
const REQUESTS: Readonly<Record<RequestName, number>> = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  ConsumerGroupHeartbeat: 68,
}

/** Requests of Kafka that the embedded broker does not have, or never fails on request: it would do nothing in silence. */
const UNSUPPORTED: readonly string[] = [
  ...['Metadata', 'ApiVersions', 'CreateTopics', 'DeleteTopics', 'CreatePartitions', 'DescribeConfigs'],
  ...['DescribeGroups', 'ListGroups', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'EndTxn', 'TxnOffsetCommit'],
]

const MOST_BROKERS = 100
const MOST_PARTITIONS = 10_000
const MOST_MS = 600_000

/** How a topic is created. */
export interface TopicOptions {
  /** Default 1. */
  partitions?: number
  /** Up to the number of brokers. Default 1. */
  replicationFactor?: number
}

/** A topic to create at the start. */
export interface TestTopic extends TopicOptions {
  name: string
}

/** What {@link TestBroker.start} takes. */
export interface TestBrokerOptions {
  /** How many brokers the cluster has. Their ids are 1, 2, … Default 1. */
  brokers?: number
  /** Topics to create, by name or with their options. */
  topics?: ReadonlyArray<string | TestTopic>
}

/**
 * A Kafka cluster in this process, for tests: the real protocol on free ports of 127.0.0.1, started in milliseconds,
 * with faults on request. docs/testing.md says what it cannot do.
 *
 * A broker that was not stopped does not keep the process alive.
 *
 * @example
 * const broker = await TestBroker.start({ topics: ['orders'] })
 * await service.init({ brokers: broker.brokers }).connectProducer()
 * …
 * await service.disconnect()
 * await broker.stop()
 */
export class TestBroker {
  /** The addresses of all brokers, as the option `brokers` and every other client takes them. */
  readonly brokers: string
  readonly #cluster: EmbeddedCluster
  #stopped: Promise<void> | undefined

  private constructor(cluster: EmbeddedCluster) {
    this.#cluster = cluster
    this.brokers = cluster.bootstrap
  }

  /**
   * @throws {@link ArgumentError} or {@link TopicError} for options that are wrong, {@link NativeLoadError} where
   * there is no native part, {@link EmbeddedBrokerError} where the cluster cannot be started.
   */
  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const given = checkOptions(options, ['brokers', 'topics'], 'TestBroker.start')
    const brokers = given.brokers === undefined ? 1 : integer(given.brokers, 'brokers', 1, MOST_BROKERS)
    const topics = topicList(given.topics)
    const cluster = EmbeddedCluster.start(brokers)
    const broker = new TestBroker(cluster)
    // A test that waits for a lost record ends by its deadline: this says why before it does.
    cluster.onError(warn)
    try {
      for (const { name, ...rest } of topics) await broker.createTopic(name, rest)
    } catch (error) {
      await broker.stop()
      throw error
    }
    return broker
  }

  /**
   * Creates a topic. Topics that clients use before they exist are created as well, with 4 partitions.
   *
   * @throws {@link TopicError} for a name that Kafka refuses, {@link ArgumentError} for wrong numbers,
   * {@link EmbeddedBrokerError} with the `kafkaCode` `TOPIC_ALREADY_EXISTS`.
   */
  async createTopic(name: string, options: TopicOptions = {}): Promise<void> {
    const { partitions, replicationFactor } = topicOptions(name, options)
    await this.#cluster.createTopic(name, partitions, replicationFactor)
  }

  /**
   * Lets the next requests of a kind fail, on whichever broker, the first with the first error and so on.
   *
   * @param request Kafka's name of the request, such as `Produce`.
   * @param errors Names of Kafka's errors as `error.kafkaCode` shows them, such as `NOT_ENOUGH_REPLICAS`, or
   * `_TRANSPORT` to close the connection instead of an answer.
   * @throws {@link ArgumentError} for a name that is wrong; {@link EmbeddedBrokerError} `NARAD_EMBEDDED_UNSUPPORTED`
   * for a request that cannot be made to fail.
   */
  async failRequests(request: RequestName, ...errors: string[]): Promise<void> {
    const api = requestNumber(request)
    if (errors.length === 0) throw new ArgumentError('failRequests needs at least one error, such as "_TRANSPORT".')
    for (const error of errors) text(error, 'An error')
    await this.#cluster.call((native) => native.pushRequestErrors(api, errors))
  }

  /** Takes back what {@link failRequests} left over for a kind of request. */
  async clearFailures(request: RequestName): Promise<void> {
    const api = requestNumber(request)
    await this.#cluster.call((native) => native.clearRequestErrors(api))
  }

  /** Closes the connections of a broker and refuses new ones. What it leads, it still leads: see {@link moveLeader}. */
  async brokerDown(id: number): Promise<void> {
    const broker = brokerId(id)
    await this.#cluster.call((native) => native.brokerDown(broker))
  }

  /** Lets a broker take connections again, with the records that it had. */
  async brokerUp(id: number): Promise<void> {
    const broker = brokerId(id)
    await this.#cluster.call((native) => native.brokerUp(broker))
  }

  /** Lets every answer of a broker wait so long; 0 ends it. */
  async roundTripTime(id: number, timeMs: number): Promise<void> {
    const [broker, time] = [brokerId(id), integer(timeMs, 'The round-trip time in milliseconds', 0, MOST_MS)]
    await this.#cluster.call((native) => native.setRoundTripTime(broker, time))
  }

  /** Makes another broker the leader of a partition. */
  async moveLeader(topic: string, partition: number, id: number): Promise<void> {
    checkTopicName(topic)
    const number = integer(partition, 'The partition', 0, MOST_PARTITIONS)
    const broker = brokerId(id)
    await this.#cluster.call((native) => native.moveLeader(topic, number, broker))
  }

  /** Makes another broker the coordinator of a consumer group. */
  async moveCoordinator(group: string, id: number): Promise<void> {
    text(group, 'The group')
    const broker = brokerId(id)
    await this.#cluster.call((native) => native.moveCoordinator(group, broker))
  }

  /**
   * Closes all connections and ports and forgets all records. May be called again.
   *
   * @throws {@link EmbeddedBrokerError} `NARAD_EMBEDDED_DATA_LOST` where the broker dropped records before: what the
   * test saw may be wrong. The broker is stopped all the same.
   */
  async stop(): Promise<void> {
    this.#stopped ??= this.#cluster.stop()
    await this.#stopped
  }

  /** {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function warn(error: KafkaError): void {
  process.emitWarning(error.message, { type: error.name, code: error.code })
}

function topicList(input: unknown): TestTopic[] {
  if (input === undefined) return []
  if (!Array.isArray(input))
    throw new ArgumentError(`Option "topics" must be an array, but is ${describeValue(input)}.`)
  const topics = input.map((entry: unknown) => {
    const topic = typeof entry === 'string' ? { name: entry } : entry
    const { name, ...rest } = checkOptions(topic, ['name', 'partitions', 'replicationFactor'], 'a topic')
    return { name: name as string, ...topicOptions(name, rest) }
  })
  return topics
}

/** Everything is checked before the cluster is started. */
function topicOptions(name: unknown, options: unknown): Required<TopicOptions> {
  checkTopicName(name)
  const { partitions = 1, replicationFactor = 1 } = checkOptions(
    options,
    ['partitions', 'replicationFactor'],
    'a topic',
  )
  return {
    partitions: integer(partitions, 'partitions', 1, MOST_PARTITIONS),
    replicationFactor: integer(replicationFactor, 'replicationFactor', 1, MOST_BROKERS),
  }
}

function requestNumber(request: unknown): number {
  text(request, 'The request')
  if (Object.hasOwn(REQUESTS, request)) return REQUESTS[request as RequestName]
  if (UNSUPPORTED.includes(request)) {
    throw new EmbeddedBrokerError(
      `The embedded broker cannot let ${request} requests fail. It can for ${Object.keys(REQUESTS).join(', ')}.`,
      { code: 'NARAD_EMBEDDED_UNSUPPORTED' },
    )
  }
  const near = suggest(request, [...Object.keys(REQUESTS), ...UNSUPPORTED])
  throw new ArgumentError(
    `Kafka has no request ${quote(request, 60)}${near === undefined ? '' : `: did you mean "${near}"?`} ` +
      `There are: ${Object.keys(REQUESTS).join(', ')}.`,
  )
}

/** Whether there is such a broker is known below. */
function brokerId(id: unknown): number {
  return integer(id, 'The id of the broker', 1, MOST_BROKERS)
}

function integer(value: unknown, what: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new ArgumentError(`${what} must be a whole number from ${least} to ${most}, but is ${describeValue(value)}.`)
}

function text(value: unknown, what: string): asserts value is string {
  if (typeof value === 'string' && value !== '') return
  throw new ArgumentError(`${what} must be a string that is not empty, but is ${describeValue(value)}.`)
}

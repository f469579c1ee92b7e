import { embeddedAt } from '../broker/cluster.ts'
import { checkTarget, type SeekTarget } from '../consumer/seek-target.ts'
import { describeValue } from '../describe.ts'
import { AdminError, ArgumentError, EmbeddedBrokerError, type KafkaError } from '../errors.ts'
import { flag, integer, partitionNumbers } from '../options.ts'
import { checkTopicName } from '../topics.ts'
import type { AdminClient } from './client.ts'
import { logOffsets, offsetsAt, placesOf } from './log-offsets.ts'
import { type AdminCallOptions, callOptions, topicNames } from './options.ts'
import type { LogOffsets, Right, TopicConfig, TopicDescription, TopicListing } from './types.ts'

/** Options of {@link Topics.list}. */
export interface ListTopicsOptions extends AdminCallOptions {
  /** Kafka's own topics as well. Default: false. */
  internal?: boolean
}

/** Options of {@link Topics.describe}. */
export interface DescribeTopicsOptions extends AdminCallOptions {
  /** Also what the user may do with each. Default: false. */
  rights?: boolean
}

/** Options of {@link Topics.create}. */
export interface CreateTopicOptions extends AdminCallOptions {
  /** Default: the cluster's own, `num.partitions`. */
  partitions?: number
  /** On how many brokers each partition is kept. Default: the cluster's own, `default.replication.factor`. */
  replicationFactor?: number
  /** Settings, such as `{ 'retention.ms': 86_400_000 }`. */
  configs?: Readonly<Record<string, string | number | boolean>>
  /** Leaves a topic that is there as it is. Default: false, it is an error. */
  ifNotExists?: boolean
}

/** Options of {@link Topics.deleteRecords}. */
export interface DeleteRecordsOptions extends AdminCallOptions {
  /** What comes before this is deleted: all records before an offset or a time, or with `'end'` all that are there. */
  before: SeekTarget
  /** Default: all. */
  partitions?: readonly number[]
  /** Only tells what it would do. Default: false. */
  dryRun?: boolean
}

/** Topics that Kafka keeps for itself. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])
const MAX_PARTITIONS = 100_000
const MAX_REPLICAS = 32_767

/** Administration of topics, `kafkaService.admin.topics`. */
export class Topics {
  readonly #client: () => Promise<AdminClient>

  /** @internal Use `kafkaService.admin`. */
  constructor(client: () => Promise<AdminClient>) {
    this.#client = client
  }

  /** All topics, by name. */
  async list(options?: ListTopicsOptions): Promise<TopicListing[]> {
    const { leftMs, ...given } = callOptions(options, ['internal'], 'topics.list')
    const internal = flag(given.internal, 'internal')
    const client = await this.#client()
    const topics = await client.ask((native) => native.listTopics(leftMs()))
    const listed = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
      isInternal: INTERNAL.has(topic),
    }))
    return listed.filter(({ isInternal }) => internal || !isInternal)
  }

  /**
   * Partitions, leaders and replicas.
   *
   * @throws {@link TopicError} for the first that is not there.
   */
  async describe(topics: readonly string[], options?: DescribeTopicsOptions): Promise<TopicDescription[]>
  async describe(topic: string, options?: DescribeTopicsOptions): Promise<TopicDescription>
  async describe(
    topics: string | readonly string[],
    options?: DescribeTopicsOptions,
  ): Promise<TopicDescription | TopicDescription[]> {
    const { leftMs, ...given } = callOptions(options, ['rights'], 'topics.describe')
    const names = topicNames(topics)
    const withRights = flag(given.rights, 'rights')
    if (names.length === 0) return []
    const client = await this.#client()
    const described = await client.ask((native) => native.describeTopics(names, withRights, leftMs()))
    const all = described.map(({ topic, id, partitions, rights }) => ({
      topic,
      ...(id != null && { id }),
      ...(rights != null && { rights: rights as Right[] }),
      isInternal: INTERNAL.has(topic),
      partitions: partitions.map(({ partition, leader, replicas, inSync }) => ({
        partition,
        leader: leader < 0 ? null : leader,
        replicas,
        inSync,
      })),
    }))
    return typeof topics === 'string' ? (all[0] as TopicDescription) : all
  }

  /** Where each partition begins and ends. */
  async offsets(topic: string, options?: AdminCallOptions): Promise<LogOffsets[]> {
    const { leftMs } = callOptions(options, [], 'topics.offsets')
    const client = await this.#client()
    return logOffsets(client, await placesOf(client, topic, undefined, leftMs), leftMs)
  }

  /**
   * Creates a topic.
   *
   * @returns Whether it was created: false where it was there and may be.
   * @throws {@link AdminError} `NARAD_TOPIC_EXISTS`, {@link ArgumentError} for what the cluster refuses,
   *   {@link EmbeddedBrokerError} for settings on the embedded broker, which has none.
   */
  async create(topic: string, options?: CreateTopicOptions): Promise<boolean> {
    checkTopicName(topic)
    const known = ['partitions', 'replicationFactor', 'configs', 'ifNotExists']
    const { leftMs, partitions, replicationFactor, configs, ...given } = callOptions(options, known, 'topics.create')
    const ifNotExists = flag(given.ifNotExists, 'ifNotExists')
    const numbers = {
      ...(partitions !== undefined && { partitions: integer(partitions, 'partitions', 1, MAX_PARTITIONS, 1) }),
      ...(replicationFactor !== undefined && {
        replicationFactor: integer(replicationFactor, 'replicationFactor', 1, MAX_REPLICAS, 1),
      }),
    }
    const config = Object.fromEntries(settings(configs ?? {}, false)) as Record<string, string>
    const client = await this.#client()
    try {
      const embedded = embeddedAt(client.bootstrap)
      if (embedded === undefined) {
        await client.ask((native) => native.createTopics([{ topic, ...numbers, config }], leftMs()), { topic })
      } else {
        if (Object.keys(config).length > 0) throw noSettings(topic)
        await embedded.createTopic(topic, numbers.partitions ?? 1, numbers.replicationFactor)
      }
      return true
    } catch (error) {
      const { kafkaCode, code } = error as KafkaError
      if (kafkaCode !== 'TOPIC_ALREADY_EXISTS') throw error
      if (ifNotExists) return false
      if (code === 'NARAD_TOPIC_EXISTS') throw error
      throw new AdminError(`Topic ${topic} cannot be created: it is there already.`, {
        code: 'NARAD_TOPIC_EXISTS',
        kafkaCode,
        topic,
        cause: error,
      })
    }
  }

  /**
   * The settings in force, by name.
   *
   * @throws {@link TopicError}, {@link EmbeddedBrokerError}
   */
  async configs(topic: string, options?: AdminCallOptions): Promise<TopicConfig[]> {
    checkTopicName(topic)
    const { leftMs } = callOptions(options, [], 'topics.configs')
    const client = await this.#client()
    const entries = await client.ask((native) => native.topicConfigs(topic, leftMs()), { topic })
    const configs = entries.map(({ value, ...entry }) => ({ ...entry, value: value ?? null }))
    return configs.sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  /**
   * Changes some settings and leaves the others as they are.
   *
   * @param configs `null` takes a setting back to its default.
   * @throws {@link ArgumentError} for what the cluster refuses, {@link TopicError}, {@link EmbeddedBrokerError}
   */
  async alter(
    topic: string,
    configs: Readonly<Record<string, string | number | boolean | null>>,
    options?: AdminCallOptions,
  ): Promise<void> {
    checkTopicName(topic)
    const { leftMs } = callOptions(options, [], 'topics.alter')
    const changes = [...settings(configs, true)].map(([name, value]) => ({ name, ...(value !== null && { value }) }))
    if (changes.length === 0) return
    const client = await this.#client()
    await client.ask((native) => native.alterTopicConfigs(topic, changes, leftMs()), { topic })
  }

  /**
   * Deletes topics with their records. Where one is refused, others may be gone.
   *
   * @throws {@link TopicError}, {@link EmbeddedBrokerError}
   */
  async delete(topics: string | readonly string[], options?: AdminCallOptions): Promise<void> {
    const { leftMs } = callOptions(options, [], 'topics.delete')
    const names = topicNames(topics)
    if (names.length === 0) return
    const client = await this.#client()
    await client.ask((native) => native.deleteTopics(names, leftMs()))
  }

  /**
   * Gives a topic more partitions. Keys go to other partitions from then on: what is ordered by key is not in order with
   * what was written before.
   *
   * @param total How many it has then.
   * @throws {@link ArgumentError}, {@link TopicError}, {@link EmbeddedBrokerError}
   */
  async addPartitions(topic: string, total: number, options?: AdminCallOptions): Promise<void> {
    checkTopicName(topic)
    const { leftMs } = callOptions(options, [], 'topics.addPartitions')
    const count = integer(total, 'total', 1, MAX_PARTITIONS, Number.NaN)
    if (Number.isNaN(count)) throw new ArgumentError('addPartitions needs the number of partitions in total.')
    const client = await this.#client()
    await client.ask((native) => native.addPartitions(topic, count, leftMs()), { topic })
  }

  /**
   * Deletes records from the beginning of partitions.
   *
   * @returns Where each partition begins then.
   * @throws {@link ConsumeError} `NARAD_OFFSET_OUT_OF_RANGE` for an offset after the end of the log, {@link TopicError},
   *   {@link EmbeddedBrokerError}
   */
  async deleteRecords(topic: string, options: DeleteRecordsOptions): Promise<LogOffsets[]> {
    checkTopicName(topic)
    const known = ['before', 'partitions', 'dryRun']
    const { leftMs, before, ...given } = callOptions(options, known, 'topics.deleteRecords')
    const [partitions, dryRun] = [partitionNumbers(given.partitions), flag(given.dryRun, 'dryRun')]
    const target = checkTarget(before, 'Option "before"')
    const client = await this.#client()
    const places = await placesOf(client, topic, partitions, leftMs)
    const offsets = await offsetsAt(client, places, target, leftMs)
    if (dryRun) {
      const logs = await logOffsets(client, places, leftMs)
      return logs.map((log, index) => ({ ...log, beginning: Math.max(log.beginning, offsets[index]?.offset ?? 0) }))
    }
    const deleted = await client.ask((native) => native.deleteRecords(offsets, leftMs()), { topic })
    const failed = deleted.find(({ error }) => error != null)?.error
    if (failed != null) await client.ask(async () => failed, { topic })
    return logOffsets(client, places, leftMs)
  }
}

function noSettings(topic: string): EmbeddedBrokerError {
  return new EmbeddedBrokerError(
    `Topic ${topic} cannot be created with settings: the embedded broker has none; create it without "configs", or use Kafka.`,
    { code: 'NARAD_EMBEDDED_UNSUPPORTED', topic },
  )
}

/** @throws {@link ArgumentError} for a value that is no setting. */
function settings(configs: unknown, mayReset: boolean): Map<string, string | null> {
  if (typeof configs !== 'object' || configs === null || Array.isArray(configs)) {
    throw new ArgumentError(`The settings of a topic must be an object, but are ${describeValue(configs)}.`)
  }
  const given = Object.entries(configs).map(([name, value]): [string, string | null] => {
    if (value === null && mayReset) return [name, null]
    if (['string', 'number', 'boolean'].includes(typeof value)) return [name, String(value)]
    const what = mayReset ? 'a string, a number, a boolean or null' : 'a string, a number or a boolean'
    throw new ArgumentError(`Setting "${name}" must be ${what}, but is ${describeValue(value)}.`)
  })
  return new Map(given)
}

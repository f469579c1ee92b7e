import { KafkaError, type KafkaErrorFields, TopicError } from '../errors.ts'
import { quote } from '../escape.ts'
import { topicNameProblem } from '../topics.ts'

/** Listing and creating topics. */
export interface TopicAdmin {
  /** The number of partitions of each topic. */
  list(): Promise<ReadonlyMap<string, number>>
  /** Creates a topic with the broker's own replication; one that is there already may stay as it is, or be an error. */
  create(topic: string, partitions: number, config: Readonly<Record<string, string>>): Promise<void>
}

/** What a subscription has topics of its own for. */
export interface SideTopicsOptions {
  readonly group: string
  readonly admin: TopicAdmin
  /** As in "topics for dead letters". */
  readonly purpose: string
  /** What its topics are created with. */
  readonly config: Readonly<Record<string, string>>
  /** How to do without a topic that cannot be created, as it reads after "create it, or". */
  readonly wayOut: string
  /** A topic is missing, or is not to be found. */
  readonly error: (message: string, fields: KafkaErrorFields) => KafkaError
}

/** The topics of a subscription that stand beside those it was asked to read, one for each of them or one for all. */
export abstract class SideTopics {
  readonly #options: SideTopicsOptions
  /** Number of partitions of the topics that are known to exist. */
  readonly #partitions = new Map<string, number>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: SideTopicsOptions) {
    this.#options = options
  }

  get group(): string {
    return this.#options.group
  }

  /**
   * The topic beside a topic.
   *
   * @throws {@link TopicError} when Kafka does not allow the name. Nothing is replaced in it: two groups would share a
   *   topic and not know it.
   */
  abstract nameOf(topic: string): string

  /**
   * A name that Kafka allows.
   *
   * @param wayOut How to do without it, a sentence.
   * @throws {@link TopicError}
   */
  protected checked(name: string, topic: string, wayOut: string): string {
    const problem = topicNameProblem(name)
    if (problem === undefined) return name
    const { group, purpose } = this.#options
    throw new TopicError(
      `The ${purpose} of topic ${topic} in group ${quote(group)} need a topic whose name ${problem}. ${wayOut}`,
      { topic, group },
    )
  }

  /**
   * Creates those topics beside `topics` that are not there, with as many partitions as the topic has (the largest,
   * where several share one). Costs nothing for topics that it was called for before.
   *
   * @throws {@link TopicError} as {@link nameOf}, and the error of these topics when one is missing and cannot be
   *   created.
   */
  async ensure(topics: readonly string[]): Promise<void> {
    const isThere = () => topics.every((topic) => this.#partitions.has(this.nameOf(topic)))
    if (isThere()) return
    // one call at a time, or two would create the same topic; those that wait find it done
    const turn = this.#last.then(() => (isThere() ? undefined : this.#ensure(topics)))
    this.#last = turn.catch(() => {})
    await turn
  }

  /** The number of partitions of the topic beside `topic`, once {@link ensure} has seen to it. */
  partitions(topic: string): number | undefined {
    return this.#partitions.get(this.nameOf(topic))
  }

  /** The topic beside `topic` is not what it was: the next {@link ensure} looks again. */
  forget(topic: string): void {
    this.#partitions.delete(this.nameOf(topic))
  }

  async #ensure(topics: readonly string[]): Promise<void> {
    const there = await this.#list()
    const missing = new Map<string, number>()
    for (const topic of topics) {
      const name = this.nameOf(topic)
      const partitions = there.get(name)
      if (partitions !== undefined) this.#partitions.set(name, partitions)
      else missing.set(name, Math.max(missing.get(name) ?? 1, there.get(topic) ?? 1))
    }
    for (const [name, partitions] of missing) this.#partitions.set(name, await this.#create(name, partitions))
  }

  async #create(name: string, partitions: number): Promise<number> {
    const { admin, config, purpose, wayOut } = this.#options
    try {
      await admin.create(name, partitions, config)
      return partitions
    } catch (cause) {
      // another member may have been faster
      const there = (await this.#list()).get(name)
      if (there !== undefined) return there
      const remedy = `create it, grant CREATE and DESCRIBE on it, ${wayOut}`
      throw this.#failure(`Topic ${name} for ${purpose} is not there and was not created`, remedy, cause, name)
    }
  }

  /** Topics that have partitions: one that is being created or deleted has none. */
  async #list(): Promise<ReadonlyMap<string, number>> {
    const { admin, purpose } = this.#options
    try {
      return new Map([...(await admin.list())].filter(([, partitions]) => partitions > 0))
    } catch (cause) {
      throw this.#failure(`Topics could not be listed to find those for ${purpose}`, 'try again', cause)
    }
  }

  #failure(what: string, remedy: string, cause: unknown, topic?: string): KafkaError {
    const { group, error } = this.#options
    const why = cause instanceof Error ? cause.message : String(cause)
    const retriable = cause instanceof KafkaError ? cause.retriable : undefined
    return error(`${what} (${why}): ${remedy}.`, { retriable, cause, topic, group })
  }
}

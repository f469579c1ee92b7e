import { DeadLetterError, KafkaError, TopicError } from '../errors.ts'
import { quote } from '../escape.ts'
import { topicNameProblem } from '../topics.ts'

/** Listing and creating topics. */
export interface TopicAdmin {
  /** The number of partitions of each topic. */
  list(): Promise<ReadonlyMap<string, number>>
  /** Creates a topic with the broker's own replication; one that is there already may stay as it is, or be an error. */
  create(topic: string, partitions: number, config: Readonly<Record<string, string>>): Promise<void>
}

export interface DeadLetterTopicsOptions {
  readonly group: string
  /** The one topic for all dead letters; undefined: `<topic>.<group>.dlq` for each topic. */
  readonly topic: string | undefined
  readonly admin: TopicAdmin
}

/** Dead letters are kept for a time, and by no compaction thrown away for another one with the same key. */
const CONFIG = { 'cleanup.policy': 'delete' }

/** The topics for the dead letters of a subscription. */
export class DeadLetterTopics {
  readonly #options: DeadLetterTopicsOptions
  /** Number of partitions of the topics that are known to exist. */
  readonly #partitions = new Map<string, number>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: DeadLetterTopicsOptions) {
    this.#options = options
  }

  /**
   * The topic for the dead letters of a topic.
   *
   * @throws {@link TopicError} when Kafka does not allow the name that is made of topic and group. Nothing is replaced
   *   in it: two groups would share a topic and not know it.
   */
  nameOf(topic: string): string {
    const { group, topic: one } = this.#options
    if (one !== undefined) return one
    const name = `${topic}${this.#suffix}`
    const problem = topicNameProblem(name)
    if (problem === undefined) return name
    throw new TopicError(
      `The dead letters of topic ${topic} in group ${quote(group)} need a topic whose name ${problem}. ` +
        'Name one with "dlq: { topic }", or say "dlq: false".',
      { topic, group },
    )
  }

  /** Whether it is one of these topics: a RegExp that matches it would make dead letters of dead letters. */
  isOwn(name: string): boolean {
    const { topic } = this.#options
    return topic === undefined ? name.endsWith(this.#suffix) : name === topic
  }

  /**
   * Creates those topics for the dead letters of `topics` that are not there, with as many partitions as the topic has
   * (the largest, where several share one). Costs nothing for topics that it was called for before.
   *
   * @throws {@link TopicError} as {@link nameOf}, {@link DeadLetterError} when one is missing and cannot be created.
   */
  async ensure(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.#partitions.has(this.nameOf(topic)))) return
    // one call at a time, or two would create the same topic
    const turn = this.#last.then(() => this.#ensure(topics))
    this.#last = turn.catch(() => {})
    await turn
  }

  /** The number of partitions of the topic for dead letters of `topic`, once {@link ensure} has seen to it. */
  partitions(topic: string): number | undefined {
    return this.#partitions.get(this.nameOf(topic))
  }

  /** The topic for dead letters of `topic` is not what it was: the next {@link ensure} looks again. */
  forget(topic: string): void {
    this.#partitions.delete(this.nameOf(topic))
  }

  get #suffix(): string {
    return `.${this.#options.group}.dlq`
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
    try {
      await this.#options.admin.create(name, partitions, CONFIG)
      return partitions
    } catch (cause) {
      // another member may have been faster
      const there = (await this.#list()).get(name)
      if (there !== undefined) return there
      const remedy =
        'create it, grant CREATE and DESCRIBE on it, name another with "dlq: { topic }", or say "dlq: false"'
      throw this.#failure(`Topic ${name} for dead letters is not there and was not created`, remedy, cause, name)
    }
  }

  /** Topics that have partitions: one that is being created or deleted has none. */
  async #list(): Promise<ReadonlyMap<string, number>> {
    try {
      return new Map([...(await this.#options.admin.list())].filter(([, partitions]) => partitions > 0))
    } catch (cause) {
      throw this.#failure('Topics could not be listed to find those for dead letters', 'try again', cause)
    }
  }

  #failure(what: string, remedy: string, cause: unknown, topic?: string): DeadLetterError {
    const { group } = this.#options
    const why = cause instanceof Error ? cause.message : String(cause)
    return new DeadLetterError(`${what} (${why}): ${remedy}.`, {
      code: 'NARAD_DEAD_LETTER_TOPIC',
      retriable: cause instanceof KafkaError ? cause.retriable : undefined,
      cause,
      topic,
      group,
    })
  }
}

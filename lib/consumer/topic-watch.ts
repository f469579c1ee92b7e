import { RETRY_NAME } from '../delivery/retry-topics.ts'
import type { KafkaError } from '../errors.ts'
import type { ResolvedSubscription } from './subscribe-options.ts'

/** How often topics are listed to find those that newly match, in milliseconds. */
const REFRESH_MS = 5_000

/**
 * Keeps the topics of a subscription with patterns. JavaScript's own RegExp decides: librdkafka's patterns are another
 * dialect. Internal topics (`__…`) never match, and topics of dead letters (`….dlq`) and of retries (`….retry.5m`) only a
 * pattern that speaks of them: whoever handles `/^shop-/` does not mean the records that other groups could not handle.
 */
export class TopicWatch {
  readonly #spec: ResolvedSubscription
  /** Topics that a subscription names have their handler already. */
  readonly #named: ReadonlySet<string>
  readonly #list: () => Promise<string[]>
  readonly #onError: (error: KafkaError) => void
  #current: string[] = []
  #timer: NodeJS.Timeout | undefined
  /** The last list failed, and that was reported. */
  #isFailing = false

  constructor(
    spec: ResolvedSubscription,
    named: ReadonlySet<string>,
    list: () => Promise<string[]>,
    onError: (error: KafkaError) => void,
  ) {
    this.#spec = spec
    this.#named = named
    this.#list = list
    this.#onError = onError
  }

  /** The topics that match now, and those that are named. */
  async start(): Promise<string[]> {
    this.#current = this.#match(await this.#list())
    return this.#current
  }

  /** The topics of the subscription now. */
  get topics(): readonly string[] {
    return this.#current
  }

  /** Whether the topic is among those of the subscription now. */
  has(topic: string): boolean {
    return this.#current.includes(topic)
  }

  /** Calls `onChange` with all topics whenever they have changed. A list that fails is reported once an outage. */
  follow(onChange: (topics: string[]) => void): void {
    this.#timer = setTimeout(() => void this.#refresh(onChange), REFRESH_MS)
    this.#timer.unref()
  }

  async #refresh(onChange: (topics: string[]) => void): Promise<void> {
    try {
      const topics = this.#match(await this.#list())
      this.#isFailing = false
      if (this.#timer === undefined || topics.join() === this.#current.join()) return
      this.#current = topics
      onChange(topics)
    } catch (error) {
      // one that was stopped meanwhile fails because of that
      if (this.#timer !== undefined && !this.#isFailing) this.#onError(error as KafkaError)
      this.#isFailing = true
    } finally {
      if (this.#timer !== undefined) this.follow(onChange)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #match(all: string[]): string[] {
    const { topics, patterns } = this.#spec
    const others = all.filter((name) => !name.startsWith('__') && !this.#named.has(name))
    const matching = others.filter((name) => {
      const word = sideWordOf(name)
      return patterns.some((pattern) => pattern.test(name) && (word === undefined || pattern.source.includes(word)))
    })
    return [...topics, ...matching].sort()
  }
}

/** What a pattern must have in it to mean a topic that stands beside another one. */
function sideWordOf(name: string): string | undefined {
  if (name.endsWith('.dlq')) return 'dlq'
  return RETRY_NAME.test(name) ? 'retry' : undefined
}

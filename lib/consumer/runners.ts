import { DeadLetterTopics } from '../delivery/dead-letter-topics.ts'
import { DeadLetterWriter } from '../delivery/dead-letter-writer.ts'
import { Parking } from '../delivery/parking.ts'
import { RetryTopics } from '../delivery/retry-topics.ts'
import { RetryWriter } from '../delivery/retry-writer.ts'
import type { TopicAdmin } from '../delivery/side-topics.ts'
import type { SideSender } from '../delivery/side-writer.ts'
import type { BatchHandler } from './batch-attempt.ts'
import { BatchExecutor } from './batch-executor.ts'
import { Executor, type RecordHandler } from './executor.ts'
import { RetriedRecords } from './retried-records.ts'
import type { Runner, RunnerOptions } from './runner.ts'
import type { ResolvedSubscription } from './subscribe-options.ts'

export interface RunnersOptions extends Pick<RunnerOptions, 'places' | 'completions' | 'listener' | 'isTimed'> {
  readonly group: string
  /** Sends what goes to the topics beside those of the subscription. */
  readonly sender: SideSender
  /** Looks for these topics, and creates them. */
  readonly admin: TopicAdmin
}

/** What runs the handler of a subscription, over its topics and its retry topics, and where records go that fail. */
export class Runners {
  /** Where its dead letters go, if it has any. */
  readonly letters: DeadLetterTopics | undefined
  /** One for each delay. */
  readonly retries: readonly RetryTopics[]
  readonly #spec: ResolvedSubscription
  readonly #handler: unknown
  readonly #options: RunnersOptions
  readonly #letterWriter: DeadLetterWriter
  readonly #retryWriter: RetryWriter

  constructor(spec: ResolvedSubscription, handler: unknown, options: RunnersOptions) {
    const { group, admin, sender } = options
    const { givenUp, deadLetterTopic: topic, retryTopicsMs } = spec.delivery
    this.#spec = spec
    this.#handler = handler
    this.#options = options
    const letters = new DeadLetterTopics({ group, topic, admin })
    this.letters = givenUp === 'park' ? letters : undefined
    this.retries = [...new Set(retryTopicsMs)].map((delayMs) => new RetryTopics(group, delayMs, admin))
    this.#letterWriter = new DeadLetterWriter(sender, letters)
    this.#retryWriter = new RetryWriter(sender)
  }

  /** For the topics that the subscription was asked to read. */
  main(): Runner {
    const options = this.#runnerOptions(undefined)
    if (this.#spec.batch === undefined) return this.#executor(options)
    return new BatchExecutor({ ...options, handler: this.#handler as BatchHandler, group: this.#options.group })
  }

  /** For its retry topics of one delay: each of them is good for one more attempt. */
  retrying(topics: RetryTopics): Runner {
    const options = this.#runnerOptions(topics)
    const delivery = { ...options.delivery, maxRetries: 0 }
    return this.#executor({ ...options, delivery, retried: new RetriedRecords() })
  }

  #executor(options: RunnerOptions): Executor {
    const { concurrency } = this.#spec
    return new Executor({ ...options, handler: this.#handler as RecordHandler, concurrency })
  }

  /** @param here The retry topics that are read; undefined: those that the subscription was asked to read. */
  #runnerOptions(here: RetryTopics | undefined): RunnerOptions {
    const { codec, delivery, commit } = this.#spec
    const { places, completions, listener, isTimed } = this.#options
    const all = delivery.retryTopicsMs.map((ms) => this.retries.find((one) => one.delayMs === ms) as RetryTopics)
    const parking = new Parking(this.#letterWriter, { all, writer: this.#retryWriter, here })
    return {
      ...{ codec, delivery, places, completions, listener, isTimed },
      isManual: commit === 'manual',
      park: (failure, context, history) => parking.park(failure, context, history),
    }
  }
}

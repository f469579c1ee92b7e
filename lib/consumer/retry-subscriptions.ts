import type { RetryTopics } from '../delivery/retry-topics.ts'

/** What one retry delay of a subscription reads with: a subscription of its own, so that no delay waits for another. */
export interface RetrySubscription {
  readonly id: number
  readonly topics: RetryTopics
}

/** What these subscriptions ask of their member. */
export interface RetryMember {
  /** Resolves once the group has been joined for them. They are read from their beginning: what is there is due. */
  join(id: number, topics: string[]): Promise<void>
  setTopics(id: number, topics: string[]): void
  /** Gives it up for good. */
  leave(id: number): void
}

/** The subscriptions to the retry topics of one subscription. */
export class RetrySubscriptions {
  readonly #all: readonly RetrySubscription[]
  readonly #member: RetryMember

  constructor(all: readonly RetrySubscription[], member: RetryMember) {
    this.#all = all
    this.#member = member
  }

  /**
   * Creates the retry topics of these topics where they are missing, and joins for them.
   *
   * @throws {@link RetryTopicError}, and what joining throws.
   */
  async join(topics: readonly string[]): Promise<void> {
    await this.#ensure(topics)
    // all of them are waited for, so that none goes on behind the back of a caller who is told that one failed
    const joined = await Promise.allSettled(this.#all.map((one) => this.#member.join(one.id, namesOf(one, topics))))
    const failed = joined.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /**
   * The subscription has other topics now.
   *
   * @throws {@link RetryTopicError}
   */
  async follow(topics: readonly string[]): Promise<void> {
    await this.#ensure(topics)
    for (const one of this.#all) this.#member.setTopics(one.id, namesOf(one, topics))
  }

  leave(): void {
    for (const { id } of this.#all) this.#member.leave(id)
  }

  async #ensure(topics: readonly string[]): Promise<void> {
    await Promise.all(this.#all.map((one) => one.topics.ensure(topics)))
  }
}

function namesOf({ topics: retries }: RetrySubscription, topics: readonly string[]): string[] {
  return topics.map((topic) => retries.nameOf(topic))
}

import type { RecordContext } from '../consumer/record.ts'
import type { History, Parked } from '../consumer/runner.ts'
import type { DeadLetterWriter } from './dead-letter-writer.ts'
import type { Failure } from './failure.ts'
import { readRetry } from './retry-record.ts'
import { homeOf, type RetryTopics } from './retry-topics.ts'
import type { RetryWriter } from './retry-writer.ts'

/** The retry topics of a subscription. */
export interface Tiers {
  /** In the order in which a record goes through them; those with the same delay are the same. */
  readonly all: readonly RetryTopics[]
  readonly writer: RetryWriter
  /** Where the records are that are given up; undefined: in the topics that the subscription was asked to read. */
  readonly here: RetryTopics | undefined
}

/** Where records go that are given up where they are: to the next retry topic, and after the last to the dead letters. */
export class Parking {
  readonly #letters: DeadLetterWriter
  readonly #tiers: Tiers

  constructor(letters: DeadLetterWriter, tiers: Tiers) {
    this.#letters = letters
    this.#tiers = tiers
  }

  /** Resolves once it is acknowledged there; rejects when it is not, and may be called again. */
  async park(failure: Failure, context: RecordContext, history: History): Promise<Parked> {
    const { all, writer, here } = this.#tiers
    const state = here === undefined ? undefined : readRetry(context.rawHeaders)
    // one that was written to a retry topic by hand has its place there
    const home = (here && homeOf(context.topic, context.group)) ?? context.topic
    const tier = state?.tier ?? (here === undefined ? 0 : all.indexOf(here) + 1)
    const next = failure.class === 'permanent' ? undefined : all[tier]
    if (next !== undefined) {
      const topic = await writer.write(next, context, history, tier + 1, home)
      if (topic !== undefined) return { topic, afterMs: next.delayMs }
    }
    const { topic } = await this.#letters.write(context, { failure, ...history }, home)
    return { topic, afterMs: undefined }
  }
}

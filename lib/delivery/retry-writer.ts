import type { History } from '../consumer/runner.ts'
import { RecordTooLargeError, RetryTopicError } from '../errors.ts'
import type { LetterSource } from './dead-letter.ts'
import { retryRecord } from './retry-record.ts'
import type { RetryTopics } from './retry-topics.ts'
import { type SideSender, SideWriter } from './side-writer.ts'

/** Writes the records of a subscription to its retry topics. */
export class RetryWriter {
  readonly #writer: SideWriter

  constructor(sender: SideSender) {
    this.#writer = new SideWriter(sender)
  }

  /**
   * Writes a record to a retry topic, where it is due its delay after the attempt that failed. Resolves to the topic's
   * name when it is acknowledged, and only then may the record be committed where it was; to undefined where it is too
   * large for the topic.
   *
   * @param tier How many retry topics it will have been in.
   * @param home The topic beside which the retry topic is.
   * @throws {@link RetryTopicError} when it is not acknowledged; the same call may be made again.
   */
  async write(
    topics: RetryTopics,
    source: LetterSource,
    history: History,
    tier: number,
    home: string,
  ): Promise<string | undefined> {
    const { topic, partition, offset, group, rawKey: key } = source
    try {
      const record = retryRecord(source, { ...history, tier, dueMs: history.lastFailureMs + topics.delayMs })
      return (await this.#writer.write(topics, home, partition, record)).topic
    } catch (cause) {
      if (cause instanceof RecordTooLargeError) return undefined
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new RetryTopicError(
        `The retry of ${topic} [${partition}] offset ${offset} in group ${group} was not written: ${why}`,
        { cause, topic, partition, offset, key, group },
      )
    }
  }
}

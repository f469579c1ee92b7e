import { DeadLetterError } from '../errors.ts'
import type { RecordMetadata } from '../message.ts'
import { deadLetter, type FailureHistory, type LetterSource, stubs } from './dead-letter.ts'
import type { DeadLetterTopics } from './dead-letter-topics.ts'
import { type SideSender, SideWriter } from './side-writer.ts'

/** Writes the dead letters of a subscription. */
export class DeadLetterWriter {
  readonly #writer: SideWriter
  readonly #topics: DeadLetterTopics

  constructor(sender: SideSender, topics: DeadLetterTopics) {
    this.#writer = new SideWriter(sender)
    this.#topics = topics
  }

  /**
   * Writes the letter of a record, a stub of it where the whole is too large, to the partition of the same number where
   * there is one. Resolves when it is acknowledged: only then may the record be committed.
   *
   * @param home The topic beside which its dead letters are. Default: the record's.
   * @throws {@link DeadLetterError} when it is not acknowledged; the same call may be made again.
   */
  async write(source: LetterSource, history: FailureHistory, home = source.topic): Promise<RecordMetadata> {
    const { topic, partition, offset, group, rawKey: key } = source
    try {
      const letter = deadLetter(source, history)
      return await this.#writer.write(this.#topics, home, partition, letter, () => stubs(letter))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new DeadLetterError(
        `The dead letter of ${topic} [${partition}] offset ${offset} in group ${group} was not written: ${why}`,
        { cause, topic, partition, offset, key, group },
      )
    }
  }
}

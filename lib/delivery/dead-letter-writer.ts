import { DeadLetterError, RecordTooLargeError, TopicError } from '../errors.ts'
import type { RecordMetadata } from '../message.ts'
import type { Columns } from '../producer/packer.ts'
import { type DeadLetter, deadLetter, type FailureHistory, type LetterSource, stubs } from './dead-letter.ts'
import type { DeadLetterTopics } from './dead-letter-topics.ts'

/** A producer as this writer sees it. */
export interface LetterSender {
  /** Sends one record, and resolves when it is acknowledged. */
  sendOne(topic: string, columns: Columns): Promise<RecordMetadata>
}

/** Writes the dead letters of a subscription. */
export class DeadLetterWriter {
  readonly #sender: LetterSender
  readonly #topics: DeadLetterTopics
  #alone: Promise<unknown> = Promise.resolve()

  constructor(sender: LetterSender, topics: DeadLetterTopics) {
    this.#sender = sender
    this.#topics = topics
  }

  /**
   * Writes the letter of a record, a stub of it where the whole is too large, to the partition of the same number where
   * there is one. Resolves when it is acknowledged: only then may the record be committed.
   *
   * @throws {@link DeadLetterError} when it is not acknowledged; the same call may be made again.
   */
  async write(source: LetterSource, history: FailureHistory): Promise<RecordMetadata> {
    const { topic, partition, offset, group, rawKey: key } = source
    try {
      return await this.#write(topic, partition, deadLetter(source, history))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new DeadLetterError(
        `The dead letter of ${topic} [${partition}] offset ${offset} in group ${group} was not written: ${why}`,
        { cause, topic, partition, offset, key, group },
      )
    }
  }

  async #write(source: string, partition: number, letter: DeadLetter): Promise<RecordMetadata> {
    await this.#topics.ensure([source])
    const partitions = this.#topics.partitions(source) as number
    try {
      return await this.#send(this.#topics.nameOf(source), partition % partitions, letter)
    } catch (error) {
      // deleted, or made anew with fewer partitions: the next call sees to it
      if (error instanceof TopicError) this.#topics.forget(source)
      throw error
    }
  }

  async #send(topic: string, partition: number, letter: DeadLetter): Promise<RecordMetadata> {
    await this.#alone
    try {
      return await this.#sender.sendOne(topic, columnsOf(letter, partition))
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error
    }
    // A broker refuses a whole batch, small letters that went along too: each is tried again by itself.
    const turn = this.#alone.then(() => this.#sendAlone(topic, partition, letter))
    this.#alone = turn.catch(() => {})
    return turn
  }

  async #sendAlone(topic: string, partition: number, letter: DeadLetter): Promise<RecordMetadata> {
    let refusal: unknown
    for (const form of [letter, ...stubs(letter)]) {
      try {
        return await this.#sender.sendOne(topic, columnsOf(form, partition))
      } catch (error) {
        if (!(error instanceof RecordTooLargeError)) throw error
        refusal = error
      }
    }
    throw refusal
  }
}

function columnsOf({ key, value, headers }: DeadLetter, partition: number): Columns {
  return { values: [value], keys: [key], headers: [headers], partitions: [partition], timestamps: undefined }
}

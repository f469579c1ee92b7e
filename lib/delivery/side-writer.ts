import { RecordTooLargeError, TopicError } from '../errors.ts'
import type { HeaderList, RecordMetadata } from '../message.ts'
import type { Columns } from '../producer/packer.ts'
import type { SideTopics } from './side-topics.ts'

/** A producer as these writers see it. */
export interface SideSender {
  /** Sends one record, and resolves when it is acknowledged. */
  sendOne(topic: string, columns: Columns): Promise<RecordMetadata>
}

/** A record that a subscription writes. Its time is when it is sent, so that its topic keeps it as long as others. */
export interface SideRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: HeaderList
}

/** Writes records to the topics beside those of a subscription. */
export class SideWriter {
  readonly #sender: SideSender
  #alone: Promise<unknown> = Promise.resolve()

  constructor(sender: SideSender) {
    this.#sender = sender
  }

  /**
   * Writes a record to the topic beside `source`, and to the partition of this number where there is one.
   *
   * @param smaller What to write instead where it is too large, the largest first.
   * @throws What the topics or the producer throw; {@link RecordTooLargeError} where nothing is small enough.
   */
  async write(
    topics: SideTopics,
    source: string,
    partition: number,
    record: SideRecord,
    smaller: () => readonly SideRecord[] = () => [],
  ): Promise<RecordMetadata> {
    await topics.ensure([source])
    const partitions = topics.partitions(source) as number
    try {
      return await this.#send(topics.nameOf(source), partition % partitions, record, smaller)
    } catch (error) {
      // deleted, or made anew with fewer partitions: the next call sees to it
      if (error instanceof TopicError) topics.forget(source)
      throw error
    }
  }

  async #send(
    topic: string,
    partition: number,
    record: SideRecord,
    smaller: () => readonly SideRecord[],
  ): Promise<RecordMetadata> {
    await this.#alone
    try {
      return await this.#sender.sendOne(topic, columnsOf(record, partition))
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error
    }
    // A broker refuses a whole batch, small records that went along too: each is tried again by itself.
    const turn = this.#alone.then(() => this.#sendAlone(topic, partition, [record, ...smaller()]))
    this.#alone = turn.catch(() => {})
    return turn
  }

  async #sendAlone(topic: string, partition: number, forms: readonly SideRecord[]): Promise<RecordMetadata> {
    let refusal: unknown
    for (const form of forms) {
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

function columnsOf({ key, value, headers }: SideRecord, partition: number): Columns {
  return { values: [value], keys: [key], headers: [headers], partitions: [partition], timestamps: undefined }
}

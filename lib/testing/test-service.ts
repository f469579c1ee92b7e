import { resolveCodec } from '../codec.ts'
import type { KafkaConfig, ResolvedConfig } from '../config/types.ts'
import { RecordContext } from '../consumer/record.ts'
import type { NaradLogger } from '../logger.ts'
import type { MessageBuilder } from '../message.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { encodeValues, type SendOptions } from '../producer/columns.ts'
import { KafkaService } from '../service.ts'
import type { Session } from '../session.ts'
import type { DeliveryReport } from './deliveries.ts'
import { TestSession } from './test-session.ts'

/** A record that a {@link TestService} was given to send. */
export interface SentRecord {
  topic: string
  /** Decoded again, by the codec of the service. */
  value: unknown
  key: string | null
  headers: Readonly<Record<string, string | null>>
  offset: number
  timestamp: number
}

/** A service without brokers, for tests of what is built on it. Everything is in memory, and no time passes. */
export interface TestService extends KafkaService {
  /** All that was sent, in order. What is sent is also handed to the handlers that are subscribed to its topic. */
  readonly sent: readonly SentRecord[]
  /** What was sent to a topic. */
  sentTo(topic: string): SentRecord[]
  /**
   * Hands a record to the handlers of its topic, as if someone else had sent it, and waits until each has handled it,
   * retries included: their back-off passes at once.
   *
   * @throws What a handler failed with, when it gives the record up; {@link ArgumentError} where none is subscribed.
   */
  deliver<T>(topic: string, value: T | MessageBuilder<T>, options?: SendOptions<T>): Promise<DeliveryReport[]>
  /**
   * Waits until all that was sent, and all that was sent because of it, is handled.
   *
   * @throws What a handler failed with since the last time, when it gave a record up.
   */
  waitForIdle(): Promise<void>
}

/** A {@link TestService}, connected. */
export function createTestService(config: KafkaConfig = {}): TestService {
  return new InMemoryService({ brokers: 'localhost:9092', logLevel: 'warn', group: 'test', ...config }).init()
}

class InMemoryService extends KafkaService implements TestService {
  readonly sent: SentRecord[] = []
  #memory: TestSession | undefined

  protected override openSession(config: ResolvedConfig, logger: NaradLogger, metrics: Metrics | undefined): Session {
    const memory = new TestSession(config, logger, this, metrics)
    memory.onSent = (topic, block) => {
      const context = new RecordContext(block, 0, { topic, partition: 0, group: '' })
      const { key, headers, offset, timestamp } = context
      this.sent.push({ topic, value: RecordContext.decode(context, config.codec), key, headers, offset, timestamp })
    }
    void memory.connectProducer()
    if (config.group !== undefined) void memory.connectConsumer(config.group)
    this.#memory = memory
    return memory
  }

  sentTo(topic: string): SentRecord[] {
    return this.sent.filter((record) => record.topic === topic)
  }

  async deliver(topic: string, value: unknown, options: SendOptions = {}): Promise<DeliveryReport[]> {
    const codec = options.codec === undefined ? this.config.codec : resolveCodec(options.codec)
    return this.#current().deliver(topic, encodeValues(topic, [value], false, options, codec))
  }

  async waitForIdle(): Promise<void> {
    await this.#current().idle()
  }

  #current(): TestSession {
    if (this.#memory === undefined) this.init()
    return this.#memory as TestSession
  }
}

import type { Block } from '../consumer/block.ts'
import type { ResolvedSubscription } from '../consumer/subscribe-options.ts'
import { LogOnlyControl, Subscription } from '../consumer/subscription.ts'
import type { DisconnectReport } from '../disconnect-report.ts'
import { ArgumentError, ClosedError, NotConnectedError } from '../errors.ts'
import type { ServiceMode } from '../health.ts'
import type { RecordMetadata } from '../message.ts'
import type { Columns } from '../producer/packer.ts'
import type { Producer } from '../producer/producer.ts'
import { Session } from '../session.ts'
import { type DeliveryReport, deliver, type LocalSubscription, takes } from './deliveries.ts'
import { blockOf } from './record-block.ts'

/** A session without brokers: what is sent is kept, and handed to the handlers of this very service. */
export class TestSession extends Session {
  readonly #subscriptions: LocalSubscription[] = []
  readonly #ends = new Map<string, number>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #failures: unknown[] = []
  #hasProducer = false
  #group: string | undefined
  #isOver = false
  /** Is told of each record that is sent. */
  onSent: (topic: string, block: Block) => void = () => {}

  override get isActive(): boolean {
    return !this.#isOver && (this.#hasProducer || this.#group !== undefined)
  }

  override get isConnected(): boolean {
    return this.isActive
  }

  override get mode(): ServiceMode {
    return this.isActive ? 'live' : 'disconnected'
  }

  override get hasProducer(): boolean {
    return this.#hasProducer && !this.#isOver
  }

  override async connectProducer(): Promise<void> {
    this.#hasProducer = true
  }

  override async connectConsumer(group: unknown): Promise<string> {
    this.#group = this.groupName(group)
    return this.#group
  }

  override async subscribe(spec: ResolvedSubscription, handler: unknown): Promise<Subscription> {
    if (spec.commit === 'manual') throw unsupported('commits by hand')
    const group = spec.group ?? this.#group
    if (group === undefined) throw new NotConnectedError('A consumer group is not connected: await connectConsumer().')
    this.#subscriptions.push({ group, spec, handler, last: Promise.resolve() })
    return new Subscription(new LogOnlyControl(group, spec.topics))
  }

  override read(): never {
    throw unsupported('reading without a group')
  }

  override connectReader(): never {
    throw unsupported('reading without a group')
  }

  override subscribeStream(): never {
    throw unsupported('streams')
  }

  override producer(topic: string): Producer {
    if (this.#isOver) throw new ClosedError(`Cannot send to ${topic}: the service was disconnected.`)
    if (!this.#hasProducer) throw new NotConnectedError(`Cannot send to ${topic}: the producer is not connected.`)
    const sendAll = async (to: string, columns: Columns) => this.#send(to, columns)
    const sendOne = async (to: string, columns: Columns) => this.#send(to, columns)[0]
    return { sendAll, sendOne } as unknown as Producer
  }

  override async close(): Promise<DisconnectReport> {
    this.#isOver = true
    await Promise.allSettled(this.#running)
    return { undelivered: 0, undeliveredByTopic: {}, groups: [] }
  }

  /** Hands a record to all handlers of its topic; rejects with what the first of them failed with. */
  async deliver(topic: string, columns: Columns): Promise<DeliveryReport[]> {
    const taking = this.#subscriptions.filter((one) => takes(one, topic))
    if (taking.length === 0) throw new ArgumentError(`No handler is subscribed to ${topic}.`)
    const { block } = this.#write(topic, columns, 0)
    const ends = await Promise.allSettled(taking.map((one) => deliver(one, topic, block)))
    return ends.map((end) => {
      if (end.status === 'rejected') throw end.reason
      return end.value
    })
  }

  /** Resolves when nothing that was sent is still to be handled; rejects with what a handler has failed with. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    const [failure] = this.#failures.splice(0)
    if (failure !== undefined) throw failure
  }

  #send(topic: string, columns: Columns): RecordMetadata[] {
    return columns.values.map((_, index) => {
      const { block, metadata } = this.#write(topic, columns, index)
      this.onSent(topic, block)
      for (const one of this.#subscriptions.filter((subscription) => takes(subscription, topic))) {
        const handled = deliver(one, topic, block).catch((error: unknown) => this.#failures.push(error))
        this.#running.add(handled)
        void handled.finally(() => this.#running.delete(handled))
      }
      return metadata
    })
  }

  #write(topic: string, columns: Columns, index: number): { block: Block; metadata: RecordMetadata } {
    const offset = this.#ends.get(topic) ?? 0
    this.#ends.set(topic, offset + 1)
    const timestamp = columns.timestamps?.[index] ?? Date.now()
    const block = blockOf({
      key: columns.keys?.[index] ?? null,
      value: columns.values[index] ?? null,
      headers: columns.headers?.[index] ?? [],
      offset,
      timestamp,
    })
    return { block, metadata: { topic, partition: 0, offset, timestamp } }
  }
}

function unsupported(what: string): ArgumentError {
  return new ArgumentError(`createTestService() has no brokers, and so no ${what}: use TestBroker.`)
}

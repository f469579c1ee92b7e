import { embeddedAt, isEmbedded } from '../broker/cluster.ts'
import type { Properties } from '../config/properties.ts'
import { ClosedError, EmbeddedBrokerError, fromNative, TopicError } from '../errors.ts'
import { hold, release } from '../keep-alive.ts'
import {
  type NativeBatch,
  type NativeConsumer,
  type NativeConsumerEvent,
  type NativeError,
  type NativePartition,
  type NativeRange,
  type NativeSeekTarget,
  native,
} from '../native.ts'
import { Block } from './block.ts'
import { type Place, RecordContext } from './record.ts'

const BATCH_BYTES = 1024 * 1024
const BATCH_RECORDS = 1_000
/** What may be out at a time: batches that are worked on, that wait, and that cross. */
const BATCHES_OUT = 4
const OUT_BYTES = 16 * 1024 * 1024

/** What is to be read. */
export interface Reading {
  readonly topic: string
  /**
   * Partition numbers, or any one. Default: all; without `to`, those that are added later are read from their beginning.
   */
  readonly partitions?: readonly number[] | 'any' | undefined
  /** How to create the topic where it is missing. */
  readonly create?: { readonly partitions: number; readonly config: Readonly<Record<string, string>> } | undefined
  readonly from: NativeSeekTarget
  /** Before which position to end, as it is when the reader starts. Default: it goes on until it is closed. */
  readonly to?: NativeSeekTarget | undefined
}

export interface ReaderOptions extends Reading {
  readonly properties: Properties
  readonly prefetchBytes: number
  /** How long it may take to fix the positions. */
  readonly timeoutMs: number
  /**
   * Takes records, which are of one partition or several, in order for each. The next ones come when what it returns has
   * settled. When it throws or rejects, reading ends with its error.
   */
  readonly handler: (records: readonly RecordContext[]) => unknown
  /** Whether the process is kept running for it. */
  readonly keepsRunning: boolean
  /** Lets its client log in, before it connects. */
  readonly authenticate: (client: NativeConsumer) => Promise<void>
  readonly onError: (error: NativeError) => void
  readonly onLog: (level: number, text: string) => void
}

/**
 * Reads partitions without a group: nothing is joined, and nothing committed. `context.group` of its records is empty.
 */
export class Reader {
  readonly #native: NativeConsumer
  readonly #options: ReaderOptions
  readonly #places = new Map<number, Place>()
  readonly #waiting: NativeBatch[] = []
  readonly #ended = new Set<number>()
  #ranges: readonly NativeRange[] | undefined
  #isBusy = false
  #isOver = false
  #settle!: { resolve: () => void; reject: (error: unknown) => void }
  #closing: Promise<void> | undefined
  /** Settles when everything up to the end is handled; rejects with the handler's error, or when it is closed before. */
  readonly ended: Promise<void>

  private constructor(handle: NativeConsumer, options: ReaderOptions) {
    this.#native = handle
    this.#options = options
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // nobody need wait for it
    this.ended.catch(() => {})
  }

  /**
   * Resolves when the positions are fixed: what is written afterwards is read.
   *
   * @throws {@link ConnectionError}, {@link AuthenticationError}; {@link TopicError} for a topic or partition that is not there, {@link ConsumeError} for an offset that the log
   *   does not have, {@link SubscribeError}, {@link ConfigError}; {@link EmbeddedBrokerError} for a time.
   */
  static async start(options: ReaderOptions): Promise<Reader> {
    const { topic, from, to, properties } = options
    if ([from.kind, to?.kind].includes('timestamp') && isEmbedded(properties['bootstrap.servers'] ?? '')) {
      throw new EmbeddedBrokerError(
        'The embedded broker finds no record by its time: read from an offset, or use Kafka.',
        { code: 'NARAD_EMBEDDED_UNSUPPORTED', topic },
      )
    }
    const reader = Reader.#open(options)
    try {
      reader.#ranges = await reader.#begin()
    } catch (error) {
      await reader.close(0)
      throw error
    }
    if (options.keepsRunning && !reader.#isOver) hold(reader)
    reader.#endIfDone()
    return reader
  }

  async #begin(): Promise<NativeRange[]> {
    const { topic, partitions, create, from, to, timeoutMs } = this.#options
    await this.#options.authenticate(this.#native)
    const failure = await this.#native.connect(timeoutMs)
    if (failure !== null) throw fromNative(failure, { topic })
    const count = create === undefined && partitions !== 'any' ? 0 : await this.#count(topic)
    const chosen = partitions === 'any' ? [Math.floor(Math.random() * count)] : partitions
    const answer = await this.#native.read(
      {
        id: 1,
        topics: [],
        fromBeginning: false,
        ordering: 'none',
        batchRecords: BATCH_RECORDS,
        batchBytes: BATCH_BYTES,
        batchWaitMs: 0,
        outRecords: BATCH_RECORDS * BATCHES_OUT,
        outBytes: OUT_BYTES,
        // nothing is held
        heldRecords: 1,
        heldBytes: 1,
      },
      { topic, from, ...(chosen && { partitions: [...chosen] }), ...(to && { to }), isNew: create !== undefined },
      timeoutMs,
    )
    if (!Array.isArray(answer)) throw fromNative(answer, { topic })
    return answer
  }

  /** How many partitions the topic has, once it is there. */
  async #count(topic: string): Promise<number> {
    const { create, properties, timeoutMs } = this.#options
    const topics = await this.#native.listTopics(timeoutMs)
    if (!Array.isArray(topics)) throw fromNative(topics, { topic })
    const there = topics.find((one) => one.topic === topic && one.partitions > 0)
    if (there !== undefined) return there.partitions
    if (create === undefined)
      throw new TopicError(`Topic ${topic} is not there.`, { code: 'NARAD_UNKNOWN_TOPIC', topic })
    const embedded = embeddedAt(properties['bootstrap.servers'] ?? '')
    const { partitions, config } = create
    // it has no admin requests
    if (embedded !== undefined) await embedded.ensureTopic(topic, partitions)
    else {
      const error = await this.#native.createTopics([{ topic, partitions, config: { ...config } }], timeoutMs)
      if (error !== null) throw fromNative(error, { topic })
    }
    return partitions
  }

  static #open(options: ReaderOptions): Reader {
    const { startConsumer, NativeConsumer: NativeClass } = native()
    // weak, because the native side keeps the function: a reader that was dropped could never be collected
    let weak: WeakRef<Reader> | undefined
    // it commits nothing: the interval has no meaning
    const settings = { commitIntervalMs: 1_000, prefetchBytes: options.prefetchBytes }
    const handle = startConsumer(options.properties, settings, undefined, (event) => weak?.deref()?.onEvent(event))
    if (!(handle instanceof NativeClass)) throw fromNative(handle)
    const reader = new Reader(handle, options)
    weak = new WeakRef(reader)
    return reader
  }

  /** Whether a broker answers within the time. */
  answers(timeoutMs: number): Promise<boolean> {
    return this.#native.answers(timeoutMs)
  }

  /** What is read of each partition: from which offset, and before which it ends. */
  get ranges(): readonly NativeRange[] {
    return this.#ranges ?? []
  }

  /** Nothing may throw out of here: it is called by the native side. */
  private onEvent(event: NativeConsumerEvent): undefined {
    if (event.batch !== undefined) this.#accept(event.batch)
    else if (event.rebalance?.kind === 'assigned') this.#assigned(event.rebalance.partitions)
    else if (event.rebalance?.kind === 'ended') {
      for (const { partition } of event.rebalance.partitions) this.#ended.add(partition)
      this.#endIfDone()
    } else if (event.error !== undefined) {
      const { error } = event
      // no record comes, and no end is reached
      const isRefused = error.code === 'NARAD_AUTHORIZATION_FAILED' && error.topic === this.#options.topic
      if (!isRefused) this.#options.onError(error)
      if (isRefused || error.fatal) this.#end(fromNative(error, { topic: this.#options.topic }))
    } else if (event.log !== undefined) this.#options.onLog(event.log.level, event.log.text)
    return undefined
  }

  #assigned(partitions: readonly NativePartition[]): void {
    for (const { slot, topic, partition } of partitions) this.#places.set(slot, { topic, partition, group: '' })
  }

  #accept(batch: NativeBatch): void {
    this.#waiting.push(batch)
    if (!this.#isBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      try {
        const result = this.#isOver ? undefined : this.#options.handler(this.#contextsOf(batch))
        // who answers at once is not made to wait for a turn
        if (result !== undefined) await result
      } catch (error) {
        this.#end(error)
      }
      this.#native.completeAll(batch.id)
    }
    this.#isBusy = false
  }

  #contextsOf({ records, block: memory }: NativeBatch): RecordContext[] {
    const block = new Block(records, memory)
    return Array.from(
      { length: records },
      (_, row) => new RecordContext(block, row, this.#places.get(block.slot(row)) as Place),
    )
  }

  #endIfDone(): void {
    if (this.#options.to === undefined || this.#ranges === undefined) return
    const isRead = ({ partition, start, end }: NativeRange) => start >= (end ?? 0) || this.#ended.has(partition)
    if (this.#ranges.every(isRead)) this.#end()
  }

  /** Hands over nothing any more. */
  #end(error?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    release(this)
    if (error === undefined) this.#settle.resolve()
    else this.#settle.reject(error)
  }

  /** Ends reading, waits for the handler, and lets go of the connection, at the latest at the deadline. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    const { topic } = this.#options
    this.#end(new ClosedError(`Reading of ${topic} was ended: the service disconnects.`, { topic }))
    await this.#native.close(timeoutMs)
  }
}

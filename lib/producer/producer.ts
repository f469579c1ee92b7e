import { ClosedError, fromNative, KafkaError, SendError } from '../errors.ts'
import type { RecordMetadata } from '../message.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type NativeError, type NativeProducer, type NativeProducerEvent, type NativeToken, native } from '../native.ts'
import type { Columns } from './packer.ts'
import { Sender, type Settled } from './sender.ts'

/** What a producer tells the service. */
export interface ProducerListener {
  onError(error: NativeError): void
  onLog(level: number, text: string): void
}

/** What a close left behind. */
export interface ProducerReport {
  /** Records whose sends rejected because of it. */
  undelivered: number
  byTopic: Record<string, number>
}

/** A service's producer: columns down, metadata up. */
export class Producer {
  readonly #native: NativeProducer
  readonly #listener: ProducerListener
  readonly #sender: Sender
  readonly #isEmbedded: boolean
  readonly #topics = new Map<string, number>()
  #closing: Promise<ProducerReport> | undefined

  private constructor(handle: NativeProducer, listener: ProducerListener, isEmbedded: boolean) {
    this.#native = handle
    this.#listener = listener
    this.#sender = new Sender(handle, this)
    this.#isEmbedded = isEmbedded
  }

  /**
   * @param metrics Where it counts, if anywhere.
   * @param isEmbedded Whether the broker is an embedded one, which acknowledges every record with the time 1234.
   * @throws {@link ConfigError} when librdkafka refuses the properties.
   */
  static start(
    properties: Record<string, string>,
    listener: ProducerListener,
    metrics: Metrics | undefined,
    isEmbedded: boolean,
  ): Producer {
    const { startProducer, NativeProducer: NativeClass } = native()
    // weak, because the native side keeps the function: a producer that was dropped could never be collected
    let weak: WeakRef<Producer> | undefined
    const handle = startProducer(properties, metrics?.native, (event) => weak?.deref()?.onEvent(event))
    if (!(handle instanceof NativeClass)) throw fromNative(handle)
    const producer = new Producer(handle, listener, isEmbedded)
    weak = new WeakRef(producer)
    return producer
  }

  /** Nothing may throw out of here: it is called by the native side. */
  private onEvent(event: NativeProducerEvent): undefined {
    if (event.call !== undefined) this.#sender.settle(event)
    else if (event.error !== undefined) this.#listener.onError(event.error)
    else if (event.log !== undefined) this.#listener.onLog(event.log.level, event.log.text)
    return undefined
  }

  /** Records that wait to be handed to the native side. */
  get queued(): number {
    return this.#sender.queued
  }

  /** Logs in with it from now on. */
  setToken(token: NativeToken): NativeError | null {
    return this.#native.setToken(token)
  }

  /** Waits until a broker answers. */
  async connect(timeoutMs: number): Promise<void> {
    const error = await this.#native.connect(timeoutMs)
    if (error !== null) throw fromNative(error)
  }

  /** Whether a broker answers within the time. */
  answers(timeoutMs: number): Promise<boolean> {
    return this.#closing === undefined ? this.#native.answers(timeoutMs) : Promise.resolve(false)
  }

  /** Sends one record. */
  async sendOne(topic: string, columns: Columns): Promise<RecordMetadata> {
    const settled = await this.#send(topic, columns)
    const failure = settled.failures?.get(0)
    if (failure !== undefined) throw fromNative(failure, context(topic, columns, 0))
    return metadata(topic, settled, 0)
  }

  /** Sends several records; the results are in input order. */
  async sendAll(topic: string, columns: Columns): Promise<RecordMetadata[]> {
    const count = columns.values.length
    if (count === 0) return []
    const settled = await this.#send(topic, columns)
    if (settled.failures !== undefined) throw partialFailure(topic, columns, settled, settled.failures)
    const results = new Array<RecordMetadata>(count)
    for (let index = 0; index < count; index += 1) results[index] = metadata(topic, settled, index)
    return results
  }

  #send(topic: string, columns: Columns): Promise<Settled> {
    const topicIndex = this.#topicIndex(topic)
    return this.#isEmbedded ? this.#sendStamped(topicIndex, columns) : this.#sender.send(topicIndex, columns)
  }

  async #sendStamped(topicIndex: number, columns: Columns): Promise<Settled> {
    const now = Date.now()
    const timestamps = Array.from(columns.values, (_, index) => columns.timestamps?.[index] ?? now)
    const { partitions, offsets, failures } = await this.#sender.send(topicIndex, { ...columns, timestamps })
    return { partitions, offsets, timestamps, failures }
  }

  #topicIndex(topic: string): number {
    if (this.#closing !== undefined) throw new ClosedError(`Cannot send to ${topic}: the service is disconnecting.`)
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const index = this.#native.topicIndex(topic)
    if (typeof index !== 'number') throw fromNative(index)
    this.#topics.set(topic, index)
    return index
  }

  /** Flushes and closes. What is not acknowledged by the deadline rejects. */
  close(timeoutMs: number): Promise<ProducerReport> {
    this.#closing ??= this.#flushAndClose(timeoutMs)
    return this.#closing
  }

  async #flushAndClose(timeoutMs: number): Promise<ProducerReport> {
    const leftMs = await this.#sender.drained(timeoutMs)
    await this.#native.close(leftMs)
    const undelivered = await this.#sender.undelivered()
    const topics = [...this.#topics].filter(([, index]) => undelivered.has(index))
    return {
      undelivered: [...undelivered.values()].reduce((sum, records) => sum + records, 0),
      byTopic: Object.fromEntries(topics.map(([topic, index]) => [topic, undelivered.get(index) as number])),
    }
  }
}

function metadata(topic: string, settled: Settled, index: number): RecordMetadata {
  return {
    topic,
    partition: settled.partitions[index] as number,
    offset: safe(settled.offsets[index] as number),
    timestamp: settled.timestamps[index] as number,
  }
}

/** 2^53 is 285 years away at a million records a second; a wrong offset would be worse than none. */
function safe(offset: number): number {
  if (offset <= Number.MAX_SAFE_INTEGER) return offset
  throw new KafkaError(`Offset ${offset} is beyond what a number holds exactly.`, { code: 'NARAD_UNSAFE_INTEGER' })
}

function context(topic: string, columns: Columns, index: number): { topic: string; key?: string | Buffer | null } {
  const key = columns.keys?.[index]
  return key === undefined ? { topic } : { topic, key }
}

function partialFailure(
  topic: string,
  columns: Columns,
  settled: Settled,
  failures: ReadonlyMap<number, NativeError>,
): SendError {
  const results = Array.from(columns.values, (_, index) => {
    const failure = failures.get(index)
    return failure === undefined ? metadata(topic, settled, index) : fromNative(failure, context(topic, columns, index))
  })
  const failed = results.filter((result) => result instanceof KafkaError)
  const first = failed[0] as KafkaError
  const index = results.indexOf(first)
  const [only, all] = [failed.length === 1, failed.length === results.length]
  const which = all ? `All ${results.length} records` : `${failed.length} of ${results.length} records`
  return new SendError(
    `${which} for ${topic} failed, ${only ? 'that' : 'the first'} at index ${index}: ${first.message} ` +
      '(error.results has each record, in input order)',
    {
      topic,
      code: first.code === 'NARAD_SEND_TIMEOUT' ? 'NARAD_SEND_TIMEOUT' : 'NARAD_SEND_FAILED',
      retriable: failed.every((error) => error.retriable),
      maybeInLog: failed.some((error) => error.maybeInLog === true),
      cause: first,
      results,
    },
  )
}

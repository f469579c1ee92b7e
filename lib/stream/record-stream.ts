import type { SubscriptionObserver } from '../consumer/observer.ts'
import type { RecordContext } from '../consumer/record.ts'
import { ClosedError } from '../errors.ts'
import { Fifo } from '../fifo.ts'

/** A record of a stream: its context, and its decoded value. */
export type StreamRecord<T = unknown> = RecordContext & { readonly value: T }

/** What a stream is the handler of. */
export interface StreamSource {
  /** Begins nothing more from the call on; resolves when its partitions are given up. */
  end(): Promise<void>
}

/** Records whose handler waits for the reader. */
interface Parked<T> {
  readonly item: T
  readonly records: readonly RecordContext[]
  readonly acknowledge: () => void
  readonly giveBack: (reason: Error) => void
}

interface Waiting<T> {
  readonly resolve: (result: Promise<IteratorResult<T, undefined>> | IteratorResult<T, undefined>) => void
}

/**
 * The records of topics, to be read with `for await`. Reading on acknowledges what was read last; `break`, a throw and
 * {@link return} do not, so that it is handed over again. A stream begins when it is made, and keeps its partitions
 * until it ends, also while nobody reads.
 */
export class RecordStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #opened: Promise<StreamSource>
  readonly #signal: AbortSignal | undefined
  readonly #parked = new Fifo<Parked<T>>()
  readonly #waiting = new Fifo<Waiting<T>>()
  /** What was read last. */
  #current: Parked<T> | undefined
  #isEnding = false
  #failure: { error: unknown } | undefined
  #finished: Promise<void> | undefined

  /** @internal */
  constructor(signal: AbortSignal | undefined, open: (stream: StreamSink) => Promise<StreamSource>) {
    this.#signal = signal
    this.#opened = signal?.aborted === true ? Promise.resolve(NOTHING) : open(this.#sink())
    this.#opened.catch((error: unknown) => this.#end(error instanceof ClosedError ? undefined : { error }))
    if (signal?.aborted === true) this.#end()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  #sink(): StreamSink {
    const take = (item: unknown, records: readonly RecordContext[]): Promise<void> =>
      new Promise((acknowledge, giveBack) => this.#take({ item: item as T, records, acknowledge, giveBack }))
    return {
      handler: (value, context) => {
        // the object is this attempt's alone
        ;(context as { value?: unknown }).value = value
        return take(context, [context])
      },
      batchHandler: (values, { records }) => {
        for (const [index, context] of records.entries()) (context as { value?: unknown }).value = values[index]
        return take(records, records)
      },
      onGone: (partitions) => this.#drop(partitions),
      onFailed: (error) => this.#end({ error }),
      onClosing: () => {
        this.#end()
        this.#giveBack()
      },
    }
  }

  /**
   * Resolves once the group has been joined and the start is fixed, so that what is sent afterwards is read.
   *
   * @throws As the first `next()`: {@link SubscribeError}, {@link TopicError}, {@link ConnectionError}
   */
  async ready(): Promise<this> {
    await this.#opened
    return this
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * Acknowledges what was read last, and resolves to what comes next. May be called again before it has resolved: each
   * call acknowledges what the one before it was given.
   */
  next(): Promise<IteratorResult<T, undefined>> {
    this.#current?.acknowledge()
    this.#current = undefined
    if (this.#isEnding) return this.#over()
    const parked = this.#parked.shift()
    if (parked === undefined) return new Promise((resolve) => this.#waiting.push({ resolve }))
    this.#current = parked
    return Promise.resolve({ done: false, value: parked.item })
  }

  /** Ends the stream: what was read last is not acknowledged. Resolves when its partitions are given up. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end()
    await this.#finish()
    return OVER
  }

  /** As {@link return}, and rejects with the error. */
  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return()
    throw error
  }

  #take(parked: Parked<T>): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#parked.push(parked)
      return
    }
    if (this.#waiting.length > 0) parked.acknowledge()
    else this.#current = parked
    next.resolve({ done: false, value: parked.item })
  }

  #drop(partitions: ReadonlyArray<{ topic: string; partition: number }>): void {
    const gone = new Set(partitions.map(({ topic, partition }) => `${topic} ${partition}`))
    this.#parked.filter(({ records, giveBack }) => {
      const isLeft = records.some(({ topic, partition }) => !gone.has(`${topic} ${partition}`))
      if (!isLeft) giveBack(ended())
      return isLeft
    })
  }

  readonly #onAbort = (): void => this.#end()

  /** Nothing more is read; what was read last may still be acknowledged. */
  #end(failure?: { error: unknown }): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#failure = failure
    this.#signal?.removeEventListener('abort', this.#onAbort)
    for (const { resolve } of this.#waiting.clear()) resolve(this.#over())
    if (this.#current === undefined) void this.#finish()
  }

  async #over(): Promise<IteratorReturnResult<undefined>> {
    // told once
    const failure = this.#failure
    this.#failure = undefined
    await this.#finish()
    if (failure !== undefined) throw failure.error
    return OVER
  }

  #finish(): Promise<void> {
    this.#finished ??= this.#close()
    return this.#finished
  }

  async #close(): Promise<void> {
    const source = await this.#opened.catch(() => NOTHING)
    const given = source.end()
    // not before: what a handler rejects with while its subscription goes on is a failure of the record
    this.#giveBack()
    this.#current?.giveBack(ended())
    this.#current = undefined
    await given
  }

  #giveBack(): void {
    for (const { giveBack } of this.#parked.clear()) giveBack(ended())
  }
}

/** A stream as the subscription sees it. */
export interface StreamSink extends SubscriptionObserver {
  readonly handler: (value: unknown, context: RecordContext) => Promise<void>
  readonly batchHandler: (values: unknown[], context: { readonly records: readonly RecordContext[] }) => Promise<void>
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined }
const NOTHING: StreamSource = { end: async () => {} }

function ended(): ClosedError {
  return new ClosedError('The stream ended before the record was read on from.')
}

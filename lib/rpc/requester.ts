import { type ResolvedCodec, resolveCodec } from '../codec.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { RecordContext } from '../consumer/record.ts'
import { ArgumentError, ClosedError, type KafkaError, NotConnectedError, RemoteError, RequestError } from '../errors.ts'
import { REPLY_HEADERS } from '../headers.ts'
import { message, type RecordMetadata } from '../message.ts'
import type { Session } from '../session.ts'
import { checkTopicName } from '../topics.ts'
import type { ResolvedRequest } from './options.ts'
import { SPRING_ID } from './spring-peer.ts'

/** A topic for replies that is missing is created so: replies are of no use for long. */
const CREATED = { partitions: 8, config: { 'cleanup.policy': 'delete', 'retention.ms': '3600000' } } as const
const END = { kind: 'end', value: 0 } as const

/** What a service lends to its requests. */
export interface RequestPort {
  config(): ResolvedConfig
  session(): Pick<Session, 'isLogOnly' | 'producer' | 'read'>
  send(topic: string, value: unknown, options: object): Promise<RecordMetadata>
}

/** How one wait for a reply ended. */
type Outcome = { readonly value: unknown } | { readonly error: () => KafkaError | unknown }

/** Who waits for replies. */
export interface Waiter {
  /** Returns whether it waits for more. */
  onReply(outcome: Outcome): boolean
  /** Nothing comes any more: the time is over, or there is an error. */
  onEnd(error?: unknown): void
}

/** A request whose reply is waited for. */
interface Exchange {
  readonly key: string
  readonly topic: string
  readonly options: ResolvedRequest
  readonly codec: ResolvedCodec
  readonly waiter: Waiter
  stopWaiting: () => void
}

/** What a service counts of its requests and replies. */
export interface RequestCounts {
  /** Requests that wait for a reply. */
  pending: number
  /** Replies that nobody waited for, any more or at all. */
  unclaimed: number
  /** Requests that were not handled, because nobody waited for their reply any more. */
  late: number
}

/** Sends requests, and hands replies to those who wait for them. */
export class Requester {
  readonly #port: RequestPort
  readonly #pending = new Map<string, Exchange>()
  /** The partition that is read of each topic for replies, once its position is fixed. */
  readonly #inboxes = new Map<string, Promise<number>>()
  #unclaimed = 0

  constructor(port: RequestPort) {
    this.#port = port
  }

  get counts(): Pick<RequestCounts, 'pending' | 'unclaimed'> {
    return { pending: this.#pending.size, unclaimed: this.#unclaimed }
  }

  /** Sends a request; resolves to the value of its reply. */
  async request(topic: string, value: unknown, options: ResolvedRequest): Promise<unknown> {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      const waiter: Waiter = {
        onReply(reply) {
          resolve(reply)
          return false
        },
        onEnd: (error) => (error === undefined ? resolve({ error: () => timedOut(topic, options) }) : reject(error)),
      }
      this.begin(topic, value, options, waiter)
    })
    if ('error' in outcome) throw outcome.error()
    return outcome.value
  }

  /**
   * Sends a request, whose replies go to the waiter. Returns what ends the wait.
   *
   * @throws {@link RequestError} `NARAD_TOO_MANY_REQUESTS`, {@link NotConnectedError}, {@link TopicError}; the signal's
   *   reason.
   */
  begin(topic: string, value: unknown, options: ResolvedRequest, waiter: Waiter): () => void {
    checkTopicName(topic)
    const { signal, timeoutMs, maxPending, peer } = options
    if (options.replyTopic === topic) {
      throw new ArgumentError(`The reply to a request to ${topic} cannot come to ${topic}: name another "replyTopic".`)
    }
    const session = this.#port.session()
    if (session.isLogOnly) {
      throw new NotConnectedError(`A request to ${topic} is not connected to anybody who could reply: nothing is sent.`)
    }
    // for its errors: nothing may be read in vain
    session.producer(topic)
    signal?.throwIfAborted()
    if (this.#pending.size >= maxPending) {
      const text = `${this.#pending.size} requests wait for a reply, and "maxPending" is ${maxPending}.`
      throw new RequestError(text, { code: 'NARAD_TOO_MANY_REQUESTS', topic })
    }
    const deadlineMs = Date.now() + timeoutMs
    const id = peer.newId()
    const chosen = options.codec ?? peer.codec
    const exchange: Exchange = {
      key: id.toString('latin1'),
      topic,
      options,
      codec: chosen === undefined ? this.#port.config().codec : resolveCodec(chosen),
      waiter,
      stopWaiting: () => {},
    }
    this.#pending.set(exchange.key, exchange)
    const timer = setTimeout(() => this.#end(exchange), timeoutMs)
    const onAbort = () => this.#end(exchange, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    exchange.stopWaiting = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    this.#send(exchange, id, value, deadlineMs).catch((error: unknown) => this.#end(exchange, error))
    return () => this.#forget(exchange)
  }

  async #send({ key, topic, options }: Exchange, id: Buffer, value: unknown, deadlineMs: number): Promise<void> {
    const { peer, replyTopic, send, codec = peer.codec } = options
    const partition = await this.#inbox(replyTopic)
    if (!this.#pending.has(key)) return
    const headers = peer.requestHeaders({ id, topic: replyTopic, partition, deadlineMs })
    await this.#port.send(topic, message(value).headers(headers), { ...send, ...(codec !== undefined && { codec }) })
  }

  /** Forgets the request; false when it was over. */
  #forget(exchange: Exchange): boolean {
    exchange.stopWaiting()
    return this.#pending.delete(exchange.key)
  }

  #end(exchange: Exchange, error?: unknown): void {
    if (this.#forget(exchange)) exchange.waiter.onEnd(error)
  }

  // ---- replies

  /** Reads a topic for replies from its end on; only then may the first request leave. */
  #inbox(topic: string): Promise<number> {
    const known = this.#inboxes.get(topic)
    if (known !== undefined) return known
    const opened = this.#open(topic)
    this.#inboxes.set(topic, opened)
    opened.catch(() => this.#inboxes.delete(topic))
    return opened
  }

  async #open(topic: string): Promise<number> {
    const reading = { topic, partitions: 'any', from: END, create: CREATED } as const
    const reader = await this.#port.session().read(reading, (records) => this.#take(records), false)
    reader.ended.catch((error: unknown) => {
      this.#inboxes.delete(topic)
      const orphans = [...this.#pending.values()].filter(({ options }) => options.replyTopic === topic)
      for (const exchange of orphans) this.#end(exchange, lost(error, exchange.topic))
    })
    return (reader.ranges[0] as { partition: number }).partition
  }

  #take(records: readonly RecordContext[]): void {
    for (const context of records) {
      const exchange = this.#claimant(context)
      if (exchange === undefined) this.#unclaimed += 1
      else if (!exchange.waiter.onReply(outcomeOf(exchange, context))) this.#forget(exchange)
    }
  }

  #claimant({ rawHeaders }: RecordContext): Exchange | undefined {
    for (const [name, value] of rawHeaders) {
      if (value === null || (name !== REPLY_HEADERS.id && name !== SPRING_ID)) continue
      const exchange = this.#pending.get(value.toString('latin1'))
      if (exchange?.options.peer.idHeader === name) return exchange
    }
    return undefined
  }
}

function outcomeOf({ options, codec, topic }: Exchange, context: RecordContext): Outcome {
  const failure = options.peer.readFailure(context.rawHeaders)
  if (failure !== undefined) {
    const { name: remoteName, message: text, code: remoteCode } = failure
    return { error: () => new RemoteError(text, { topic, remoteName, remoteCode }) }
  }
  try {
    return { value: RecordContext.decode(context, codec) }
  } catch (error) {
    return { error: () => error }
  }
}

function timedOut(topic: string, { timeoutMs, replyTopic }: ResolvedRequest): RequestError {
  return new RequestError(`No reply from ${topic} came to ${replyTopic} within ${timeoutMs} ms.`, { topic })
}

/** Each request has an error of its own, whose cause they share. */
function lost(cause: unknown, topic: string): KafkaError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ClosedError(`The reply from ${topic} is not waited for any more: ${why}`, { topic, cause })
}

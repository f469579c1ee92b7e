import type { CodecOption } from '../codec.ts'
import { SUBSCRIBE_OPTIONS } from '../consumer/subscribe-options.ts'
import type { Subscription } from '../consumer/subscription.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { toMiddlewareList } from '../middleware/middleware.ts'
import { checkOptions } from '../options.ts'
import { resolveReply, resolveRequest } from './options.ts'
import { Replies } from './replies.ts'
import { type RequestCounts, Requester, type RequestPort } from './requester.ts'
import { answering } from './responder.ts'

/** What a service lends to requests and replies. */
export interface RequestReplyPort extends RequestPort {
  subscribe(topics: unknown, handler: unknown, options: object): Promise<Subscription>
}

/** As replies wait to be acknowledged, more run side by side than handlers of other records. */
const CONCURRENCY = 100

const OPTIONS = [...SUBSCRIBE_OPTIONS.filter((name) => name !== 'batch' && name !== 'commit'), 'replyTopics', 'peer']

/** Requests and replies of one service. */
export class RequestReply {
  readonly #port: RequestReplyPort
  readonly #requester: Requester
  #late = 0

  constructor(port: RequestReplyPort) {
    this.#port = port
    this.#requester = new Requester(port)
  }

  get counts(): RequestCounts {
    return { ...this.#requester.counts, late: this.#late }
  }

  async request(topic: string, value: unknown, options: unknown): Promise<unknown> {
    return this.#requester.request(topic, value, resolveRequest(options, this.#port.config().clientId, 'request'))
  }

  requestMany(topic: string, value: unknown, input: unknown): Replies {
    const options = resolveRequest(input, this.#port.config().clientId, 'requestMany')
    const most = options.count ?? Number.POSITIVE_INFINITY
    return new Replies(most, (waiter) => this.#requester.begin(topic, value, options, waiter))
  }

  async reply(topics: unknown, handler: unknown, input: unknown): Promise<Subscription> {
    if (typeof handler !== 'function') {
      throw new ArgumentError(`reply needs a function to handle requests, but got ${describeValue(handler)}.`)
    }
    const { replyTopics, peer, use, ...options } = checkOptions(input ?? {}, OPTIONS, 'reply')
    const resolved = resolveReply(replyTopics, peer)
    const codec = (options.codec ?? resolved.peer.codec) as CodecOption | undefined
    const answer = answering({
      ...resolved,
      codec,
      send: (topic, value, send) => this.#port.send(topic, value, send),
      onLate: () => {
        this.#late += 1
      },
    })
    return this.#port.subscribe(topics, handler, {
      concurrency: CONCURRENCY,
      ...options,
      ...(codec !== undefined && { codec }),
      use: [answer, ...toMiddlewareList(use)],
    })
  }
}

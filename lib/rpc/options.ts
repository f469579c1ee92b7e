import type { CodecOption } from '../codec.ts'
import type { SubscribeOptions } from '../consumer/subscribe-options.ts'
import { MAX_DELAY_MS } from '../delay.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import type { HeadersInput, KeyInput } from '../message.ts'
import { checkOptions, integer, optional } from '../options.ts'
import { checkTopicName, statelessPattern } from '../topics.ts'
import { naradPeer } from './narad-peer.ts'
import { nestPeer } from './nest-peer.ts'
import type { Peer, PeerName } from './peer.ts'
import { springPeer } from './spring-peer.ts'

/** Options of a request. */
export interface RequestOptions {
  /**
   * How long the reply is waited for, in milliseconds from 1; it counts from the call.
   *
   * @defaultValue `10000`
   */
  timeoutMs?: number
  /** Ends the wait: the request rejects with the signal's reason. */
  signal?: AbortSignal
  key?: KeyInput
  headers?: HeadersInput
  /** The partition of the request, whatever the key says. */
  partition?: number
  timestamp?: number | Date
  /** How the request becomes bytes, and the reply a value. Default: that of the peer, or else the service's. */
  codec?: CodecOption
  /**
   * Who replies: narad, Spring for Apache Kafka, or NestJS.
   *
   * @defaultValue `narad`
   */
  peer?: PeerName
  /** The topic that the reply comes to. It is created where it is missing. Default: `<clientId>.replies`. */
  replyTopic?: string
  /**
   * The most requests of this service that may wait for a reply, this one included; from 1 to 1,000,000.
   *
   * @defaultValue `10000`
   */
  maxPending?: number
}

/** Options of a request that several reply to. */
export interface RequestManyOptions extends RequestOptions {
  /** After how many replies it ends. Default: it ends at `timeoutMs`. */
  count?: number
}

/** Options of a handler of requests: those of a subscription, and where it may reply to. */
export interface ReplyOptions<T = unknown> extends Omit<SubscribeOptions<T>, 'commit'> {
  /**
   * The topics that replies may be written to, as a request says by itself where its reply goes: names and patterns.
   * Default: names that end in `.replies`, and with the peer `nest` in `.reply`; with `spring` there is none.
   */
  replyTopics?: string | RegExp | ReadonlyArray<string | RegExp>
  /**
   * Who sends requests, besides narad: Spring for Apache Kafka or NestJS.
   *
   * @defaultValue `narad`
   */
  peer?: PeerName
}

/** A request's options with their defaults. */
export interface ResolvedRequest {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly peer: Peer
  readonly codec: CodecOption | undefined
  readonly replyTopic: string
  readonly maxPending: number
  readonly count: number | undefined
  /** What goes to `send`. */
  readonly send: Readonly<Record<string, unknown>>
}

/** What an option of a reply says of the topics that it may go to. */
export interface ResolvedReply {
  readonly peer: Peer
  readonly isAllowed: (topic: string) => boolean
}

const SEND = ['key', 'headers', 'partition', 'timestamp'] as const
const REQUEST = [...SEND, 'timeoutMs', 'signal', 'codec', 'peer', 'replyTopic', 'maxPending']
const MOST_PENDING = 1_000_000

const PEERS: Readonly<Record<PeerName, Peer>> = { narad: naradPeer, spring: springPeer, nest: nestPeer }
const OWN_REPLIES = /\.replies$/
const ALLOWED: Readonly<Record<PeerName, readonly RegExp[]>> = {
  narad: [OWN_REPLIES],
  spring: [],
  nest: [OWN_REPLIES, /\.reply$/],
}

/**
 * @param where The call, for errors.
 * @throws {@link ArgumentError} or {@link TopicError} that names the option.
 */
export function resolveRequest(input: unknown, clientId: string, where: 'request' | 'requestMany'): ResolvedRequest {
  const options = checkOptions(input ?? {}, where === 'request' ? REQUEST : [...REQUEST, 'count'], where)
  const { signal, codec, replyTopic = `${clientId}.replies`, count } = options
  checkTopicName(replyTopic)
  return {
    timeoutMs: integer(options.timeoutMs, 'timeoutMs', 1, MAX_DELAY_MS, 10_000),
    signal: optional(signal, 'signal', 'an AbortSignal', (value) => value instanceof AbortSignal) as
      | AbortSignal
      | undefined,
    peer: PEERS[peerName(options.peer)],
    codec: codec as CodecOption | undefined,
    replyTopic,
    maxPending: integer(options.maxPending, 'maxPending', 1, MOST_PENDING, 10_000),
    count: count === undefined ? undefined : integer(count, 'count', 1, MOST_PENDING, 1),
    send: Object.fromEntries(SEND.map((name) => [name, options[name]]).filter(([, value]) => value !== undefined)),
  }
}

/** @throws {@link ArgumentError} or {@link TopicError} that names the option. */
export function resolveReply(replyTopics: unknown, peer: unknown): ResolvedReply {
  const name = peerName(peer)
  const allowed = replyTopics === undefined ? ALLOWED[name] : [replyTopics].flat().map(checkAllowed)
  if (allowed.length === 0) {
    throw new ArgumentError(`Option "replyTopics" must name the topics that replies may go to with "peer: '${name}'".`)
  }
  return {
    peer: PEERS[name],
    isAllowed: (topic) => allowed.some((one) => (typeof one === 'string' ? one === topic : one.test(topic))),
  }
}

function checkAllowed(one: unknown): string | RegExp {
  if (one instanceof RegExp) return statelessPattern(one)
  checkTopicName(one)
  return one
}

function peerName(value: unknown): PeerName {
  if (value === undefined) return 'narad'
  if (typeof value === 'string' && Object.hasOwn(PEERS, value)) return value as PeerName
  throw new ArgumentError(`Option "peer" must be "narad", "spring" or "nest", but is ${describeValue(value)}.`)
}

import { type CodecOption, resolveCodec } from '../codec.ts'
import type { RawHeader, RecordContext } from '../consumer/record.ts'
import { toError } from '../delivery/failure.ts'
import { ack, Verdict } from '../delivery/verdict.ts'
import { KafkaError, PermanentError } from '../errors.ts'
import { quote } from '../escape.ts'
import { message, type RecordMetadata } from '../message.ts'
import type { Middleware } from '../middleware/middleware.ts'
import { topicNameProblem } from '../topics.ts'
import { naradPeer } from './narad-peer.ts'
import type { ResolvedReply } from './options.ts'
import { failureOf, type IncomingRequest, type Peer, type RemoteFailure } from './peer.ts'

const MOST_PARTITIONS = 2 ** 31

export interface ResponderOptions extends ResolvedReply {
  readonly codec: CodecOption | undefined
  send(topic: string, value: unknown, options: object): Promise<RecordMetadata>
  /** A request came too late. */
  onLate(): void
}

/** A request, and who reads the reply. */
interface Question {
  readonly request: IncomingRequest
  readonly peer: Peer
}

/**
 * Answers requests with what the handler gives, or with its error. Around all that belongs to the subscription, so that
 * an error of validation is a reply too.
 */
export function answering(options: ResponderOptions): Middleware {
  return {
    name: 'reply',
    async consume(context, next) {
      const question = questionOf(context.rawHeaders, options.peer)
      // nobody waits for a reply
      if (question === undefined) return next()
      const { request } = question
      if (request.deadlineMs !== undefined && Date.now() > request.deadlineMs) {
        options.onLate()
        return ack
      }
      checkAddress(request, context, options)
      let value: unknown
      try {
        value = await next()
      } catch (error) {
        // it was not the handler's fault, and the record will be handled again
        if (context.signal.aborted) throw error
        await tell(question, null, failureOf(toError(error)), options)
        return ack
      }
      if (value instanceof Verdict) return value
      await reply(question, value, options)
      return ack
    },
  }
}

function questionOf(headers: readonly RawHeader[], peer: Peer): Question | undefined {
  for (const one of peer === naradPeer ? [peer] : [naradPeer, peer]) {
    const request = one.readRequest(headers)
    if (request !== undefined) return { request, peer: one }
  }
  return undefined
}

/**
 * A request says by itself where its reply goes: whoever may send requests could have replies written anywhere.
 *
 * @throws {@link PermanentError}
 */
function checkAddress(
  { topic, partition }: IncomingRequest,
  { topic: from }: RecordContext,
  { isAllowed }: ResolvedReply,
): void {
  const problem = topicNameProblem(topic)
  if (problem !== undefined) {
    throw new PermanentError(`A request from ${from} wants its reply in a topic whose name ${problem}.`, {
      topic: from,
    })
  }
  if (!isAllowed(topic)) {
    const text = `A request from ${from} wants its reply in ${quote(topic)}, which "replyTopics" of reply() does not allow.`
    throw new PermanentError(text, { topic: from })
  }
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0 && partition < MOST_PARTITIONS)) {
    throw new PermanentError(`A request from ${from} wants its reply in a partition that is no number.`, {
      topic: from,
    })
  }
}

async function reply(question: Question, value: unknown, options: ResponderOptions): Promise<void> {
  try {
    await tell(question, value ?? null, undefined, options)
  } catch (error) {
    // one that cannot be sent, such as a reply that is too large, is told
    if (!(error instanceof KafkaError) || error.retriable) throw error
    await tell(question, null, failureOf(error), options)
  }
}

async function tell(
  { request, peer }: Question,
  value: unknown,
  failure: RemoteFailure | undefined,
  { codec = peer.codec, send }: ResponderOptions,
): Promise<void> {
  const { id, topic, partition } = request
  const headers = peer.replyHeaders(id, failure)
  await send(topic, message(value).headers(headers), {
    ...(partition !== undefined && { partition }),
    ...(codec !== undefined && { codec: resolveCodec(codec) }),
  })
}

import { type Cause, causedBy, currentCause } from '../correlation.ts'
import { HEADERS } from '../headers.ts'
import type { Middleware } from './middleware.ts'
import type { SendRecord } from './send.ts'

/**
 * Hands the ids of a record on to all that its handler sends, through awaits and timers: the headers `x-correlation-id`
 * and `x-conversation-id` as they are, and the record's `x-message-id` as `x-causation-id`. A record with a message id
 * and without a correlation id begins a correlation under its own id. Headers that a send has itself stay.
 *
 * What a batch handler sends has no single cause, and gets nothing.
 */
export function correlation(): Middleware {
  return {
    ...sendCorrelation,
    consume(context, next) {
      const { correlationId, conversationId, messageId: causationId } = context
      const cause = { correlationId: correlationId ?? causationId, causationId, conversationId }
      return cause.correlationId === undefined && conversationId === undefined ? next() : causedBy(cause, next)
    },
    consumeBatch: (_context, next) => next(),
  }
}

/** The part of {@link correlation} around sends, for handlers whose cause something else has set. */
export const sendCorrelation: Middleware = {
  name: 'correlation',
  send({ records }, next) {
    const cause = currentCause()
    if (cause !== undefined) for (const record of records) inherit(record, cause)
    return next()
  },
}

function inherit({ headers }: SendRecord, { correlationId, causationId, conversationId }: Cause): void {
  if (headers[HEADERS.correlationId] === undefined) headers[HEADERS.correlationId] = correlationId
  if (headers[HEADERS.causationId] === undefined) headers[HEADERS.causationId] = causationId
  if (headers[HEADERS.conversationId] === undefined) headers[HEADERS.conversationId] = conversationId
}

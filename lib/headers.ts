/**
 * Every header name that narad writes or reads by itself. All values are UTF-8 text.
 *
 * They follow the `x-…-id` habit of HTTP gateways, so that services in other languages can read and set them.
 */
export const HEADERS = {
  /** Ties together all records that one request caused; a handler's sends should pass it on. */
  correlationId: 'x-correlation-id',
  /** Ties together the requests of one longer exchange, each of which has a correlation id of its own. */
  conversationId: 'x-conversation-id',
  /** What happened, such as `order.created`, so that a handler can choose without decoding the value. */
  eventType: 'x-event-type',
  /** The service that sent the record. */
  source: 'x-source',
} as const

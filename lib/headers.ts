/**
 * Every header name that narad writes or reads by itself. All values are UTF-8 text.
 *
 * They follow the `x-…-id` habit of HTTP gateways, so that services in other languages can read and set them.
 */
export const HEADERS = {
  /** Ties together all records that one request caused; a handler's sends should pass it on. */
  correlationId: 'x-correlation-id',
  /** Names the record whose handler sent this one. */
  causationId: 'x-causation-id',
  /** Ties together the requests of one longer exchange, each of which has a correlation id of its own. */
  conversationId: 'x-conversation-id',
  /** What happened, such as `order.created`, so that a handler can choose without decoding the value. */
  eventType: 'x-event-type',
  /** Names the record: of two with the same id, the middleware `dedupe` hands one on. */
  messageId: 'x-message-id',
  /** Marks a copy that a replay made: `topic/partition/offset` of the record it was made of. */
  replayedFrom: 'x-replayed-from',
  /** The service that sent the record. */
  source: 'x-source',
} as const

/** Names of the headers of requests and replies. All values are UTF-8 text. */
export const REPLY_HEADERS = {
  /** Of a request and its reply: a random id that ties them together. */
  id: 'x-narad-request-id',
  /** Of a request: the topic that its reply goes to. */
  topic: 'x-narad-reply-topic',
  /** Of a request: the partition that its reply goes to, in decimal. */
  partition: 'x-narad-reply-partition',
  /** Of a request: when nobody waits for its reply any more, in milliseconds since the epoch. */
  deadline: 'x-narad-deadline',
  /** Of a reply that is an error: its name, such as `TypeError`. */
  errorName: 'x-narad-error-name',
  /** Of a reply that is an error: its code, such as `ECONNREFUSED`; not there where it has none. */
  errorCode: 'x-narad-error-code',
  /** Of a reply that is an error: its message, at most 4 KiB, without what looks like a secret. */
  errorMessage: 'x-narad-error-message',
} as const

/**
 * Names of the headers of a dead letter. The first six are Kafka's own (KIP-1191). All values are UTF-8 text: numbers in
 * decimal, times in milliseconds since the epoch. A dead letter that fails again has each of them once, with new values.
 */
export const DEAD_LETTER_HEADERS = {
  /** The topic of the record. */
  topic: '__dlq.errors.topic',
  partition: '__dlq.errors.partition',
  offset: '__dlq.errors.offset',
  /** The consumer group that could not handle it. */
  group: '__dlq.errors.group',
  /** How often the record was handed to its handler, as a delivery counts for Kafka; the same as `attempts`. */
  deliveryCount: '__dlq.errors.delivery.count',
  /** Message of the last error, at most 4 KiB, without what looks like a secret. */
  message: '__dlq.errors.message',
  /**
   * The same for each letter of a record in a group, `topic/partition/offset/group`: a crash may write a letter twice.
   */
  id: 'x-narad-dlq-id',
  /** What the last error means: `permanent`, or `transient` where the retries were used up. */
  class: 'x-narad-dlq-class',
  /** Name of the last error, such as `TypeError`. */
  name: 'x-narad-dlq-name',
  /** Code of the last error, such as `ECONNREFUSED`; not there where it has none. */
  code: 'x-narad-dlq-code',
  /** Stack of the last error, at most 4 KiB, without what looks like a secret; not there where it has none. */
  stack: 'x-narad-dlq-stack',
  firstFailure: 'x-narad-dlq-first-failure',
  lastFailure: 'x-narad-dlq-last-failure',
  attempts: 'x-narad-dlq-attempts',
  /** The record's own time; not there where it has none. The letter's time is when it was written. */
  sourceTimestamp: 'x-narad-dlq-source-timestamp',
  /** How often the record was sent again from a dead letter. Also of a record that was, with `id`. */
  replays: 'x-narad-dlq-replays',
  /** Of a record that was sent again from a dead letter: it may have been sent before, by someone who was ended. */
  repeat: 'x-narad-dlq-repeat',
  /**
   * Only where the record was too large for the topic of the dead letters: its size in bytes. The letter has no value
   * then, and where that is still too much neither key nor headers of its own; the record itself is in its topic.
   */
  truncated: 'x-narad-dlq-truncated',
} as const

/**
 * Names of the headers of a record in a retry topic. All values are UTF-8 text: numbers in decimal, times in milliseconds
 * since the epoch. A record that goes on to the next retry topic has each of them once, with new values.
 */
export const RETRY_HEADERS = {
  /** When it is to be handled again, by the clock of the process that wrote it. */
  due: 'x-narad-retry-due',
  /** How many of the subscription's retry topics it has been in, with this one. */
  tier: 'x-narad-retry-tier',
  /** How often it was handed to its handler until now. */
  attempts: 'x-narad-retry-attempts',
  firstFailure: 'x-narad-retry-first-failure',
  lastFailure: 'x-narad-retry-last-failure',
  /** The topic that the record comes from; partition and offset are those that it has there. */
  topic: 'x-narad-retry-topic',
  partition: 'x-narad-retry-partition',
  offset: 'x-narad-retry-offset',
  /** The consumer group that handles it. */
  group: 'x-narad-retry-group',
  /** The record's own time; not there where it has none. */
  sourceTimestamp: 'x-narad-retry-source-timestamp',
} as const

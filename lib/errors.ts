import { delayProblem } from './delay.ts'
import { ERROR_CODES, type ErrorClassName, type NaradErrorCode } from './error-codes.ts'
import { brand, KafkaError, type KafkaErrorFields, type KafkaErrorJson } from './kafka-error.ts'
import type { RecordMetadata } from './message.ts'

export { KafkaError, type KafkaErrorFields, type KafkaErrorJson } from './kafka-error.ts'

/** {@link KafkaErrorFields} of a {@link SendError}. */
export interface SendErrorFields extends KafkaErrorFields {
  results?: Array<RecordMetadata | KafkaError> | undefined
}

/** {@link KafkaErrorFields} of a {@link TransientError}. */
export interface TransientErrorFields extends KafkaErrorFields {
  /** After how long the record is to be handled again, in milliseconds from 0 to 2,147,483,647. */
  retryAfterMs?: number | undefined
}

/** The fields of an error as the native side reports it. */
export interface NativeErrorFields {
  code: string
  message: string
  retriable: boolean
  fatal: boolean
  kafkaCode?: string | null | undefined
  maybeInLog?: boolean | null | undefined
  topic?: string | null | undefined
  partition?: number | null | undefined
  offset?: number | null | undefined
  group?: string | null | undefined
}

/** An option of the configuration or an environment variable that is wrong, or an option of any call that is unknown. */
export class ConfigError extends KafkaError {
  static override readonly defaultCode = 'NARAD_CONFIG_INVALID'
  static {
    brand(ConfigError, 'ConfigError')
  }
}

/** An argument of a call that has a wrong type or value; nothing was sent. */
export class ArgumentError extends KafkaError {
  static override readonly defaultCode = 'NARAD_INVALID_ARGUMENT'
  static {
    brand(ArgumentError, 'ArgumentError')
  }
}

/** A call that needs a connection there is not; the message always includes `not connected`. */
export class NotConnectedError extends KafkaError {
  static override readonly defaultCode = 'NARAD_NOT_CONNECTED'
  static {
    brand(NotConnectedError, 'NotConnectedError')
  }

  constructor(message: string, fields?: KafkaErrorFields) {
    super(message.includes('not connected') ? message : `Kafka is not connected: ${message}`, fields)
  }
}

/** A call on a service that was disconnected or is disconnecting. */
export class ClosedError extends KafkaError {
  static override readonly defaultCode = 'NARAD_CLOSED'
  static {
    brand(ClosedError, 'ClosedError')
  }
}

/** No broker could be reached, or not in time. */
export class ConnectionError extends KafkaError {
  static override readonly defaultCode = 'NARAD_CONNECTION_FAILED'
  static {
    brand(ConnectionError, 'ConnectionError')
  }
}

/** The broker refused the credentials, or the TLS handshake failed. */
export class AuthenticationError extends KafkaError {
  static override readonly defaultCode = 'NARAD_AUTHENTICATION_FAILED'
  static {
    brand(AuthenticationError, 'AuthenticationError')
  }
}

/** The principal lacks a right on a topic, a group or the cluster. */
export class AuthorizationError extends KafkaError {
  static override readonly defaultCode = 'NARAD_AUTHORIZATION_FAILED'
  static {
    brand(AuthorizationError, 'AuthorizationError')
  }
}

/** A record, or some records of an array, were not acknowledged. */
export class SendError extends KafkaError {
  static override readonly defaultCode: 'NARAD_SEND_FAILED' | 'NARAD_SEND_TIMEOUT' = 'NARAD_SEND_FAILED'
  static {
    brand(SendError, 'SendError')
  }

  /** For an array: what became of each record, in input order. */
  declare readonly results?: Array<RecordMetadata | KafkaError>

  constructor(message: string, fields: SendErrorFields = {}) {
    // A timeout of a record that nobody knows more about must not be taken for "it is not there".
    const maybeInLog = fields.maybeInLog ?? (fields.code === 'NARAD_SEND_TIMEOUT' ? true : undefined)
    super(message, { ...fields, maybeInLog })
    if (fields.results !== undefined) this.results = fields.results
  }

  override toJSON(): KafkaErrorJson {
    const json = super.toJSON()
    if (this.results !== undefined) {
      json.results = this.results.map((result) => (result instanceof KafkaError ? result.toJSON() : result))
    }
    return json
  }
}

/** A record over the client's, the broker's or the topic's limit; it alone was refused. */
export class RecordTooLargeError extends KafkaError {
  static override readonly defaultCode = 'NARAD_RECORD_TOO_LARGE'
  static {
    brand(RecordTooLargeError, 'RecordTooLargeError')
  }
}

/** A topic or partition that is not allowed or not there. */
export class TopicError extends KafkaError {
  static override readonly defaultCode = 'NARAD_INVALID_TOPIC'
  static {
    brand(TopicError, 'TopicError')
  }
}

/** A value that the codec cannot encode; nothing of the call was sent. */
export class EncodeError extends KafkaError {
  static override readonly defaultCode = 'NARAD_ENCODE_FAILED'
  static {
    brand(EncodeError, 'EncodeError')
  }
}

/** Received bytes that the codec cannot decode: a permanent error. */
export class DecodeError extends KafkaError {
  static override readonly defaultCode = 'NARAD_DECODE_FAILED'
  static {
    brand(DecodeError, 'DecodeError')
  }
}

/** A handler threw, rejected or passed its deadline; what it threw is the `cause`. */
export class HandlerError extends KafkaError {
  static override readonly defaultCode = 'NARAD_HANDLER_FAILED'
  static {
    brand(HandlerError, 'HandlerError')
  }
}

/** A handler had not settled at its deadline (`timeoutMs`). */
export class HandlerTimeoutError extends KafkaError {
  static override readonly defaultCode = 'NARAD_HANDLER_TIMEOUT'
  static {
    brand(HandlerTimeoutError, 'HandlerTimeoutError')
  }
}

/**
 * For handlers to throw when no retry would mend the record: it becomes a dead letter at once.
 *
 * @example throw new PermanentError('bad address', { cause })
 */
export class PermanentError extends KafkaError {
  static override readonly defaultCode = 'NARAD_PERMANENT'
  static {
    brand(PermanentError, 'PermanentError')
  }
}

/**
 * For handlers to throw when the record may be handled later, which is also what any other error means. It can say
 * when.
 *
 * @example throw new TransientError('rate limited', { retryAfterMs: 5_000 })
 */
export class TransientError extends KafkaError {
  static override readonly defaultCode = 'NARAD_TRANSIENT'
  static {
    brand(TransientError, 'TransientError')
  }

  /** After how long the record is to be handled again, in milliseconds; without it, the back-off decides. */
  declare readonly retryAfterMs?: number

  /** @throws {@link ArgumentError} for a `retryAfterMs` that is no delay. */
  constructor(message: string, fields: TransientErrorFields = {}) {
    super(message, fields)
    const { retryAfterMs } = fields
    if (retryAfterMs === undefined) return
    const problem = delayProblem(retryAfterMs)
    if (problem !== undefined) throw new ArgumentError(`Field "retryAfterMs" of a TransientError ${problem}.`)
    this.retryAfterMs = retryAfterMs
  }

  override toJSON(): KafkaErrorJson {
    const json = super.toJSON()
    if (this.retryAfterMs !== undefined) json.retryAfterMs = this.retryAfterMs
    return json
  }
}

/** For handlers to throw when the record is refused for good reason: it is done, without retry or dead letter. */
export class BusinessError extends KafkaError {
  static override readonly defaultCode = 'NARAD_BUSINESS'
  static {
    brand(BusinessError, 'BusinessError')
  }
}

/** A dead letter that was not written, or whose topic is not there. */
export class DeadLetterError extends KafkaError {
  static override readonly defaultCode: 'NARAD_DEAD_LETTER_FAILED' | 'NARAD_DEAD_LETTER_TOPIC' =
    'NARAD_DEAD_LETTER_FAILED'
  static {
    brand(DeadLetterError, 'DeadLetterError')
  }
}

/** A record that was not written to its retry topic, or whose retry topic is not there. */
export class RetryTopicError extends KafkaError {
  static override readonly defaultCode: 'NARAD_RETRY_FAILED' | 'NARAD_RETRY_TOPIC' = 'NARAD_RETRY_FAILED'
  static {
    brand(RetryTopicError, 'RetryTopicError')
  }
}

/** A subscription that failed or took too long. */
export class SubscribeError extends KafkaError {
  static override readonly defaultCode = 'NARAD_SUBSCRIBE_FAILED'
  static {
    brand(SubscribeError, 'SubscribeError')
  }
}

/** Reading from a partition failed. */
export class ConsumeError extends KafkaError {
  static override readonly defaultCode = 'NARAD_CONSUME_FAILED'
  static {
    brand(ConsumeError, 'ConsumeError')
  }
}

/** Offsets that were not committed. */
export class CommitError extends KafkaError {
  static override readonly defaultCode = 'NARAD_COMMIT_FAILED'
  static {
    brand(CommitError, 'CommitError')
  }
}

/** A request without a reply. */
export class RequestError extends KafkaError {
  static override readonly defaultCode: 'NARAD_REQUEST_TIMEOUT' | 'NARAD_TOO_MANY_REQUESTS' = 'NARAD_REQUEST_TIMEOUT'
  static {
    brand(RequestError, 'RequestError')
  }
}

/** {@link KafkaErrorFields} of a {@link RemoteError}. */
export interface RemoteErrorFields extends KafkaErrorFields {
  remoteName?: string | undefined
  remoteCode?: string | undefined
}

/** The handler of a request failed, on the other side: the message is that of its error. */
export class RemoteError extends KafkaError {
  static override readonly defaultCode = 'NARAD_REMOTE'
  static {
    brand(RemoteError, 'RemoteError')
  }

  /** Name of the handler's error, such as `TypeError`. */
  declare readonly remoteName: string
  /** Code of the handler's error, where it has one. */
  declare readonly remoteCode?: string

  constructor(message: string, fields: RemoteErrorFields = {}) {
    super(message, fields)
    this.remoteName = fields.remoteName ?? 'Error'
    if (fields.remoteCode !== undefined) this.remoteCode = fields.remoteCode
  }

  override toJSON(): KafkaErrorJson {
    const json = super.toJSON()
    json.remoteName = this.remoteName
    if (this.remoteCode !== undefined) json.remoteCode = this.remoteCode
    return json
  }
}

/** The cluster did not do what it was asked for by `kafkaService.admin`. */
export class AdminError extends KafkaError {
  static override readonly defaultCode = 'NARAD_ADMIN_FAILED'
  static {
    brand(AdminError, 'AdminError')
  }
}

/** The native client is of no use any more and must be connected anew. */
export class FatalError extends KafkaError {
  static override readonly defaultCode = 'NARAD_FATAL'
  static {
    brand(FatalError, 'FatalError')
  }
}

/** The native part of the package could not be loaded. */
export class NativeLoadError extends KafkaError {
  static override readonly defaultCode = 'NARAD_NATIVE_MISSING'
  static {
    brand(NativeLoadError, 'NativeLoadError')
  }
}

/** The embedded broker cannot do what was asked. */
export class EmbeddedBrokerError extends KafkaError {
  static override readonly defaultCode = 'NARAD_EMBEDDED_BROKER'
  static {
    brand(EmbeddedBrokerError, 'EmbeddedBrokerError')
  }
}

/** A defect in narad itself. */
export class InternalError extends KafkaError {
  static override readonly defaultCode = 'NARAD_INTERNAL'
  static {
    brand(InternalError, 'InternalError')
  }
}

const CLASSES: Readonly<Record<ErrorClassName, new (message: string, fields: KafkaErrorFields) => KafkaError>> = {
  KafkaError,
  ConfigError,
  ArgumentError,
  NotConnectedError,
  ClosedError,
  ConnectionError,
  AuthenticationError,
  AuthorizationError,
  SendError,
  RecordTooLargeError,
  TopicError,
  EncodeError,
  DecodeError,
  HandlerError,
  HandlerTimeoutError,
  PermanentError,
  TransientError,
  BusinessError,
  DeadLetterError,
  RetryTopicError,
  SubscribeError,
  ConsumeError,
  CommitError,
  RequestError,
  RemoteError,
  AdminError,
  FatalError,
  NativeLoadError,
  EmbeddedBrokerError,
  InternalError,
}

/**
 * The error class for what the native side reports. Called in an async function, it gives the error a stack that
 * shows the caller, which the native error (kept as `cause`) cannot have.
 *
 * @param context Fields that the native side does not know, such as the record's key; what it reports wins.
 */
export function fromNative(raw: NativeErrorFields, context: KafkaErrorFields = {}): KafkaError {
  const code = isErrorCode(raw.code) ? raw.code : 'NARAD_INTERNAL'
  const error = new CLASSES[ERROR_CODES[code].class](raw.message, {
    ...context,
    code,
    // without an error of Kafka's behind it, the native side knows no better than the table
    retriable: raw.kafkaCode == null && !raw.fatal ? undefined : raw.retriable,
    fatal: raw.fatal,
    cause: raw,
    kafkaCode: raw.kafkaCode ?? context.kafkaCode,
    maybeInLog: raw.maybeInLog ?? context.maybeInLog,
    topic: raw.topic ?? context.topic,
    partition: raw.partition ?? context.partition,
    offset: raw.offset ?? context.offset,
    group: raw.group ?? context.group,
  })
  // Leaves this function and the constructors out of the stack.
  Error.captureStackTrace(error, fromNative)
  return error
}

function isErrorCode(code: string): code is NaradErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

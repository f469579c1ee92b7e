/** Every stable code that a `KafkaError` can carry. docs/errors.md says what each one means and what to do. */
export type NaradErrorCode =
  | 'NARAD_CONFIG_INVALID'
  | 'NARAD_UNKNOWN_OPTION'
  | 'NARAD_INVALID_ARGUMENT'
  | 'NARAD_NOT_CONNECTED'
  | 'NARAD_CLOSED'
  | 'NARAD_CONNECTION_FAILED'
  | 'NARAD_CONNECTION_TIMEOUT'
  | 'NARAD_DISCONNECT_TIMEOUT'
  | 'NARAD_AUTHENTICATION_FAILED'
  | 'NARAD_AUTHORIZATION_FAILED'
  | 'NARAD_SEND_FAILED'
  | 'NARAD_SEND_TIMEOUT'
  | 'NARAD_RECORD_TOO_LARGE'
  | 'NARAD_INVALID_TOPIC'
  | 'NARAD_UNKNOWN_TOPIC'
  | 'NARAD_UNKNOWN_PARTITION'
  | 'NARAD_ENCODE_FAILED'
  | 'NARAD_DECODE_FAILED'
  | 'NARAD_HANDLER_FAILED'
  | 'NARAD_HANDLER_TIMEOUT'
  | 'NARAD_PERMANENT'
  | 'NARAD_TRANSIENT'
  | 'NARAD_BUSINESS'
  | 'NARAD_DEAD_LETTER_FAILED'
  | 'NARAD_DEAD_LETTER_TOPIC'
  | 'NARAD_RETRY_FAILED'
  | 'NARAD_RETRY_TOPIC'
  | 'NARAD_SUBSCRIBE_FAILED'
  | 'NARAD_SUBSCRIBE_TIMEOUT'
  | 'NARAD_CONSUME_FAILED'
  | 'NARAD_SEEK_FAILED'
  | 'NARAD_NOT_ASSIGNED'
  | 'NARAD_OFFSET_OUT_OF_RANGE'
  | 'NARAD_COMMIT_FAILED'
  | 'NARAD_REQUEST_TIMEOUT'
  | 'NARAD_TOO_MANY_REQUESTS'
  | 'NARAD_REMOTE'
  | 'NARAD_ADMIN_FAILED'
  | 'NARAD_TOPIC_EXISTS'
  | 'NARAD_UNKNOWN_GROUP'
  | 'NARAD_GROUP_IN_USE'
  | 'NARAD_UNSAFE_INTEGER'
  | 'NARAD_FENCED'
  | 'NARAD_FATAL'
  | 'NARAD_NATIVE_MISSING'
  | 'NARAD_EMBEDDED_BROKER'
  | 'NARAD_EMBEDDED_UNSUPPORTED'
  | 'NARAD_EMBEDDED_DATA_LOST'
  | 'NARAD_INTERNAL'

/** The names of the exported error classes, `KafkaError` being the parent of all. */
export type ErrorClassName =
  | 'KafkaError'
  | 'ConfigError'
  | 'ArgumentError'
  | 'NotConnectedError'
  | 'ClosedError'
  | 'ConnectionError'
  | 'AuthenticationError'
  | 'AuthorizationError'
  | 'SendError'
  | 'RecordTooLargeError'
  | 'TopicError'
  | 'EncodeError'
  | 'DecodeError'
  | 'HandlerError'
  | 'HandlerTimeoutError'
  | 'PermanentError'
  | 'TransientError'
  | 'BusinessError'
  | 'DeadLetterError'
  | 'RetryTopicError'
  | 'SubscribeError'
  | 'ConsumeError'
  | 'CommitError'
  | 'RequestError'
  | 'RemoteError'
  | 'AdminError'
  | 'FatalError'
  | 'NativeLoadError'
  | 'EmbeddedBrokerError'
  | 'InternalError'

/** One row of the table of codes. */
export interface ErrorCodeEntry {
  /** The class an error of this code belongs to. */
  readonly class: ErrorClassName
  /** Whether the same call may succeed later with nothing changed; where a broker's answer knows better, it wins. */
  readonly retriable: boolean
  /** Whether the producer or consumer that raised it is of no use any more and must be connected anew. */
  readonly fatal: boolean
  /** What happened, for docs/errors.md. */
  readonly meaning: string
  /** What to do about it, for docs/errors.md. */
  readonly remedy: string
}

/** The one table of codes: classes, docs/errors.md and the native side are held to it by a test. */
export const ERROR_CODES: Readonly<Record<NaradErrorCode, ErrorCodeEntry>> = {
  NARAD_CONFIG_INVALID: {
    class: 'ConfigError',
    retriable: false,
    fatal: false,
    meaning: 'An option or an environment variable has a wrong type, a wrong value, or contradicts another one.',
    remedy: 'The message names the option or variable and the values it takes; see docs/configuration.md.',
  },
  NARAD_UNKNOWN_OPTION: {
    class: 'ConfigError',
    retriable: false,
    fatal: false,
    meaning: 'An options object has a key that is no option.',
    remedy: 'Correct the spelling: the message names the nearest option.',
  },
  NARAD_INVALID_ARGUMENT: {
    class: 'ArgumentError',
    retriable: false,
    fatal: false,
    meaning: 'An argument of a call has a wrong type or value, such as a key that is an object. Nothing was sent.',
    remedy: 'The message names the argument, and for an array which record of it.',
  },
  NARAD_NOT_CONNECTED: {
    class: 'NotConnectedError',
    retriable: false,
    fatal: false,
    meaning: 'A send without a connected producer, or a subscription without a connected group.',
    remedy: 'Await `connectProducer()` or `connectConsumer(group)` first.',
  },
  NARAD_CLOSED: {
    class: 'ClosedError',
    retriable: false,
    fatal: false,
    meaning: 'The service was disconnected, or is disconnecting, and takes no more calls.',
    remedy:
      'Call before `disconnect()`, or `init()` and connect again. A send that was still waiting tells in `maybeInLog` whether its record may have been written.',
  },
  NARAD_CONNECTION_FAILED: {
    class: 'ConnectionError',
    retriable: true,
    fatal: false,
    meaning: 'No broker could be reached: the name does not resolve, the port is closed, or the connection broke.',
    remedy:
      'Check `brokers` (KAFKA_BROKERS), the network, and that the brokers advertise addresses this machine can reach.',
  },
  NARAD_CONNECTION_TIMEOUT: {
    class: 'ConnectionError',
    retriable: true,
    fatal: false,
    meaning: 'No broker answered within `connectionTimeoutMs`.',
    remedy:
      'As for NARAD_CONNECTION_FAILED. A TLS broker that is spoken to in plaintext, or the reverse, also looks like this: check `ssl`.',
  },
  NARAD_DISCONNECT_TIMEOUT: {
    class: 'ConnectionError',
    retriable: false,
    fatal: false,
    meaning:
      'The deadline of `disconnect()` passed with records not delivered or handlers still running; the message counts them.',
    remedy: 'Give `disconnect({ timeoutMs })` longer than the slowest handler, and check that the brokers are up.',
  },
  NARAD_AUTHENTICATION_FAILED: {
    class: 'AuthenticationError',
    retriable: false,
    fatal: false,
    meaning: 'The broker refused the credentials or the mechanism, or the TLS handshake failed.',
    remedy: 'Check `sasl` and `ssl`: user name, password, mechanism, certificate authority, host name, expiry.',
  },
  NARAD_AUTHORIZATION_FAILED: {
    class: 'AuthorizationError',
    retriable: false,
    fatal: false,
    meaning: 'The principal may not do this with the topic, the group or the cluster.',
    remedy: 'Grant the missing ACL: WRITE or READ and DESCRIBE on the topic, READ on the group.',
  },
  NARAD_SEND_FAILED: {
    class: 'SendError',
    retriable: false,
    fatal: false,
    meaning: 'A record was not acknowledged. For an array, `results` has the outcome of every record in input order.',
    remedy:
      'Look at `kafkaCode` and `retriable`. When `maybeInLog` is true the record may have been written, and sending it again may duplicate it.',
  },
  NARAD_SEND_TIMEOUT: {
    class: 'SendError',
    retriable: true,
    fatal: false,
    meaning:
      'A record was not acknowledged within `sendTimeoutMs`. Unless `maybeInLog` is false, it may be in the log all the same.',
    remedy:
      'Send it again only where a duplicate does no harm, or look for it in the topic first. Check the brokers and `min.insync.replicas`.',
  },
  NARAD_RECORD_TOO_LARGE: {
    class: 'RecordTooLargeError',
    retriable: false,
    fatal: false,
    meaning: 'A record exceeds `maxRecordBytes`, or the limit of the broker or topic. It alone was refused.',
    remedy:
      'Send less, turn `compression` on, or raise `maxRecordBytes` and the `max.message.bytes` of the topic together.',
  },
  NARAD_INVALID_TOPIC: {
    class: 'TopicError',
    retriable: false,
    fatal: false,
    meaning: 'A topic name that Kafka does not allow: it takes 1 to 249 of `[a-zA-Z0-9._-]`, and neither `.` nor `..`.',
    remedy: 'Correct the name.',
  },
  NARAD_UNKNOWN_TOPIC: {
    class: 'TopicError',
    retriable: true,
    fatal: false,
    meaning: 'The topic does not exist, and the cluster does not create topics by itself, or was not asked to.',
    remedy: 'Create the topic, or correct the name.',
  },
  NARAD_UNKNOWN_PARTITION: {
    class: 'TopicError',
    retriable: false,
    fatal: false,
    meaning: 'The topic has no partition of this number.',
    remedy: 'Leave `partition` out, so that the key decides, or use a number below the count of partitions.',
  },
  NARAD_ENCODE_FAILED: {
    class: 'EncodeError',
    retriable: false,
    fatal: false,
    meaning:
      'The codec could not encode a value: undefined, a function, a circular object, a BigInt, or a wrong type. Nothing of the call was sent.',
    remedy: 'The message names the record and the cause. `null` is allowed, and is a tombstone.',
  },
  NARAD_DECODE_FAILED: {
    class: 'DecodeError',
    retriable: false,
    fatal: false,
    meaning:
      'A received value is not what the codec expects, such as broken JSON or bytes that are not UTF-8. It is a permanent error: no retry would mend it.',
    remedy: 'Use the codec that the sender used; the message names topic, partition and offset.',
  },
  NARAD_HANDLER_FAILED: {
    class: 'HandlerError',
    retriable: true,
    fatal: false,
    meaning: 'A handler threw, rejected, or passed its deadline. What it threw is the `cause`.',
    remedy: 'Mend the handler. Nothing is committed past the record, so that it is handled again.',
  },
  NARAD_HANDLER_TIMEOUT: {
    class: 'HandlerTimeoutError',
    retriable: true,
    fatal: false,
    meaning: 'A handler had not settled when its deadline (`timeoutMs`) passed. The attempt counts as failed.',
    remedy:
      'Pass `context.signal` to what the handler awaits, or give `timeoutMs` longer. Records that wait for this one wait until the handler settles.',
  },
  NARAD_PERMANENT: {
    class: 'PermanentError',
    retriable: false,
    fatal: false,
    meaning: 'A handler threw a `PermanentError`: no retry would mend the record, which becomes a dead letter at once.',
    remedy: 'Look at the dead letter; send the record again when whatever refused it has changed.',
  },
  NARAD_TRANSIENT: {
    class: 'TransientError',
    retriable: true,
    fatal: false,
    meaning:
      'A handler threw a `TransientError`: the record is handled again, after `retryAfterMs` where that is given.',
    remedy: 'Nothing, while it passes. A record that uses up its retries becomes a dead letter.',
  },
  NARAD_BUSINESS: {
    class: 'BusinessError',
    retriable: false,
    fatal: false,
    meaning: 'A handler threw a `BusinessError`: the record was refused for a reason of its own, and is done.',
    remedy: 'Nothing: there is neither a retry nor a dead letter.',
  },
  NARAD_DEAD_LETTER_FAILED: {
    class: 'DeadLetterError',
    retriable: true,
    fatal: false,
    meaning:
      'A dead letter was not acknowledged. Its record stays uncommitted and its lane held, and the letter is written again until it is acknowledged.',
    remedy: 'Look at the `cause`: the topic of the dead letters, the right to write to it, the brokers.',
  },
  NARAD_DEAD_LETTER_TOPIC: {
    class: 'DeadLetterError',
    retriable: false,
    fatal: false,
    meaning: 'The topic for the dead letters of a subscription is not there and could not be created.',
    remedy:
      'Create the topic, or grant CREATE and DESCRIBE on it; or subscribe with another `dlq: { topic }`, or with `dlq: false`.',
  },
  NARAD_RETRY_FAILED: {
    class: 'RetryTopicError',
    retriable: true,
    fatal: false,
    meaning:
      'A record was not acknowledged in its retry topic. It stays uncommitted, and is written again until it is acknowledged.',
    remedy: 'Look at the `cause`: the retry topic, the right to write to it, the brokers.',
  },
  NARAD_RETRY_TOPIC: {
    class: 'RetryTopicError',
    retriable: false,
    fatal: false,
    meaning: 'A retry topic of a subscription is not there and could not be created.',
    remedy: 'Create the topic, or grant CREATE and DESCRIBE on it; or subscribe without `retry.topics`.',
  },
  NARAD_SUBSCRIBE_FAILED: {
    class: 'SubscribeError',
    retriable: false,
    fatal: false,
    meaning: 'The group could not be joined, or the subscription contradicts an earlier one.',
    remedy:
      'The message says which; for a refusal by the broker look at `kafkaCode`. With `INCONSISTENT_GROUP_PROTOCOL`, end members of other clients first that share partitions out in another way, such as those of KafkaJS.',
  },
  NARAD_SUBSCRIBE_TIMEOUT: {
    class: 'SubscribeError',
    retriable: true,
    fatal: false,
    meaning:
      'The group had no assignment and start position within `connectionTimeoutMs` and `sessionTimeoutMs` together.',
    remedy:
      'Check the brokers and that no other member blocks the rebalance; raise `connectionTimeoutMs` for a large group.',
  },
  NARAD_CONSUME_FAILED: {
    class: 'ConsumeError',
    retriable: true,
    fatal: false,
    meaning: 'Fetching from a partition failed. It comes with the `error` event, and fetching is tried again.',
    remedy: 'Look at `kafkaCode`; a passing failure, such as a leader that moves, heals by itself.',
  },
  NARAD_SEEK_FAILED: {
    class: 'ConsumeError',
    retriable: true,
    fatal: false,
    meaning: 'The brokers did not say which offsets a partition has, or it could not go on at another one in time.',
    remedy: 'Try again; the partition goes on where it was.',
  },
  NARAD_NOT_ASSIGNED: {
    class: 'ConsumeError',
    retriable: false,
    fatal: false,
    meaning: 'A call names a partition that this member of the group does not have, or not in this subscription.',
    remedy: 'Ask the member that has it; the `rebalance` event says which partitions come and go.',
  },
  NARAD_OFFSET_OUT_OF_RANGE: {
    class: 'ConsumeError',
    retriable: false,
    fatal: false,
    meaning:
      'The log no longer has the position of the group: records were deleted before they were read, or the topic was made anew. Or a `seek` names an offset that the log does not have.',
    remedy:
      'After a seek, reading goes on where it was; in a topic that was made anew, at its beginning; otherwise where `autoOffsetReset` says. Compare the retention of the topic with the lag of the group.',
  },
  NARAD_COMMIT_FAILED: {
    class: 'CommitError',
    retriable: true,
    fatal: false,
    meaning:
      'Offsets were not committed, most often because the partitions went to another member. The records may be handled again.',
    remedy:
      'Handlers must bear a record twice. If it repeats, look for rebalances and for handlers slower than `maxPollIntervalMs`.',
  },
  NARAD_REQUEST_TIMEOUT: {
    class: 'RequestError',
    retriable: false,
    fatal: false,
    meaning: 'No reply to a request came within its `timeoutMs`. The request may have been handled all the same.',
    remedy:
      'Send it again only if it may be handled twice. Look whether the responder runs, and whether it may write to the reply topic (`replyTopics` of `reply()`).',
  },
  NARAD_TOO_MANY_REQUESTS: {
    class: 'RequestError',
    retriable: true,
    fatal: false,
    meaning: 'As many requests wait for a reply as may (`maxPending`). Nothing was sent.',
    remedy: 'Wait for some of them, or raise `maxPending`.',
  },
  NARAD_REMOTE: {
    class: 'RemoteError',
    retriable: false,
    fatal: false,
    meaning:
      'The handler of a request failed on the other side; `remoteName`, `remoteCode` and the message are its own.',
    remedy: 'Look at the message; the stack is in the logs of the responder alone.',
  },
  NARAD_ADMIN_FAILED: {
    class: 'AdminError',
    retriable: false,
    fatal: false,
    meaning: 'The cluster refused a request of `kafkaService.admin`, or failed to do it.',
    remedy: 'The message has the words of the broker; look at `kafkaCode` and `retriable`.',
  },
  NARAD_TOPIC_EXISTS: {
    class: 'AdminError',
    retriable: false,
    fatal: false,
    meaning: 'A topic that is to be created is there already.',
    remedy: 'Pass `ifNotExists: true` where that is no mistake.',
  },
  NARAD_UNKNOWN_GROUP: {
    class: 'AdminError',
    retriable: false,
    fatal: false,
    meaning: 'The cluster knows no consumer group of this name.',
    remedy: 'Correct the name. A group without members is forgotten when what it had committed has expired.',
  },
  NARAD_GROUP_IN_USE: {
    class: 'AdminError',
    retriable: true,
    fatal: false,
    meaning: 'Offsets of a consumer group cannot be reset, and it cannot be deleted, while it has members.',
    remedy: 'Stop all its members first; one that vanished counts until its session has timed out.',
  },
  NARAD_UNSAFE_INTEGER: {
    class: 'KafkaError',
    retriable: false,
    fatal: false,
    meaning: 'An offset or a timestamp lies beyond `Number.MAX_SAFE_INTEGER` and cannot be given as a number exactly.',
    remedy: 'Look at the partition with other tools: no healthy log reaches such an offset.',
  },
  NARAD_FENCED: {
    class: 'FatalError',
    retriable: false,
    fatal: true,
    meaning: 'Another client with the same identity (`groupInstanceId`, or producer id) took this one’s place.',
    remedy: 'Give each process a `groupInstanceId` of its own, then connect again.',
  },
  NARAD_FATAL: {
    class: 'FatalError',
    retriable: false,
    fatal: true,
    meaning:
      'The native client met an error that it cannot recover from without breaking a guarantee, such as a gap in the sequence of an idempotent producer.',
    remedy: 'Disconnect and connect again; `kafkaCode` says what it was.',
  },
  NARAD_NATIVE_MISSING: {
    class: 'NativeLoadError',
    retriable: false,
    fatal: false,
    meaning: 'The native part of the package could not be loaded on this platform.',
    remedy: 'The message names the package to install or the command that builds it.',
  },
  NARAD_EMBEDDED_BROKER: {
    class: 'EmbeddedBrokerError',
    retriable: false,
    fatal: false,
    meaning: 'The embedded broker could not be started, or refused an operation.',
    remedy: 'The message says why.',
  },
  NARAD_EMBEDDED_UNSUPPORTED: {
    class: 'EmbeddedBrokerError',
    retriable: false,
    fatal: false,
    meaning: 'The embedded broker cannot do this, and would do something else in silence.',
    remedy: 'Use a real cluster for it.',
  },
  NARAD_EMBEDDED_DATA_LOST: {
    class: 'EmbeddedBrokerError',
    retriable: false,
    fatal: true,
    meaning: 'The embedded broker dropped records that were not read yet: it keeps about 5 MiB a partition.',
    remedy: 'Send less before it is read, use more partitions, or a real cluster.',
  },
  NARAD_INTERNAL: {
    class: 'InternalError',
    retriable: false,
    fatal: false,
    meaning: 'A defect in narad itself.',
    remedy: 'Please report it with the message and the stack.',
  },
}

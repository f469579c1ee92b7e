export type { Admin } from './admin/admin.ts'
export type {
  DescribeGroupsOptions,
  GroupOffsetsOptions,
  Groups,
  ResetOffsetsOptions,
  ResetTarget,
} from './admin/groups.ts'
export type { AdminCallOptions } from './admin/options.ts'
export type {
  CreateTopicOptions,
  DeleteRecordsOptions,
  DescribeTopicsOptions,
  ListTopicsOptions,
  Topics,
} from './admin/topics.ts'
export type {
  BrokerDescription,
  ClusterDescription,
  GroupDescription,
  GroupListing,
  GroupMember,
  GroupState,
  LogOffsets,
  OffsetReset,
  PartitionDescription,
  PartitionLag,
  Right,
  TopicConfig,
  TopicDescription,
  TopicListing,
} from './admin/types.ts'
export type { Codec, CodecOption, DecodeContext, EncodeContext } from './codec.ts'
export type {
  AutoOffsetReset,
  Brokers,
  Compression,
  DevMode,
  GroupProtocol,
  KafkaConfig,
  OauthToken,
  ResolvedConfig,
  SaslConfig,
  SaslMechanism,
  SslConfig,
} from './config/types.ts'
export type { RebalanceEvent } from './consumer/assignment.ts'
export type { BatchHandler } from './consumer/batch-attempt.ts'
export type { BlockingRecord } from './consumer/blocking.ts'
export type { Consumer, ConsumerBatchSubscribeOptions, ConsumerSubscribeOptions } from './consumer/consumer.ts'
export type { DeadLetterEvent, OutageEvent, RetryEvent } from './consumer/delivery-log.ts'
export type { RecordHandler } from './consumer/executor.ts'
export type { ConsumerReport } from './consumer/member.ts'
export type { GroupHealth } from './consumer/member-health.ts'
export type { BatchContext, RawHeader, RecordContext } from './consumer/record.ts'
export type { UnfinishedRecord } from './consumer/runner.ts'
export type { SeekTarget } from './consumer/seek-target.ts'
export type {
  BatchOptions,
  BatchSubscribeOptions,
  Ordering,
  SubscribeOptions,
  TopicsInput,
} from './consumer/subscribe-options.ts'
export type { PartitionPlace, Subscription } from './consumer/subscription.ts'
export {
  type DeadLetterDesk,
  type DeadLetterTopic,
  deadLetterDesk,
  type LetterPark,
  type LetterReplay,
  type LetterStats,
} from './dead-letters/desk.ts'
export type { DeskProgress, LetterOptions, ParkOptions, ReplayLettersOptions } from './dead-letters/desk-options.ts'
export type { Fingerprint } from './dead-letters/fingerprint.ts'
export type { LetterState } from './dead-letters/ledger.ts'
export { type DeadLetter, readDeadLetter } from './dead-letters/letter.ts'
export type { LetterFilter } from './dead-letters/letter-filter.ts'
export type { LetterPurge, PurgeOptions } from './dead-letters/purge.ts'
export type { ReplayInto } from './dead-letters/replay-target.ts'
export type { Classify, FailureClass } from './delivery/failure.ts'
export type {
  DeadLetterOptions,
  DeliveryOptions,
  OutageOptions,
  RetryOptions,
  RetryTopicOptions,
} from './delivery/options.ts'
export { ack, deadLetter, type RetryVerdictOptions, retry, type Verdict } from './delivery/verdict.ts'
export { CHANNELS, type ProcessDiagnostics, type SendDiagnostics } from './diagnostics.ts'
export type { DisconnectReport } from './disconnect-report.ts'
export type { NaradErrorCode } from './error-codes.ts'
export {
  AdminError,
  ArgumentError,
  AuthenticationError,
  AuthorizationError,
  BusinessError,
  ClosedError,
  CommitError,
  ConfigError,
  ConnectionError,
  ConsumeError,
  DeadLetterError,
  DecodeError,
  EmbeddedBrokerError,
  EncodeError,
  FatalError,
  HandlerError,
  HandlerTimeoutError,
  InternalError,
  KafkaError,
  type KafkaErrorFields,
  type KafkaErrorJson,
  NativeLoadError,
  NotConnectedError,
  PermanentError,
  RecordTooLargeError,
  RemoteError,
  type RemoteErrorFields,
  RequestError,
  RetryTopicError,
  SendError,
  type SendErrorFields,
  SubscribeError,
  TopicError,
  TransientError,
  type TransientErrorFields,
} from './errors.ts'
export { createEventBus, type EventBus, getEventBus } from './events/bus.ts'
export type {
  EventBusOptions,
  EventClass,
  EventContext,
  EventHandler,
  EventOf,
  EventSubscribeOptions,
  EventSubscription,
  EventType,
  MatchingType,
  PublishInput,
  PublishOptions,
  SchemaOutputs,
} from './events/bus-types.ts'
export type { BaseEvent, CommandEvent, DomainEvent, IntegrationEvent } from './events/envelope.ts'
export {
  type CommandInput,
  command,
  type DomainEventInput,
  domainEvent,
  type EventInput,
  event,
  integrationEvent,
} from './events/event.ts'
export { type EventCodecOptions, type EventFormat, eventCodec } from './events/event-codec.ts'
export { eventTopic } from './events/event-topic.ts'
export type { ServiceEvents } from './events.ts'
export { DEAD_LETTER_HEADERS, HEADERS, REPLY_HEADERS, RETRY_HEADERS } from './headers.ts'
export type { Health, ServiceMode } from './health.ts'
export type { HealthRouteOptions } from './health-routes.ts'
export type { Logger, LogLevel, LogMethod } from './logger.ts'
export {
  type HeadersInput,
  type HeaderValue,
  type KeyInput,
  type MessageBuilder,
  message,
  type RecordMetadata,
} from './message.ts'
export type {
  ConsumedMetrics,
  DurationHistogram,
  FailedAttempts,
  GroupMetrics,
  KafkaMetrics,
  PartitionMetrics,
  SentMetrics,
} from './metrics/types.ts'
export { correlation } from './middleware/correlation.ts'
export { type Claim, type DedupeOptions, type DedupeStore, dedupe } from './middleware/dedupe.ts'
export { type MemoryStoreOptions, memoryStore } from './middleware/memory-store.ts'
export type {
  BatchMiddlewareContext,
  BatchNext,
  Middleware,
  MiddlewareInput,
  Next,
  RecordMiddlewareContext,
  SendNext,
} from './middleware/middleware.ts'
export type { SendContext, SendRecord } from './middleware/send.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './middleware/standard-schema.ts'
export { type TimeoutOptions, timeout } from './middleware/timeout.ts'
export { type ValidateOptions, validate } from './middleware/validate.ts'
export type { RecordInput, SendOptions } from './producer/columns.ts'
export type { PartitionOffsets, ReplayOptions, ReplayProgress, ReplayReport } from './replay/replay-options.ts'
export type { ReplyOptions, RequestManyOptions, RequestOptions } from './rpc/options.ts'
export type { PeerName } from './rpc/peer.ts'
export type { Replies } from './rpc/replies.ts'
export type { RequestCounts } from './rpc/requester.ts'
export {
  createKafkaService,
  type DisconnectOptions,
  type KafkaService,
  kafkaService,
} from './service.ts'
export type { ReadOptions } from './stream/read-options.ts'
export type { RecordStream, StreamRecord } from './stream/record-stream.ts'
export type { BatchStreamOptions, StreamOptions } from './stream/stream-options.ts'
export type { SystemLogLevel } from './system-logs/pino-line.ts'
export {
  type SystemLogEntry,
  type SystemLogger,
  type SystemLoggerOptions,
  systemLogger,
} from './system-logs/system-logger.ts'

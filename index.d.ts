// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { inspect } from 'node:util';
import { EventEmitter } from 'node:events';

/** Every stable code that a `KafkaError` can carry. docs/errors.md says what each one means and what to do. */
type NaradErrorCode = 'NARAD_CONFIG_INVALID' | 'NARAD_UNKNOWN_OPTION' | 'NARAD_INVALID_ARGUMENT' | 'NARAD_NOT_CONNECTED' | 'NARAD_CLOSED' | 'NARAD_CONNECTION_FAILED' | 'NARAD_CONNECTION_TIMEOUT' | 'NARAD_DISCONNECT_TIMEOUT' | 'NARAD_AUTHENTICATION_FAILED' | 'NARAD_AUTHORIZATION_FAILED' | 'NARAD_SEND_FAILED' | 'NARAD_SEND_TIMEOUT' | 'NARAD_RECORD_TOO_LARGE' | 'NARAD_INVALID_TOPIC' | 'NARAD_UNKNOWN_TOPIC' | 'NARAD_UNKNOWN_PARTITION' | 'NARAD_ENCODE_FAILED' | 'NARAD_DECODE_FAILED' | 'NARAD_HANDLER_FAILED' | 'NARAD_HANDLER_TIMEOUT' | 'NARAD_PERMANENT' | 'NARAD_TRANSIENT' | 'NARAD_BUSINESS' | 'NARAD_DEAD_LETTER_FAILED' | 'NARAD_DEAD_LETTER_TOPIC' | 'NARAD_RETRY_FAILED' | 'NARAD_RETRY_TOPIC' | 'NARAD_SUBSCRIBE_FAILED' | 'NARAD_SUBSCRIBE_TIMEOUT' | 'NARAD_CONSUME_FAILED' | 'NARAD_SEEK_FAILED' | 'NARAD_NOT_ASSIGNED' | 'NARAD_OFFSET_OUT_OF_RANGE' | 'NARAD_COMMIT_FAILED' | 'NARAD_REQUEST_TIMEOUT' | 'NARAD_TOO_MANY_REQUESTS' | 'NARAD_REMOTE' | 'NARAD_ADMIN_FAILED' | 'NARAD_TOPIC_EXISTS' | 'NARAD_UNKNOWN_GROUP' | 'NARAD_GROUP_IN_USE' | 'NARAD_UNSAFE_INTEGER' | 'NARAD_FENCED' | 'NARAD_FATAL' | 'NARAD_NATIVE_MISSING' | 'NARAD_EMBEDDED_BROKER' | 'NARAD_EMBEDDED_UNSUPPORTED' | 'NARAD_EMBEDDED_DATA_LOST' | 'NARAD_INTERNAL';

/** Where an acknowledged record was written. */
interface RecordMetadata {
    topic: string;
    partition: number;
    offset: number;
    /** Milliseconds since the epoch. */
    timestamp: number;
}
/** A key as callers may give it. Whole numbers, such as ids, become their decimal digits. */
type KeyInput = string | Uint8Array | number | bigint | null | undefined;
/** One header value; `null` and the empty value are different. */
type HeaderValue = string | Uint8Array | null;
/**
 * Headers as callers may give them: by name, where an array repeats its header and undefined leaves it out, or as a list
 * of names and values, such as a record's `rawHeaders`, which keeps their order.
 */
type HeadersInput = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>> | ReadonlyArray<readonly [name: string, value: HeaderValue]>;
/** Headers as they are sent, in order. */
type HeaderList = ReadonlyArray<readonly [name: string, value: string | Buffer | null]>;
/**
 * A value with what Kafka sends beside it. Immutable: every method returns a new builder, so one may be kept as a
 * template. Made by {@link message}.
 */
declare class MessageBuilder<T = unknown> {
    #private;
    private constructor();
    /**
     * The key: records of one key go to one partition and are handled in order. The partition is the one that Java's
     * producer chooses (murmur2). Whole numbers become their decimal digits; `null` is no key.
     *
     * @throws {@link ArgumentError} for anything else.
     */
    key(key: KeyInput): MessageBuilder<T>;
    /**
     * One header, replacing any of the same name; an array repeats it.
     *
     * @throws {@link ArgumentError} for a value that is neither string, bytes nor null: convert numbers with `String()`.
     */
    header(name: string, value: HeaderValue | readonly HeaderValue[]): MessageBuilder<T>;
    /** Several headers, each replacing any of the same name. */
    headers(headers: HeadersInput): MessageBuilder<T>;
    /** The partition, from 0, whatever the key says. */
    partition(partition: number): MessageBuilder<T>;
    /** The time of the record, in milliseconds since the epoch or as a Date. Default: when it is sent. */
    timestamp(timestamp: number | Date): MessageBuilder<T>;
    /** Sets the header `x-correlation-id`. */
    correlationId(id: string): MessageBuilder<T>;
    /** Sets the header `x-conversation-id`. */
    conversationId(id: string): MessageBuilder<T>;
    /** Sets the header `x-causation-id`. */
    causationId(id: string): MessageBuilder<T>;
    /** Sets the header `x-message-id`. */
    messageId(id: string): MessageBuilder<T>;
    /** Sets the header `x-event-type`. */
    eventType(type: string): MessageBuilder<T>;
    /** Sets the header `x-source`. */
    source(service: string): MessageBuilder<T>;
}
/**
 * Starts a record with more than a value: `message(order).key(order.id).header('trace', id)`. The value is encoded
 * when it is sent; `null` is a tombstone. Of an event, key and headers are there already.
 */
declare function message<T>(value: T): MessageBuilder<T>;

/** What an error may be given beside its message. Fields that are left out do not appear on the error. */
interface KafkaErrorFields {
    /** Default: the class's own code. */
    code?: NaradErrorCode | undefined;
    /** Default: what the table says of the code. */
    retriable?: boolean | undefined;
    /** Default: what the table says of the code. */
    fatal?: boolean | undefined;
    cause?: unknown;
    topic?: string | undefined;
    partition?: number | undefined;
    offset?: number | undefined;
    key?: string | Buffer | null | undefined;
    group?: string | undefined;
    kafkaCode?: string | undefined;
    maybeInLog?: boolean | undefined;
}
/** An error as JSON: without stack, with its causes, and with nothing secret. */
interface KafkaErrorJson {
    name: string;
    code: NaradErrorCode;
    message: string;
    retriable: boolean;
    fatal: boolean;
    topic?: string;
    partition?: number;
    offset?: number;
    key?: string | null;
    group?: string;
    kafkaCode?: string;
    maybeInLog?: boolean;
    results?: Array<RecordMetadata | KafkaErrorJson>;
    retryAfterMs?: number;
    remoteName?: string;
    remoteCode?: string;
    cause?: unknown;
}
/**
 * The parent of every error that narad raises. `code` is stable and documented in docs/errors.md; messages are for
 * people and may change.
 *
 * `instanceof` also holds for an error that another copy of the package made. Neither message, JSON nor
 * `util.inspect` shows secrets.
 */
declare class KafkaError extends Error {
    /** What went wrong, as a stable code. */
    readonly code: NaradErrorCode;
    /** Whether the same call may succeed later with nothing changed. */
    readonly retriable: boolean;
    /** Whether the producer or consumer that raised it is of no use any more. */
    readonly fatal: boolean;
    readonly topic?: string;
    readonly partition?: number;
    readonly offset?: number;
    readonly key?: string | Buffer | null;
    readonly group?: string;
    /** librdkafka's name of the error, such as `MSG_SIZE_TOO_LARGE`, where the native client raised it. */
    readonly kafkaCode?: string;
    /** On a failed send: whether the record may be in the log all the same, so that sending it again may duplicate it. */
    readonly maybeInLog?: boolean;
    constructor(message: string, fields?: KafkaErrorFields);
    /** The error for a structured log: all its fields and causes, without stacks. */
    toJSON(): KafkaErrorJson;
}

/** {@link KafkaErrorFields} of a {@link SendError}. */
interface SendErrorFields extends KafkaErrorFields {
    results?: Array<RecordMetadata | KafkaError> | undefined;
}
/** {@link KafkaErrorFields} of a {@link TransientError}. */
interface TransientErrorFields extends KafkaErrorFields {
    /** After how long the record is to be handled again, in milliseconds from 0 to 2,147,483,647. */
    retryAfterMs?: number | undefined;
}
/** An option of the configuration or an environment variable that is wrong, or an option of any call that is unknown. */
declare class ConfigError extends KafkaError {
    static readonly defaultCode = "NARAD_CONFIG_INVALID";
}
/** An argument of a call that has a wrong type or value; nothing was sent. */
declare class ArgumentError extends KafkaError {
    static readonly defaultCode = "NARAD_INVALID_ARGUMENT";
}
/** A call that needs a connection there is not; the message always includes `not connected`. */
declare class NotConnectedError extends KafkaError {
    static readonly defaultCode = "NARAD_NOT_CONNECTED";
    constructor(message: string, fields?: KafkaErrorFields);
}
/** A call on a service that was disconnected or is disconnecting. */
declare class ClosedError extends KafkaError {
    static readonly defaultCode = "NARAD_CLOSED";
}
/** No broker could be reached, or not in time. */
declare class ConnectionError extends KafkaError {
    static readonly defaultCode = "NARAD_CONNECTION_FAILED";
}
/** The broker refused the credentials, or the TLS handshake failed. */
declare class AuthenticationError extends KafkaError {
    static readonly defaultCode = "NARAD_AUTHENTICATION_FAILED";
}
/** The principal lacks a right on a topic, a group or the cluster. */
declare class AuthorizationError extends KafkaError {
    static readonly defaultCode = "NARAD_AUTHORIZATION_FAILED";
}
/** A record, or some records of an array, were not acknowledged. */
declare class SendError extends KafkaError {
    static readonly defaultCode: 'NARAD_SEND_FAILED' | 'NARAD_SEND_TIMEOUT';
    /** For an array: what became of each record, in input order. */
    readonly results?: Array<RecordMetadata | KafkaError>;
    constructor(message: string, fields?: SendErrorFields);
    toJSON(): KafkaErrorJson;
}
/** A record over the client's, the broker's or the topic's limit; it alone was refused. */
declare class RecordTooLargeError extends KafkaError {
    static readonly defaultCode = "NARAD_RECORD_TOO_LARGE";
}
/** A topic or partition that is not allowed or not there. */
declare class TopicError extends KafkaError {
    static readonly defaultCode = "NARAD_INVALID_TOPIC";
}
/** A value that the codec cannot encode; nothing of the call was sent. */
declare class EncodeError extends KafkaError {
    static readonly defaultCode = "NARAD_ENCODE_FAILED";
}
/** Received bytes that the codec cannot decode: a permanent error. */
declare class DecodeError extends KafkaError {
    static readonly defaultCode = "NARAD_DECODE_FAILED";
}
/** A handler threw, rejected or passed its deadline; what it threw is the `cause`. */
declare class HandlerError extends KafkaError {
    static readonly defaultCode = "NARAD_HANDLER_FAILED";
}
/** A handler had not settled at its deadline (`timeoutMs`). */
declare class HandlerTimeoutError extends KafkaError {
    static readonly defaultCode = "NARAD_HANDLER_TIMEOUT";
}
/**
 * For handlers to throw when no retry would mend the record: it becomes a dead letter at once.
 *
 * @example throw new PermanentError('bad address', { cause })
 */
declare class PermanentError extends KafkaError {
    static readonly defaultCode = "NARAD_PERMANENT";
}
/**
 * For handlers to throw when the record may be handled later, which is also what any other error means. It can say
 * when.
 *
 * @example throw new TransientError('rate limited', { retryAfterMs: 5_000 })
 */
declare class TransientError extends KafkaError {
    static readonly defaultCode = "NARAD_TRANSIENT";
    /** After how long the record is to be handled again, in milliseconds; without it, the back-off decides. */
    readonly retryAfterMs?: number;
    /** @throws {@link ArgumentError} for a `retryAfterMs` that is no delay. */
    constructor(message: string, fields?: TransientErrorFields);
    toJSON(): KafkaErrorJson;
}
/** For handlers to throw when the record is refused for good reason: it is done, without retry or dead letter. */
declare class BusinessError extends KafkaError {
    static readonly defaultCode = "NARAD_BUSINESS";
}
/** A dead letter that was not written, or whose topic is not there. */
declare class DeadLetterError extends KafkaError {
    static readonly defaultCode: 'NARAD_DEAD_LETTER_FAILED' | 'NARAD_DEAD_LETTER_TOPIC';
}
/** A record that was not written to its retry topic, or whose retry topic is not there. */
declare class RetryTopicError extends KafkaError {
    static readonly defaultCode: 'NARAD_RETRY_FAILED' | 'NARAD_RETRY_TOPIC';
}
/** A subscription that failed or took too long. */
declare class SubscribeError extends KafkaError {
    static readonly defaultCode = "NARAD_SUBSCRIBE_FAILED";
}
/** Reading from a partition failed. */
declare class ConsumeError extends KafkaError {
    static readonly defaultCode = "NARAD_CONSUME_FAILED";
}
/** Offsets that were not committed. */
declare class CommitError extends KafkaError {
    static readonly defaultCode = "NARAD_COMMIT_FAILED";
}
/** A request without a reply. */
declare class RequestError extends KafkaError {
    static readonly defaultCode: 'NARAD_REQUEST_TIMEOUT' | 'NARAD_TOO_MANY_REQUESTS';
}
/** {@link KafkaErrorFields} of a {@link RemoteError}. */
interface RemoteErrorFields extends KafkaErrorFields {
    remoteName?: string | undefined;
    remoteCode?: string | undefined;
}
/** The handler of a request failed, on the other side: the message is that of its error. */
declare class RemoteError extends KafkaError {
    static readonly defaultCode = "NARAD_REMOTE";
    /** Name of the handler's error, such as `TypeError`. */
    readonly remoteName: string;
    /** Code of the handler's error, where it has one. */
    readonly remoteCode?: string;
    constructor(message: string, fields?: RemoteErrorFields);
    toJSON(): KafkaErrorJson;
}
/** The cluster did not do what it was asked for by `kafkaService.admin`. */
declare class AdminError extends KafkaError {
    static readonly defaultCode = "NARAD_ADMIN_FAILED";
}
/** The native client is of no use any more and must be connected anew. */
declare class FatalError extends KafkaError {
    static readonly defaultCode = "NARAD_FATAL";
}
/** The native part of the package could not be loaded. */
declare class NativeLoadError extends KafkaError {
    static readonly defaultCode = "NARAD_NATIVE_MISSING";
}
/** The embedded broker cannot do what was asked. */
declare class EmbeddedBrokerError extends KafkaError {
    static readonly defaultCode = "NARAD_EMBEDDED_BROKER";
}
/** A defect in narad itself. */
declare class InternalError extends KafkaError {
    static readonly defaultCode = "NARAD_INTERNAL";
}

/**
 * What a failure means for its record: no retry would mend it (`permanent`), it may be handled later (`transient`), or
 * it was refused for good reason and is done (`business`).
 */
type FailureClass = 'permanent' | 'transient' | 'business';
/** Says what an error of a handler means; undefined leaves it to narad. Must not throw and must not be async. */
type Classify = (error: unknown) => FailureClass | undefined;

/** How often and when a record is handled again. */
interface RetryOptions {
    /**
     * Retries after the first attempt, from 0. Default: the service's `maxRetries`, which is 3 unless it is configured.
     */
    maxRetries?: number;
    /**
     * The longest wait before the first retry, in milliseconds. It doubles with each retry, and the wait itself is drawn
     * at random from 0 to it, so that what failed together is not tried together. Default: 1,000, or `maxDelayMs` where
     * that is less.
     */
    initialDelayMs?: number;
    /**
     * The longest wait before any retry, in milliseconds, at least `initialDelayMs`. A `retryAfterMs` of an error is kept
     * to even where it is longer. Default: 30,000, or `initialDelayMs` where that is more.
     */
    maxDelayMs?: number;
    /**
     * Retry topics, for waits of minutes and more: a record that has used up its retries goes to the first of them, is
     * handled once more when its delay is over, goes to the next if that fails too, and after the last becomes a dead
     * letter. Needs `ordering: 'none'`, since later records of a key do not wait for it. Default: none.
     */
    topics?: readonly RetryTopicOptions[];
}
/** A retry topic, `<topic>.<group>.retry.<delay>`, such as `orders.billing.retry.5m`. */
interface RetryTopicOptions {
    /** How long a record waits in it after its last attempt, in milliseconds from 1; the same delay may come again. */
    delayMs: number;
}
/** Where records go that could not be handled. */
interface DeadLetterOptions {
    /** One topic for all. Default: the service's `dlqTopic`, or else `<topic>.<group>.dlq` for each topic. */
    topic?: string;
}
/** What is taken for an outage: records fail because something is down that all of them need. */
interface OutageOptions {
    /**
     * How many keys have to fail alike (by name and code of the error and its causes), with no success in between, 2 to
     * 1,000.
     *
     * @defaultValue `10`
     */
    keys?: number;
    /**
     * The longest wait before the first probe, in milliseconds. It doubles with each, and the wait itself is drawn at
     * random from 0 to it. Default: that of `retry`, at least 100.
     */
    initialDelayMs?: number;
    /** The longest wait before any probe, in milliseconds, at least `initialDelayMs`. Default: that of `retry`, at least 100. */
    maxDelayMs?: number;
}
/** What becomes of records whose handler fails. */
interface DeliveryOptions {
    /** `false`: no retry. */
    retry?: RetryOptions | false;
    /** `false`: no dead letters, see `onExhausted`. */
    dlq?: DeadLetterOptions | false;
    /**
     * Only with `dlq: false`: what a record does that is given up. `stop` stops its partition before it, so that nothing
     * is lost and nothing goes on; `skip` loses the record.
     *
     * @defaultValue `stop`
     */
    onExhausted?: 'stop' | 'skip';
    /**
     * When many keys fail alike, records wait until a probe succeeds, and nothing is given up meanwhile. `false`: each
     * record is retried and given up for itself.
     */
    outage?: OutageOptions | false;
    /** Says what an error of the handler means, before narad does. */
    classify?: Classify;
    /**
     * The deadline of each attempt, in milliseconds from 1. When it passes, `context.signal` aborts and the attempt
     * counts as failed; later records of the lane wait until the handler settles. `Infinity`: none.
     *
     * @defaultValue `60000`
     */
    timeoutMs?: number;
}

/** Durations by how long they were; as a histogram with explicit bounds in OpenTelemetry and Prometheus. */
interface DurationHistogram {
    /** Upper bounds of the buckets in seconds, each included in its bucket. */
    bounds: readonly number[];
    /** Durations in each bucket; the last one, beyond all bounds, is one more than there are bounds. Not cumulative. */
    buckets: number[];
    /** All of them. */
    count: number;
    /** In seconds. */
    sum: number;
}
/** What was sent to a topic, dead letters included. */
interface SentMetrics {
    topic: string;
    /** Records that the broker acknowledged. */
    sent: number;
    /** Bytes of their keys and values. */
    sentBytes: number;
    /** Records that were handed over and failed, by error code. */
    failed: Partial<Record<NaradErrorCode, number>>;
    /** Now: records that were handed to the native side and have no result yet. */
    inFlight: number;
    /** From there to the acknowledgement. */
    latency: DurationHistogram;
}
/** Attempts that failed, by what the failure meant. */
interface FailedAttempts extends Record<FailureClass, number> {
    /** They failed when the record was not this member's any more: it is handled again by whoever has it next. */
    aborted: number;
}
/** What a group handled of a topic. */
interface ConsumedMetrics {
    topic: string;
    /** Records that were taken over from the broker's side, each time that they were. */
    received: number;
    /** Bytes of their keys and values. */
    receivedBytes: number;
    /** Attempts that ended well. */
    handled: number;
    failed: FailedAttempts;
    /** Failed attempts after which the record is handled again, here or from a retry topic. */
    retried: number;
    /** Dead letters that were written. */
    deadLettered: number;
    /** Times that a dead letter, or a record for a retry topic, could not be written; that is tried again. */
    deadLetterFailures: number;
    /** Records that were given up with `onExhausted: 'skip'`. */
    skipped: number;
    /** Times that a partition stopped, with `onExhausted: 'stop'`. */
    stopped: number;
    /**
     * From before the value is decoded until the handler has settled, middleware included, whether it failed or not. A
     * batch counts once, with the topic of its first record, and without decoding.
     */
    duration: DurationHistogram;
}
/** A partition that is assigned now. */
interface PartitionMetrics {
    topic: string;
    partition: number;
    /** Records that were received and are not finished. */
    inFlight: number;
    /**
     * Records from the first one that is not finished to the end of the log; undefined until the end is known. The end is
     * what the last fetch told, so the lag of a partition that is paused, or whose handlers are slow, may be larger.
     */
    lag: number | undefined;
}
/** What a consumer group of this service does. */
interface GroupMetrics {
    group: string;
    commits: {
        /** Answered by the coordinator. */
        succeeded: number;
        /** Refused; they are tried again. */
        failed: number;
    };
    /** Changes of the assignment by kind. */
    rebalances: {
        assigned: number;
        revoked: number;
        lost: number;
    };
    /** Now: records that wait for a retry, a dead letter or a late handler, or behind one that does. */
    held: number;
    /** By name. */
    topics: ConsumedMetrics[];
    /** By topic and number. */
    partitions: PartitionMetrics[];
}
/** What {@link KafkaService.metrics} gives. What is not marked as of now only grows while the process runs. */
interface KafkaMetrics {
    producer: {
        /** Now: records that wait to be handed to the native side. */
        queued: number;
        /** By name. */
        topics: SentMetrics[];
    };
    /** By name. */
    groups: GroupMetrics[];
}

/** What an encoder is told of the record. */
interface EncodeContext {
    topic: string;
    /** The record's place in an array that is sent; undefined for a single record. */
    index?: number | undefined;
}
/** What a decoder is told of the record. */
interface DecodeContext {
    topic: string;
    partition: number;
    offset: number;
    /** The record's time in milliseconds since the epoch, -1 where it has none. */
    readonly timestamp: number;
    /** As UTF-8 text, the last of each name; decoded when they are read. */
    readonly headers: Readonly<Record<string, string | null>>;
}
/**
 * Turns values into bytes and back, synchronously. `null` (a tombstone) never reaches a codec: it stays `null` both
 * ways.
 *
 * @typeParam T What handlers receive.
 */
interface Codec<T = unknown> {
    /** For messages of errors. */
    readonly name?: string;
    /** The bytes of a value, text being sent as UTF-8. `null` makes the record a tombstone. */
    encode(value: T, context: EncodeContext): string | Uint8Array | null;
    /**
     * The value of the bytes, which are a view of a larger buffer: copy what is to be kept. Whatever it throws is a
     * permanent error.
     */
    decode(bytes: Buffer, context: DecodeContext): T;
    /**
     * Headers that belong to the bytes, such as their content type. They take the place of others of their names; those of
     * a tombstone are not asked for.
     */
    headers?(value: T, context: EncodeContext): HeadersInput;
}
/** `json`, `string` (UTF-8 text), `buffer` (bytes as they are), or an object with `encode` and `decode`. */
type CodecOption<T = unknown> = 'json' | 'string' | 'buffer' | Codec<T>;
/**
 * A codec after {@link resolveCodec}: it is checked, throws only typed errors, and decodes out of a larger buffer
 * without a copy or an object for every record.
 */
interface ResolvedCodec<T = unknown> {
    readonly name: string;
    /** @throws {@link EncodeError} that names the record. */
    encode(value: unknown, context: EncodeContext): string | Buffer | null;
    /**
     * Decodes `bytes[start, end)`; there is no value for a tombstone, so callers keep `null` away.
     *
     * @throws {@link DecodeError} that names topic, partition and offset.
     */
    decode(bytes: Buffer, start: number, end: number, context: DecodeContext): T;
    /**
     * Of a value that was encoded to bytes.
     *
     * @throws {@link EncodeError} that names the record.
     */
    readonly headers?: (value: unknown, context: EncodeContext) => HeaderList;
}

/** A header as it was sent. */
type RawHeader = readonly [name: string, value: Buffer | null];
/**
 * What a handler is told beside the value. Fields are decoded when they are read. Keeping a context keeps the memory
 * of its whole batch (up to 1 MiB): copy the fields that are to be kept.
 */
declare class RecordContext {
    #private;
    /** How often the record was handed to the handler, from 1; retries count. */
    readonly attempt: number;
    get topic(): string;
    get partition(): number;
    /** The consumer group. */
    get group(): string;
    get offset(): number;
    /** The record's time in milliseconds since the epoch, -1 where it has none. */
    get timestamp(): number;
    /**
     * Aborts at the handler's deadline, and when the record is no longer this member's to handle or the service
     * disconnects.
     */
    get signal(): AbortSignal;
    /**
     * With `commit: 'manual'`: the record is finished, now or when its handler has ended well. May be called at any time, in
     * any order; the committed position passes no record that was not acknowledged.
     *
     * @returns False when it comes too late: the attempt failed, or the record was given back, because its partition went
     *   to another member or elsewhere by a seek, or the service disconnects. It will be handled again.
     * @throws {@link ArgumentError} where the subscription does not commit by hand.
     */
    ack(): boolean;
    /** The key as UTF-8 text; `null` for none, which is not the empty key. */
    get key(): string | null;
    /** The key's bytes. */
    get rawKey(): Buffer | null;
    /** The value's bytes; `null` for a tombstone, which is not an empty value. */
    get rawValue(): Buffer | null;
    /** Headers as UTF-8 text, the last of each name; the object has no prototype. See also {@link rawHeaders}. */
    get headers(): Readonly<Record<string, string | null>>;
    /** All headers in the order in which they were sent, repeated ones included. */
    get rawHeaders(): readonly RawHeader[];
    /** Header `x-correlation-id`. */
    get correlationId(): string | undefined;
    /** Header `x-conversation-id`. */
    get conversationId(): string | undefined;
    /** Header `x-causation-id`. */
    get causationId(): string | undefined;
    /** Header `x-message-id`. */
    get messageId(): string | undefined;
    /** Header `x-event-type`. */
    get eventType(): string | undefined;
    /** Header `x-source`. */
    get source(): string | undefined;
    /** What `console.log` shows: as {@link toJSON}. */
    [inspect.custom](): object;
    /** For logs: the place, and nothing of the record's content. */
    toJSON(): {
        topic: string;
        partition: number;
        offset: number;
        group: string;
        attempt: number;
    };
}
/** What a batch handler is told beside the values. */
interface BatchContext {
    /** The context of each value, at the same index. */
    readonly records: readonly RecordContext[];
    readonly group: string;
    readonly signal: AbortSignal;
    /**
     * {@link RecordContext.ack} of all records.
     *
     * @returns False when it came too late for any of them.
     */
    ack(): boolean;
}

/** The unfinished record of a partition with the smallest offset: the committed position cannot pass it. */
interface BlockingRecord {
    topic: string;
    partition: number;
    offset: number;
    key: string | null;
    /**
     * What is to end: its handler (`handler`), the back-off before its next attempt, or the delay of its retry topic
     * (`retry`), writing it to its retry topic or as a dead letter (`dead-letter`), an outage, or the doubt whether there is
     * one (`outage`), the wait for `ack()` (`ack`), the pause of its partition (`paused`), or the records before it
     * (`queued`).
     */
    doing: 'handler' | 'retry' | 'dead-letter' | 'outage' | 'ack' | 'paused' | 'queued';
    /** Which attempt runs, comes next, or, for a dead letter, was the last, from 1; not known of a record that waits for its ack. */
    attempt?: number;
    /** For how long its handler has run, in milliseconds; see {@link UnfinishedRecord.runningMs}. */
    runningMs?: number;
    /** After how many milliseconds it is handled again, or written again. */
    nextAttemptInMs?: number;
    /** What its last attempt failed with, as name and message, without what looks like a secret. */
    error?: string;
    /** The name of its handler's function, where it has one. */
    handler?: string;
}

/** A record that its subscription is busy with. */
interface UnfinishedRecord {
    topic: string;
    partition: number;
    offset: number;
    key: string | null;
    /** Which attempt at it this is, from 1. */
    attempt: number;
    /** What has not ended: its handler, or writing it to its retry topic or as a dead letter (`dead-letter`). */
    doing: 'handler' | 'dead-letter';
    /**
     * For how long, in milliseconds. Without metrics (`enableMiddleware: false`) this is what was seen of a handler of single
     * records, which is up to a twentieth of `timeoutMs` less, and at most a second.
     */
    runningMs: number;
}

/**
 * Where a partition goes on: at an offset, at its beginning or end, so many offsets before its end or after its beginning
 * (at most at the other), or at the first record of a time or later.
 */
type SeekTarget = number | 'beginning' | 'end' | Date | {
    timestamp: number | Date;
} | {
    beforeEnd: number;
} | {
    afterBeginning: number;
};

/** A partition, or without a number all partitions of a topic that this member has at the moment. */
interface PartitionPlace {
    topic: string;
    partition?: number;
}
/**
 * Topics that are being handled: what `subscribe` resolves to. In log-only mode there are no partitions: calls that name
 * some do nothing, and a pause of all holds once the service goes live.
 */
declare class Subscription {
    #private;
    /** The consumer group. */
    get group(): string;
    /** The names of the topics that it handles now, those that match a RegExp included. */
    get topics(): readonly string[];
    /** Whether all of it was paused, by {@link pause} without places. */
    get isPaused(): boolean;
    /**
     * Begins nothing more of these partitions, from this call on: no record, no retry, no batch. Handlers that run go on,
     * other partitions too, and the member stays in its group. What was received already is kept, in order, and fetching
     * stops once the prefetch is full.
     *
     * A pause ends with {@link resume}, or when the partition goes to another member. Partitions that are assigned later
     * are paused only if all of the subscription is.
     *
     * @param places Default: all of the subscription.
     * @throws {@link ConsumeError} (`NARAD_NOT_ASSIGNED`) when this member does not have such a partition;
     *   {@link ArgumentError}
     */
    pause(places?: PartitionPlace | readonly PartitionPlace[]): void;
    /**
     * Goes on where {@link pause} stopped. After a pause of all, `resume(places)` goes on with these alone.
     *
     * @param places Default: all of the subscription, however it was paused.
     * @throws As {@link pause}.
     */
    resume(places?: PartitionPlace | readonly PartitionPlace[]): void;
    /**
     * Goes on with a partition, or with all of a topic's that are assigned here, somewhere else, forwards or backwards.
     * Once it resolves, no record from before the seek begins: what was received and had not begun is dropped. Handlers
     * that run go on, and their end counts for nothing. The new position is committed with the next commit, before any
     * record of it is handled. A partition that had stopped goes on, one that is paused stays paused.
     *
     * @param target A time is in milliseconds since the epoch, or a Date; where no record is that late, the end is meant.
     * @throws {@link ConsumeError}: `NARAD_NOT_ASSIGNED` when this member does not have the partition,
     *   `NARAD_OFFSET_OUT_OF_RANGE` when the log does not have the offset, `NARAD_SEEK_FAILED`; {@link ArgumentError},
     *   {@link ClosedError}, {@link EmbeddedBrokerError} for a time
     */
    seek(place: PartitionPlace, target: SeekTarget): Promise<void>;
}

/** Why partitions came or went. */
interface RebalanceEvent {
    group: string;
    kind: 'assigned' | 'revoked' | 'lost';
    partitions: Array<{
        topic: string;
        partition: number;
    }>;
}

type RebalanceKind = RebalanceEvent['kind'];
/** How a consumer group's member is. */
interface GroupHealth {
    group: string;
    /**
     * It handles records or waits for some (`consuming`), has no partition (`idle`), waits for the end of an outage, is
     * leaving, or has failed for good.
     */
    state: 'idle' | 'consuming' | 'outage' | 'leaving' | 'failed';
    /** The partitions that it has. */
    partitions: Array<{
        topic: string;
        partition: number;
    }>;
    /** Records that handlers have at the moment. */
    running: number;
    /** Records that wait for something other than a free handler: a retry, a dead letter, a resume, the end of an outage. */
    held: number;
    /** Outages that last, by subscription. */
    outages: Array<{
        topics: string[];
        error: string;
        sinceMs: number;
    }>;
    /** What the writing of a dead letter failed with last, while one is still to be written. */
    deadLetterError?: string;
    /** The error after which the member is of no use any more. */
    error?: string;
    /**
     * The last time that partitions came or went. `cause`: this member subscribed, or the topics that it reads changed
     * (`topics`), it left (`leaving`), it failed for good (`error`), or the group changed (`group`): others came or went,
     * topics got partitions, or, for `lost`, the group no longer counted on this member.
     */
    lastRebalance?: {
        kind: RebalanceKind;
        cause: 'topics' | 'leaving' | 'error' | 'group';
        atMs: number;
    };
    /**
     * Of each partition with unfinished records the oldest one, at most twenty: those that failed most often come first,
     * then those whose handlers have run the longest.
     */
    blocking: BlockingRecord[];
    /** Milliseconds since the thread of the group came round, which it does at least each second. */
    pollAgeMs: number;
    /** How long the handler that is past its deadline the longest has gone on since, in milliseconds; 0: none is. */
    overdueMs: number;
}

/** Whether records go to a broker (`live`), are printed (`log-only`), or nothing is connected. */
type ServiceMode = 'live' | 'log-only' | 'disconnected';
/** How a service is, as far as it knows without asking anyone. */
interface Health {
    /** Whether a broker can be reached. */
    status: 'connected' | 'disconnected';
    clientId: string;
    /** The brokers to begin with, as configured. */
    brokers: readonly string[] | 'embedded';
    mode: ServiceMode;
    /** False when only a restart of the process would help. */
    live: boolean;
    /**
     * Whether the service can do its work now: it is connected, and nothing that it needs is known to be down. It needs no
     * partition for that.
     */
    ready: boolean;
    /** Why it is not live, or not ready; empty when it is both. */
    reasons: string[];
    /** The consumer groups. */
    groups: GroupHealth[];
}

/** What answers, and where. */
interface HealthRouteOptions {
    /** Whose health it is. Default: the shared `kafkaService`. */
    service?: {
        health(): Health;
    };
    /**
     * Where the routes are, below where they are mounted; false leaves one out.
     *
     * @defaultValue `{ health: '/health/kafka', live: '/health/live', ready: '/health/ready' }`
     */
    paths?: {
        health?: string | false;
        live?: string | false;
        ready?: string | false;
    };
    /**
     * Whether answers say why, with the messages of errors, the names of groups and topics, and the keys of records that
     * block: for where not anyone may ask.
     *
     * @defaultValue `false`
     */
    details?: boolean;
}

/** What every call of administration takes. */
interface AdminCallOptions {
    /** The longest that the cluster may take for it once it is connected, in milliseconds, at most 3,500,000. Default: 30,000. */
    timeoutMs?: number;
}

/** A topic in a list. */
interface TopicListing {
    topic: string;
    /** How many partitions it has. */
    partitions: number;
    /** On how many brokers each partition is kept. */
    replicationFactor: number;
    /** Whether it is one of Kafka's own. */
    isInternal: boolean;
}
/** A partition of a topic; brokers are numbers. */
interface PartitionDescription {
    partition: number;
    /** The broker that it is read from and written to; null while there is none. */
    leader: number | null;
    /** The brokers that keep it. */
    replicas: number[];
    /** Those of them that have all of it. */
    inSync: number[];
}
/** What a user may do with something, by Kafka's names of the operations. */
type Right = 'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ALTER' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'ALTER_CONFIGS' | 'CLUSTER_ACTION' | 'IDEMPOTENT_WRITE';
/** A topic as its cluster describes it. */
interface TopicDescription {
    topic: string;
    /** What no other topic has, one of the same name before or after it included. The embedded broker has none. */
    id?: string;
    isInternal: boolean;
    partitions: PartitionDescription[];
    /** What the user may do with it, where that was asked for and the cluster tells it. */
    rights?: Right[];
}
/** The records that a partition has. */
interface LogOffsets {
    partition: number;
    /** Offset of the first. */
    beginning: number;
    /** The offset after the last. */
    end: number;
}
/** A setting of a topic in force. */
interface TopicConfig {
    name: string;
    /** Null where the cluster does not tell it, because it is a secret. */
    value: string | null;
    /** Who set it: this topic, its broker, all brokers, the file of the broker; or nobody. */
    source: 'topic' | 'broker' | 'cluster' | 'file' | 'default';
    isReadOnly: boolean;
    isSensitive: boolean;
}
/** A broker. */
interface BrokerDescription {
    id: number;
    host: string;
    port: number;
    /** Where it stands, if it was told. */
    rack?: string;
}
/** A cluster as it describes itself. */
interface ClusterDescription {
    /** What no other cluster has; null where it is not told. */
    id: string | null;
    /** The number of the broker that requests about topics go to; null on the embedded broker. */
    controller: number | null;
    /** Those that are up. */
    brokers: BrokerDescription[];
}
/** A consumer group in a list. */
interface GroupListing {
    group: string;
    state: GroupState;
    /** The protocol that its members speak: `classic`, or `consumer`, which is that of KIP-848. */
    protocol: 'classic' | 'consumer' | 'unknown';
}
/** In Kafka's words: `Empty` has no members; `Unknown` also stands for a group of KIP-848 that is being balanced. */
type GroupState = 'Stable' | 'Empty' | 'Dead' | 'PreparingRebalance' | 'CompletingRebalance' | 'Unknown';
/** What a group has done of a partition. */
interface PartitionLag {
    topic: string;
    partition: number;
    /** The offset that it goes on at; null where it has committed none. */
    committed: number | null;
    /** The offset after the last record; null where the topic is gone. */
    end: number | null;
    /** Records from `committed` to `end`; null where one of them is not known. */
    lag: number | null;
    /**
     * The age of the record at `committed` in milliseconds, where it was asked for: how far behind the group is in time. 0
     * without a lag, null where it is not known.
     */
    lagMs?: number | null;
}
/** A member of a group. */
interface GroupMember {
    /** What the coordinator calls it. */
    id: string;
    /** What it calls itself. */
    clientId: string;
    /** The name of a static member. */
    instanceId?: string;
    /** Where it connects from. */
    host: string;
    /** What it has, sorted. */
    partitions: Array<{
        topic: string;
        partition: number;
    }>;
}
/** A group as its coordinator describes it. */
interface GroupDescription extends GroupListing {
    /** How its partitions are dealt out; empty without members. */
    assignor: string;
    /** The broker that keeps it; null where it is not known. */
    coordinator: BrokerDescription | null;
    members: GroupMember[];
    /** What it has committed of, and what its members have; sorted. */
    partitions: Array<PartitionLag & {
        memberId: string | null;
    }>;
    /** The sum over all partitions whose lag is known. */
    lag: number;
    /** What the user may do with it, where that was asked for and the cluster tells it. */
    rights?: Right[];
}
/** A change of a committed offset. */
interface OffsetReset {
    topic: string;
    partition: number;
    /** What was committed before; null where nothing was. */
    from: number | null;
    to: number;
}

/** Options of {@link Groups.offsets}. */
interface GroupOffsetsOptions extends AdminCallOptions {
    /** Also how far behind the group is in time, `lagMs`: reads a record of each partition with a lag. Default: false. */
    time?: boolean;
}
/** Options of {@link Groups.describe}. */
interface DescribeGroupsOptions extends GroupOffsetsOptions {
    /** Also what the user may do with each. Default: false. */
    rights?: boolean;
}
/** Where a group is to go on: as {@link SeekTarget}, or at the first record that is no older than a duration. */
type ResetTarget = SeekTarget | {
    agoMs: number;
};
/** Options of {@link Groups.resetOffsets}. */
interface ResetOffsetsOptions extends AdminCallOptions {
    to: ResetTarget;
    /** Default: all topics that the group has committed offsets of. */
    topics?: string | readonly string[];
    /** Partitions of the one topic that is named. Default: all. */
    partitions?: readonly number[];
    /** Only tells what it would do. Default: false. */
    dryRun?: boolean;
}
/** Administration of consumer groups, `kafkaService.admin.groups`. */
declare class Groups {
    #private;
    /**
     * All groups, by name.
     *
     * @throws {@link EmbeddedBrokerError}
     */
    list(options?: AdminCallOptions): Promise<GroupListing[]>;
    /**
     * State, members, and how far behind it is.
     *
     * @throws {@link AdminError} `NARAD_UNKNOWN_GROUP`, {@link EmbeddedBrokerError}
     */
    describe(groups: readonly string[], options?: DescribeGroupsOptions): Promise<GroupDescription[]>;
    describe(group: string, options?: DescribeGroupsOptions): Promise<GroupDescription>;
    /** What a group has committed, and how far behind it is; also where it has neither members nor a state. */
    offsets(group: string, options?: GroupOffsetsOptions): Promise<PartitionLag[]>;
    /**
     * Lets a group without members go on somewhere else.
     *
     * @returns What was committed before, and what is now.
     * @throws {@link AdminError} `NARAD_GROUP_IN_USE` while it has members, `NARAD_UNKNOWN_GROUP` where it has committed
     *   nothing and no topics are named; {@link ConsumeError} `NARAD_OFFSET_OUT_OF_RANGE` for an offset that a log does not
     *   have; {@link TopicError}
     */
    resetOffsets(group: string, options: ResetOffsetsOptions): Promise<OffsetReset[]>;
    /**
     * Forgets groups without members, and what they have committed. Where one is refused, others may be gone.
     *
     * @throws {@link AdminError} `NARAD_GROUP_IN_USE`, `NARAD_UNKNOWN_GROUP`; {@link EmbeddedBrokerError}
     */
    delete(groups: string | readonly string[], options?: AdminCallOptions): Promise<void>;
}

/** Options of {@link Topics.list}. */
interface ListTopicsOptions extends AdminCallOptions {
    /** Kafka's own topics as well. Default: false. */
    internal?: boolean;
}
/** Options of {@link Topics.describe}. */
interface DescribeTopicsOptions extends AdminCallOptions {
    /** Also what the user may do with each. Default: false. */
    rights?: boolean;
}
/** Options of {@link Topics.create}. */
interface CreateTopicOptions extends AdminCallOptions {
    /** Default: the cluster's own, `num.partitions`. */
    partitions?: number;
    /** On how many brokers each partition is kept. Default: the cluster's own, `default.replication.factor`. */
    replicationFactor?: number;
    /** Settings, such as `{ 'retention.ms': 86_400_000 }`. */
    configs?: Readonly<Record<string, string | number | boolean>>;
    /** Leaves a topic that is there as it is. Default: false, it is an error. */
    ifNotExists?: boolean;
}
/** Options of {@link Topics.deleteRecords}. */
interface DeleteRecordsOptions extends AdminCallOptions {
    /** What comes before this is deleted: all records before an offset or a time, or with `'end'` all that are there. */
    before: SeekTarget;
    /** Default: all. */
    partitions?: readonly number[];
    /** Only tells what it would do. Default: false. */
    dryRun?: boolean;
}
/** Administration of topics, `kafkaService.admin.topics`. */
declare class Topics {
    #private;
    /** All topics, by name. */
    list(options?: ListTopicsOptions): Promise<TopicListing[]>;
    /**
     * Partitions, leaders and replicas.
     *
     * @throws {@link TopicError} for the first that is not there.
     */
    describe(topics: readonly string[], options?: DescribeTopicsOptions): Promise<TopicDescription[]>;
    describe(topic: string, options?: DescribeTopicsOptions): Promise<TopicDescription>;
    /** Where each partition begins and ends. */
    offsets(topic: string, options?: AdminCallOptions): Promise<LogOffsets[]>;
    /**
     * Creates a topic.
     *
     * @returns Whether it was created: false where it was there and may be.
     * @throws {@link AdminError} `NARAD_TOPIC_EXISTS`, {@link ArgumentError} for what the cluster refuses,
     *   {@link EmbeddedBrokerError} for settings on the embedded broker, which has none.
     */
    create(topic: string, options?: CreateTopicOptions): Promise<boolean>;
    /**
     * The settings in force, by name.
     *
     * @throws {@link TopicError}, {@link EmbeddedBrokerError}
     */
    configs(topic: string, options?: AdminCallOptions): Promise<TopicConfig[]>;
    /**
     * Changes some settings and leaves the others as they are.
     *
     * @param configs `null` takes a setting back to its default.
     * @throws {@link ArgumentError} for what the cluster refuses, {@link TopicError}, {@link EmbeddedBrokerError}
     */
    alter(topic: string, configs: Readonly<Record<string, string | number | boolean | null>>, options?: AdminCallOptions): Promise<void>;
    /**
     * Deletes topics with their records. Where one is refused, others may be gone.
     *
     * @throws {@link TopicError}, {@link EmbeddedBrokerError}
     */
    delete(topics: string | readonly string[], options?: AdminCallOptions): Promise<void>;
    /**
     * Gives a topic more partitions. Keys go to other partitions from then on: what is ordered by key is not in order with
     * what was written before.
     *
     * @param total How many it has then.
     * @throws {@link ArgumentError}, {@link TopicError}, {@link EmbeddedBrokerError}
     */
    addPartitions(topic: string, total: number, options?: AdminCallOptions): Promise<void>;
    /**
     * Deletes records from the beginning of partitions.
     *
     * @returns Where each partition begins then.
     * @throws {@link ConsumeError} `NARAD_OFFSET_OUT_OF_RANGE` for an offset after the end of the log, {@link TopicError},
     *   {@link EmbeddedBrokerError}
     */
    deleteRecords(topic: string, options: DeleteRecordsOptions): Promise<LogOffsets[]>;
}

/**
 * Administration of a cluster, `kafkaService.admin`. It connects by itself when it is first used, and is closed with the
 * service; neither a producer nor a consumer is needed.
 */
declare class Admin {
    #private;
    readonly topics: Topics;
    readonly groups: Groups;
    /** Id, controller and brokers. */
    cluster(options?: AdminCallOptions): Promise<ClusterDescription>;
}

/** How much is logged: each level includes those after it. */
declare const LOG_LEVELS: readonly ["debug", "info", "warn", "error", "silent"];
/** `silent` logs nothing at all. */
type LogLevel = (typeof LOG_LEVELS)[number];
/** Pino's order of arguments: the fields first, or a message alone. */
interface LogMethod {
    (fields: object, message?: string): void;
    (message: string): void;
}
/** Where narad logs. A pino logger has this shape, and so has any object with these four functions. */
interface Logger {
    debug: LogMethod;
    info: LogMethod;
    warn: LogMethod;
    error: LogMethod;
}

/**
 * A value that only {@link reveal} shows: string conversion, JSON and `util.inspect` (even with `showHidden`) print
 * `[redacted]` instead, so that a configuration may be logged or inspected whole.
 */
declare class Secret {
    #private;
    constructor(value: string);
    /** The value itself, for the native client alone. */
    reveal(): string;
    toString(): string;
    toJSON(): string;
}

/** SASL mechanisms; letter case does not matter. */
type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
/** `embedded`, or addresses `host:port`. */
type Brokers = string | readonly string[];
/** What to do when no broker is there: fail, log instead after 2 s, or log at once. */
type DevMode = 'off' | 'auto' | 'log';
type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
/** Where a group without a committed offset begins. */
type AutoOffsetReset = 'latest' | 'earliest';
/** Who shares the partitions of a group out: its members, or the broker (KIP-848). */
type GroupProtocol = 'classic' | 'consumer';
/** TLS. Each of `ca`, `cert` and `key` is a path or the PEM text itself. */
interface SslConfig {
    /**
     * Certificates that the brokers' certificates must lead to; several are joined. Default: those of the system.
     * Variable: KAFKA_SSL_CA.
     */
    ca?: string | Buffer | ReadonlyArray<string | Buffer> | undefined;
    /** The client's certificate, with its chain. Needs `key`. Variable: KAFKA_SSL_CERT. */
    cert?: string | Buffer | undefined;
    /** The client's private key. Needs `cert`. Variable: KAFKA_SSL_KEY. */
    key?: string | Buffer | undefined;
    /** What `key` is encrypted with. */
    passphrase?: string | undefined;
    /**
     * Whether a broker's certificate is checked. `false` lets anyone in between read the passwords: for tests alone.
     *
     * @defaultValue `true`
     */
    rejectUnauthorized?: boolean | undefined;
}
/** A token for the SASL mechanism OAUTHBEARER. */
interface OauthToken {
    /** The token itself, usually a JWT. */
    value: string;
    /** When it ends, in milliseconds since the epoch. Default: what a JWT says of itself. */
    expiresAtMs?: number;
    /** Whose it is, for the logs of the client. Default: what a JWT says of itself. */
    principal?: string;
    /** SASL extensions (RFC 7628) by name, such as `logicalCluster`. */
    extensions?: Readonly<Record<string, string>>;
}
/** SASL. A field that is left out comes from its variable. */
interface SaslConfig {
    /**
     * Variable: KAFKA_SASL_MECHANISM.
     *
     * @defaultValue `plain`
     */
    mechanism?: SaslMechanism | Uppercase<SaslMechanism> | undefined;
    /** Needed for `plain` and `scram-…`. Variable: KAFKA_SASL_USERNAME. */
    username?: string | undefined;
    /** Needed for `plain` and `scram-…`. Variable: KAFKA_SASL_PASSWORD. */
    password?: string | undefined;
    /**
     * For `oauthbearer`: gives a token when the service connects, and the next one after four fifths of its life.
     */
    token?: (() => OauthToken | Promise<OauthToken>) | undefined;
}
/**
 * What `kafkaService.init()` and `createKafkaService()` take. Every field is optional. What is given here wins over
 * environment variables, and those over defaults; `undefined` counts as not given. docs/configuration.md has the
 * same as a table.
 *
 * A wrong type, an unknown option, a contradiction or a value out of its limits throws a `ConfigError`; nothing is
 * adjusted in silence.
 */
interface KafkaConfig {
    /**
     * The brokers to begin with, as an array or separated by commas: `host:port`, or `[address]:port` for IPv6; the
     * port is 9092 unless given. `embedded` starts a broker in the process, and `embedded://host:port` is one of another
     * process. Variables: KAFKA_BROKERS, KAFKA_BROKER,
     * KAFKA_BOOTSTRAP_SERVERS. librdkafka and Java: bootstrap.servers.
     *
     * @defaultValue `localhost:9092`
     */
    brokers?: Brokers | undefined;
    /**
     * The name that brokers see in their logs, metrics and quotas. Variable: KAFKA_CLIENT_ID. librdkafka and Java:
     * client.id.
     *
     * @defaultValue `narad`
     */
    clientId?: string | undefined;
    /**
     * TLS: `true` with the system's certificates, or an object. Variable: KAFKA_SSL; a KAFKA_SSL_CA, KAFKA_SSL_CERT or
     * KAFKA_SSL_KEY also turns it on unless KAFKA_SSL says `false`.
     *
     * @defaultValue `false`
     */
    ssl?: boolean | SslConfig | undefined;
    /** SASL: on when it, or one of its variables, is given; `false` turns the variables off. */
    sasl?: false | SaslConfig | undefined;
    /** The consumer group when a call names none. Variable: KAFKA_CONSUMER_GROUP. librdkafka and Java: group.id. */
    group?: string | undefined;
    /**
     * Where a group begins that has no committed offset, or whose offset the log no longer has. Variable:
     * KAFKA_AUTO_OFFSET_RESET. librdkafka and Java: auto.offset.reset.
     *
     * @defaultValue `latest`
     */
    autoOffsetReset?: AutoOffsetReset | undefined;
    /**
     * How often a record is handled again after its first attempt failed. Variable: KAFKA_CONSUMER_MAX_RETRIES.
     *
     * @defaultValue `3`
     */
    maxRetries?: number | undefined;
    /**
     * The topic for records that could not be handled. Default: `<topic>.<group>.dlq`. Variable:
     * KAFKA_CONSUMER_DLQ_TOPIC.
     */
    dlqTopic?: string | undefined;
    /**
     * Whether the built-in logging middleware runs, and metrics are counted. Variable: KAFKA_ENABLE_MIDDLEWARE.
     *
     * @defaultValue `true`
     */
    enableMiddleware?: boolean | undefined;
    /**
     * How long connecting and joining a group may take, in milliseconds. Variable: KAFKA_CONNECTION_TIMEOUT_MS.
     *
     * @defaultValue `10000`
     */
    connectionTimeoutMs?: number | undefined;
    /**
     * How long `disconnect()` may take when it is not told, and how long a signal of `handleSignals` lets it take, in
     * milliseconds.
     *
     * @defaultValue `30000`
     */
    disconnectTimeoutMs?: number | undefined;
    /**
     * Disconnects on a signal: `true` on SIGINT and SIGTERM, or an array of signals. What was left is logged, and the
     * process ends by itself with the exit code 128 + the signal's number, or at once on a second signal. From when the
     * service connects until it is disconnected; in the main thread, since workers get no signals.
     *
     * @defaultValue `false`
     */
    handleSignals?: boolean | readonly NodeJS.Signals[] | undefined;
    /**
     * How much is logged. Default: `debug` where NODE_ENV is development. Variable: KAFKA_LOG_LEVEL.
     *
     * @defaultValue `info`
     */
    logLevel?: LogLevel | undefined;
    /**
     * What to do when no broker is there: `off` fails, `auto` logs instead after 2 s and goes live when one answers,
     * `log` logs at once. Default: `auto` where NODE_ENV is development. Variable: KAFKA_DEV_MODE.
     *
     * @defaultValue `off`
     */
    devMode?: DevMode | undefined;
    /** Where to log: a pino logger, or any object with its debug, info, warn and error. Default: lines on stderr. */
    logger?: Logger | undefined;
    /**
     * How values become bytes and back, unless a call says otherwise.
     *
     * @defaultValue `json`
     */
    codec?: CodecOption | undefined;
    /**
     * How batches of records are compressed. librdkafka and Java: compression.type.
     *
     * @defaultValue `none`
     */
    compression?: Compression | undefined;
    /**
     * How long a record waits for others to share its request, in milliseconds. With 0 records still share requests
     * whenever sends gather while others are in flight. librdkafka and Java: linger.ms.
     *
     * @defaultValue `0`
     */
    lingerMs?: number | undefined;
    /**
     * How long a record may take from when it is queued to be sent until it is acknowledged, retries included, in
     * milliseconds; longer than `lingerMs`. The wait for room in a full queue comes before. librdkafka and Java:
     * delivery.timeout.ms.
     *
     * @defaultValue `120000`
     */
    sendTimeoutMs?: number | undefined;
    /**
     * The largest record and the largest request, in bytes. Brokers have limits of their own (about 1 MiB unless set).
     * librdkafka: message.max.bytes; Java: max.request.size.
     *
     * @defaultValue `1000000`
     */
    maxRecordBytes?: number | undefined;
    /**
     * How much may wait to be sent, in bytes, before further sends wait; at least `maxRecordBytes`. librdkafka:
     * queue.buffering.max.kbytes; Java: buffer.memory.
     *
     * @defaultValue `33554432`
     */
    sendBufferBytes?: number | undefined;
    /**
     * How many records may wait to be sent before further sends wait. librdkafka: queue.buffering.max.messages.
     *
     * @defaultValue `100000`
     */
    sendBufferRecords?: number | undefined;
    /**
     * After how long without a heartbeat the group takes a member for dead, in milliseconds. librdkafka and Java:
     * session.timeout.ms.
     *
     * @defaultValue `45000`
     */
    sessionTimeoutMs?: number | undefined;
    /**
     * How often a member tells the group that it lives, in milliseconds; less than `sessionTimeoutMs`. librdkafka and
     * Java: heartbeat.interval.ms.
     *
     * @defaultValue `3000`
     */
    heartbeatIntervalMs?: number | undefined;
    /**
     * How long a consumer may go without taking records, in milliseconds; at least `sessionTimeoutMs`. librdkafka and
     * Java: max.poll.interval.ms.
     *
     * @defaultValue `300000`
     */
    maxPollIntervalMs?: number | undefined;
    /**
     * How much all consumers of the process together may fetch ahead, in bytes. librdkafka: a share of it becomes each
     * consumer's queued.max.messages.kbytes.
     *
     * @defaultValue `67108864`
     */
    prefetchBytes?: number | undefined;
    /**
     * How often offsets of handled records are committed, in milliseconds. Java: auto.commit.interval.ms.
     *
     * @defaultValue `1000`
     */
    commitIntervalMs?: number | undefined;
    /**
     * How a group shares partitions out: `classic` among its members, `consumer` by the broker (KIP-848, from Kafka 4.0
     * on), which then also sets the session timeout and the heartbeat interval. Default: `classic`; `consumer` on the
     * embedded broker. librdkafka and Java: group.protocol.
     */
    groupProtocol?: GroupProtocol | undefined;
    /**
     * Makes the member static: a restart within `sessionTimeoutMs` causes no rebalance. Each process needs its own.
     * librdkafka and Java: group.instance.id.
     */
    groupInstanceId?: string | undefined;
    /**
     * Any other property of librdkafka, by its own name. Those that load or run code, or that narad's guarantees rest
     * on, are refused.
     */
    librdkafka?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}
/** PEM text, or the path of a file (for a certificate authority also of a directory). */
type PemSource = {
    readonly pem: Secret;
} | {
    readonly path: string;
};
interface ResolvedSsl {
    readonly ca?: PemSource;
    readonly cert?: PemSource;
    readonly key?: PemSource;
    readonly passphrase?: Secret;
    readonly rejectUnauthorized: boolean;
}
interface ResolvedSasl {
    readonly mechanism: SaslMechanism;
    readonly username?: string;
    readonly password?: Secret;
    readonly token?: () => unknown;
}
/**
 * The configuration after input, environment and defaults. It may be logged or inspected whole: secrets in it do not
 * show.
 */
interface ResolvedConfig {
    readonly brokers: readonly string[] | 'embedded';
    readonly clientId: string;
    readonly ssl: ResolvedSsl | false;
    readonly sasl: ResolvedSasl | false;
    readonly group?: string;
    readonly autoOffsetReset: AutoOffsetReset;
    readonly maxRetries: number;
    readonly dlqTopic?: string;
    readonly enableMiddleware: boolean;
    readonly connectionTimeoutMs: number;
    readonly disconnectTimeoutMs: number;
    readonly handleSignals: false | readonly NodeJS.Signals[];
    readonly logLevel: LogLevel;
    readonly devMode: DevMode;
    readonly logger?: Logger;
    readonly codec: ResolvedCodec;
    readonly compression: Compression;
    readonly lingerMs: number;
    readonly sendTimeoutMs: number;
    readonly maxRecordBytes: number;
    readonly sendBufferBytes: number;
    readonly sendBufferRecords: number;
    readonly sessionTimeoutMs: number;
    readonly heartbeatIntervalMs: number;
    readonly maxPollIntervalMs: number;
    readonly prefetchBytes: number;
    readonly commitIntervalMs: number;
    readonly groupProtocol?: GroupProtocol;
    readonly groupInstanceId?: string;
    /** Properties that go to librdkafka as they are; those of options that were spelled as properties are not among them. */
    readonly librdkafka: Readonly<Record<string, string | Secret>>;
}

/** A handler that takes many records at a time. */
type BatchHandler<T = unknown> = (messages: T[], context: BatchContext) => unknown;

/** A handler that takes one record at a time. */
type RecordHandler<T = unknown> = (message: T, context: RecordContext) => unknown;

/** Options of one call to send. They hold for each of its records; a builder's own fields win, and an event's headers. */
interface SendOptions<T = unknown> {
    /** The key, or what gives it for each value. */
    key?: KeyInput | ((value: T, index: number) => KeyInput);
    headers?: HeadersInput;
    /** The partition, whatever the key says. */
    partition?: number;
    timestamp?: number | Date;
    /** How the values become bytes; default: the service's codec. */
    codec?: CodecOption;
}
/** A record as KafkaJS users write it: key and value are text or bytes, and sent as they are. */
interface RecordInput {
    key?: KeyInput;
    /** `null` is a tombstone. */
    value: string | Uint8Array | null;
    headers?: HeadersInput;
    partition?: number;
    timestamp?: number | string | Date;
}

/** A record on its way to the encoder. A middleware may change any of it. */
interface SendRecord {
    /** As it was given to `send`; of `sendRecords`, text, bytes or null. */
    value: unknown;
    key: KeyInput;
    /** By name; an array repeats its header. The object has no prototype. */
    headers: Record<string, HeaderValue | readonly HeaderValue[] | undefined>;
    partition: number | undefined;
    /** A Date, or milliseconds since the epoch. */
    timestamp: number | string | Date | undefined;
}
/** What a middleware is told of one call to `send` or `sendRecords`. */
interface SendContext {
    readonly topic: string;
    /** In the order in which they were given. Options of the call and a builder's fields are in them already. */
    readonly records: readonly SendRecord[];
}

/**
 * Runs the rest, the handler last, and resolves to what the handler gave. With an argument, that is the message from
 * here on. It may be called once, before the middleware ends.
 */
type Next = (message?: unknown) => Promise<unknown>;
/** {@link Next} of a batch: what replaces the messages is an array of the same length. */
type BatchNext = (messages?: readonly unknown[]) => Promise<unknown>;
/** Sends the records of the context, and resolves once they are acknowledged. May be called once. */
type SendNext = () => Promise<RecordMetadata[]>;
/** What a middleware is told of a record. */
interface RecordMiddlewareContext extends RecordContext {
    /** The value, decoded, as the middleware before handed it on. */
    readonly message: unknown;
}
/** What a middleware is told of a batch. */
interface BatchMiddlewareContext extends BatchContext {
    /** The value of each record, as the middleware before handed it on. */
    readonly messages: readonly unknown[];
}
/**
 * What runs around handlers, around sends, or around both. The outermost runs first.
 *
 * What a middleware returns takes the place of the handler's result, or of the metadata; without a value those stand.
 * What it throws fails the record, or the send. One that does not call `next` ends the record there: it counts as
 * handled.
 */
interface Middleware {
    /** As the list of a service and errors show it. */
    readonly name: string;
    /** Around a handler that takes one record. */
    consume?(context: RecordMiddlewareContext, next: Next): unknown;
    /** Around a handler that takes a batch. */
    consumeBatch?(context: BatchMiddlewareContext, next: BatchNext): unknown;
    /** Around `send` and `sendRecords`. Without calling `next`, it must give the metadata of each record. */
    send?(context: SendContext, next: SendNext): unknown;
}
/** A function is a middleware that has `consume` alone, under the function's name. */
type MiddlewareInput = Middleware | ((context: RecordMiddlewareContext, next: Next) => unknown);

/** Which records wait for each other: those of a key, those of a partition, or none. */
type Ordering = 'key' | 'partition' | 'none';
/** How a batch handler wants its batches. */
interface BatchOptions {
    /**
     * Most records of a batch, 1 to 10,000.
     *
     * @defaultValue `1000`
     */
    maxMessages?: number;
    /**
     * How long a batch that is not full waits for more records, in milliseconds, up to 60,000.
     *
     * @defaultValue `0`
     */
    maxWaitMs?: number;
}
/** Options of a subscription with a handler for each record. */
interface SubscribeOptions<T = unknown> extends DeliveryOptions {
    /** The consumer group. Default: the one connected last. */
    group?: string;
    /**
     * Where a partition starts for which the group has committed nothing: at its beginning, or after what is there when
     * `subscribe` is called. Default: what `autoOffsetReset` says. Partitions and topics that appear later are always
     * read from their beginning.
     */
    fromBeginning?: boolean;
    /**
     * Handlers that run side by side, 1 to 10,000.
     *
     * @defaultValue `16`
     */
    concurrency?: number;
    /**
     * Which records wait for each other.
     *
     * @defaultValue `key`
     */
    ordering?: Ordering;
    /**
     * When a record is finished, so that its offset may be committed: `auto`, when its handler has ended well; `manual`,
     * when `context.ack()` was called besides.
     *
     * @defaultValue `auto`
     */
    commit?: 'auto' | 'manual';
    /** How bytes become values. Default: the service's codec. */
    codec?: CodecOption<T>;
    /** Middleware of this subscription, outermost first; the service's runs around it. */
    use?: readonly MiddlewareInput[];
}
/** Options of a subscription whose handler takes an array. */
interface BatchSubscribeOptions<T = unknown> extends Omit<SubscribeOptions<T>, 'concurrency' | 'ordering'> {
    batch: BatchOptions | true;
}
/** A topic, a pattern of topics, or several of them. */
type TopicsInput = string | RegExp | ReadonlyArray<string | RegExp>;

/** Options of {@link Consumer.subscribe}: those of a service's `subscribe`, without the group. */
type ConsumerSubscribeOptions<T = unknown> = Omit<SubscribeOptions<T>, 'group'>;
/** As {@link ConsumerSubscribeOptions}, for a handler that takes an array. */
type ConsumerBatchSubscribeOptions<T = unknown> = Omit<BatchSubscribeOptions<T>, 'group'>;
/** One consumer group of a service: `subscribe` for that group, whichever was connected last. */
declare class Consumer {
    #private;
    readonly group: string;
    /**
     * Handles the records of topics in this group; see the service's `subscribe`.
     *
     * @throws {@link SubscribeError}, {@link TopicError}, {@link ArgumentError}
     */
    subscribe<T = unknown>(topics: TopicsInput, handler: BatchHandler<T>, options: ConsumerBatchSubscribeOptions<T>): Promise<Subscription>;
    subscribe<T = unknown>(topics: TopicsInput, handler: RecordHandler<T>, options?: ConsumerSubscribeOptions<T>): Promise<Subscription>;
}

/** The events of a service with what listeners get. */
interface ServiceEvents {
    /** A broker answers: after connecting, and after each time the connection was lost. */
    connected: [];
    /** No broker answers any more; narad goes on trying. Also after `disconnect()`. */
    disconnected: [];
    /** Something went wrong that no call rejects with. Without a listener it is logged, and nothing is thrown. */
    error: [error: KafkaError];
    /** Partitions came or went. */
    rebalance: [event: RebalanceEvent];
    /** A handler failed, and its record is handled again. */
    retry: [event: RetryEvent];
    /** A record was given up and written to the topic for dead letters. */
    deadLetter: [event: DeadLetterEvent];
    /** Something that the records of a subscription need went down, or is there again. */
    outage: [event: OutageEvent];
}
/**
 * An event emitter in which an `error` that nobody listens to does not end the process, and in which a listener that
 * throws does not break what was about to happen: its error is raised on its own, as an uncaught exception.
 */
declare class ServiceEmitter extends EventEmitter {
    on<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this;
    once<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this;
    off<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this;
    emit<Name extends keyof ServiceEvents>(name: Name, ...args: ServiceEvents[Name]): boolean;
}

/** A record whose handler failed, and that is handled again. */
interface RetryEvent {
    topic: string;
    partition: number;
    offset: number;
    group: string;
    /** How often it was handed to the handler until now. */
    attempt: number;
    /** After how long it is handled again, in milliseconds; in an outage, the least. */
    afterMs: number;
    /** Where it waits until then, if it is in one of `retry.topics`. */
    retryTopic?: string;
    /** What the handler failed with. */
    error: Error;
}
/** A record that became a dead letter. */
interface DeadLetterEvent {
    topic: string;
    partition: number;
    offset: number;
    group: string;
    attempt: number;
    deadLetterTopic: string;
    /** What the handler failed with. */
    error: Error;
}
/**
 * Many keys of a subscription failed alike, with no success in between: its records wait, except for a probe now and
 * then; or a probe has succeeded, and all go on.
 */
interface OutageEvent {
    group: string;
    /** The topics of the subscription. */
    topics: string[];
    state: 'began' | 'ended';
    /** What the record failed with that made it an outage. */
    error: Error;
    /** When it began, in milliseconds since the epoch. */
    sinceMs: number;
    /** How long it lasted, in milliseconds, once it has ended. */
    durationMs?: number;
}

/** What a close left behind. */
interface ConsumerReport {
    group: string;
    /** Records whose handler had not ended; they are redelivered. */
    unfinished: number;
    /** Whether the group was left before the deadline. */
    leftGroup: boolean;
    /**
     * What was waited for in vain: the oldest of the records whose handler had not ended or whose dead letter was not
     * written, at most ten. A handler that awaits `disconnect()` waits for itself, and is found here.
     */
    blocked: UnfinishedRecord[];
}

/** What `disconnect()` left behind. */
interface DisconnectReport {
    /** Records that were sent and not acknowledged in time. Each of their sends has rejected. */
    undelivered: number;
    /** The same by topic; only those with any. */
    undeliveredByTopic: Record<string, number>;
    groups: ConsumerReport[];
}

/** Offsets by partition number. */
type PartitionOffsets = Readonly<Record<number, number>>;
/** How far a replay has come. */
interface ReplayProgress {
    /** Records that were read. */
    read: number;
    /** Records that the handler has handled, or that were sent to the topic. */
    replayed: number;
    /** Records that `filter` left out. */
    filtered: number;
    /** Records that the codec cannot decode; they are left out. */
    undecodable: number;
    /** Offsets between the start and the end that was fixed when the replay began; at most so many records. */
    total: number;
    /** By partition, the offset after the last record that is done: `from` of a replay that goes on from here. */
    positions: Record<number, number>;
}
/** What a replay has done. */
interface ReplayReport extends ReplayProgress {
    /** False when its signal ended it before. */
    isComplete: boolean;
}
/** Options of a replay. */
interface ReplayOptions<T = unknown> {
    topic: string;
    /** Where each partition begins, or an offset for each of those that are replayed. Default: `beginning`. */
    from?: SeekTarget | PartitionOffsets;
    /** Before which position each partition ends, at the latest where it ends when the replay begins. Default: `end`. */
    to?: SeekTarget | PartitionOffsets;
    /** Which records are replayed. Without one, and into a topic, nothing is decoded. */
    filter?: (value: T, context: RecordContext) => boolean | Promise<boolean>;
    /**
     * A handler, which gets one record after the other, or the name of a topic: records keep their key, value, headers and
     * timestamp there, and get the header `x-replayed-from`.
     */
    into: string | ((value: T, context: RecordContext) => unknown);
    /** Records a second, at most. Default: no limit. */
    rate?: number;
    /** Told about each second, and at the end. */
    onProgress?: (progress: ReplayProgress) => void;
    /** Ends the replay after the records at hand; it resolves all the same. */
    signal?: AbortSignal;
    /** How bytes become values. Default: the service's codec. */
    codec?: CodecOption<T>;
}

/** Whose headers a request and its reply have. */
type PeerName = 'narad' | 'spring' | 'nest';

/** Options of a request. */
interface RequestOptions {
    /**
     * How long the reply is waited for, in milliseconds from 1; it counts from the call.
     *
     * @defaultValue `10000`
     */
    timeoutMs?: number;
    /** Ends the wait: the request rejects with the signal's reason. */
    signal?: AbortSignal;
    key?: KeyInput;
    headers?: HeadersInput;
    /** The partition of the request, whatever the key says. */
    partition?: number;
    timestamp?: number | Date;
    /** How the request becomes bytes, and the reply a value. Default: that of the peer, or else the service's. */
    codec?: CodecOption;
    /**
     * Who replies: narad, Spring for Apache Kafka, or NestJS.
     *
     * @defaultValue `narad`
     */
    peer?: PeerName;
    /** The topic that the reply comes to. It is created where it is missing. Default: `<clientId>.replies`. */
    replyTopic?: string;
    /**
     * The most requests of this service that may wait for a reply, this one included; from 1 to 1,000,000.
     *
     * @defaultValue `10000`
     */
    maxPending?: number;
}
/** Options of a request that several reply to. */
interface RequestManyOptions extends RequestOptions {
    /** After how many replies it ends. Default: it ends at `timeoutMs`. */
    count?: number;
}
/** Options of a handler of requests: those of a subscription, and where it may reply to. */
interface ReplyOptions<T = unknown> extends Omit<SubscribeOptions<T>, 'commit'> {
    /**
     * The topics that replies may be written to, as a request says by itself where its reply goes: names and patterns.
     * Default: names that end in `.replies`, and with the peer `nest` in `.reply`; with `spring` there is none.
     */
    replyTopics?: string | RegExp | ReadonlyArray<string | RegExp>;
    /**
     * Who sends requests, besides narad: Spring for Apache Kafka or NestJS.
     *
     * @defaultValue `narad`
     */
    peer?: PeerName;
}

/** Several replies to one request, as `Promise.allSettled` tells of several promises. */
declare class Replies<T = unknown> implements AsyncIterable<PromiseSettledResult<T>> {
    #private;
    /**
     * The replies as they come, until there are as many as were asked for or the time is over. Leaving the loop ends the
     * wait. Only once.
     */
    [Symbol.asyncIterator](): AsyncGenerator<PromiseSettledResult<T>, void, undefined>;
    /** All of them. */
    toArray(): Promise<Array<PromiseSettledResult<T>>>;
}

/** What a service counts of its requests and replies. */
interface RequestCounts {
    /** Requests that wait for a reply. */
    pending: number;
    /** Replies that nobody waited for, any more or at all. */
    unclaimed: number;
    /** Requests that were not handled, because nobody waited for their reply any more. */
    late: number;
}

/** Options of reading without a group. */
interface ReadOptions<T = unknown> {
    /** Where each partition begins. Default: `beginning`. */
    from?: SeekTarget;
    /** Before which position each partition ends, as it is when reading begins. Default: it goes on as records are written. */
    to?: SeekTarget;
    /** Partition numbers. Default: all, those that are added later included where there is no `to`. */
    partitions?: readonly number[];
    /** Ends reading after the record at hand; the loop then ends without an error. */
    signal?: AbortSignal;
    /** How bytes become values. Default: the service's codec. */
    codec?: CodecOption<T>;
}

/** A record of a stream: its context, and its decoded value. */
type StreamRecord<T = unknown> = RecordContext & {
    readonly value: T;
};
/**
 * The records of topics, to be read with `for await`. Reading on acknowledges what was read last; `break`, a throw and
 * {@link return} do not, so that it is handed over again. A stream begins when it is made, and keeps its partitions
 * until it ends, also while nobody reads.
 */
declare class RecordStream<T> implements AsyncIterableIterator<T, undefined> {
    #private;
    /**
     * Resolves once the group has been joined and the start is fixed, so that what is sent afterwards is read.
     *
     * @throws As the first `next()`: {@link SubscribeError}, {@link TopicError}, {@link ConnectionError}
     */
    ready(): Promise<this>;
    [Symbol.asyncIterator](): this;
    /**
     * Acknowledges what was read last, and resolves to what comes next. May be called again before it has resolved: each
     * call acknowledges what the one before it was given.
     */
    next(): Promise<IteratorResult<T, undefined>>;
    /** Ends the stream: what was read last is not acknowledged. Resolves when its partitions are given up. */
    return(): Promise<IteratorReturnResult<undefined>>;
    /** As {@link return}, and rejects with the error. */
    throw(error: unknown): Promise<IteratorResult<T, undefined>>;
}

/**
 * Options of a stream: those of `subscribe`, without what has no meaning for a reader that takes one record after the
 * other and for as long as it likes.
 */
interface StreamOptions<T = unknown> extends Omit<SubscribeOptions<T>, 'concurrency' | 'ordering' | 'commit' | 'timeoutMs'> {
    /** Ends the stream, as `break` does, but after the record at hand. The loop then ends without an error. */
    signal?: AbortSignal;
}
/** Options of a stream of batches. */
interface BatchStreamOptions<T = unknown> extends StreamOptions<T> {
    batch: BatchOptions | true;
}

/** Options of {@link KafkaService.disconnect}. */
interface DisconnectOptions {
    /** The time for everything together, in milliseconds. Default: the configured `disconnectTimeoutMs`, 30,000. */
    timeoutMs?: number;
}
/**
 * Kafka for one service: one producer and any number of consumer groups. {@link kafkaService} is the usual one;
 * {@link createKafkaService} makes more.
 */
declare class KafkaService extends ServiceEmitter {
    #private;
    /**
     * Reads the configuration from `config` and the environment. Connects nothing; may be called again.
     *
     * @throws {@link ConfigError} that says what is wrong and where it was given.
     */
    init(config?: KafkaConfig): this;
    /** The configuration in force, without secrets in its printed form. */
    get config(): ResolvedConfig;
    /**
     * Puts middleware around all later sends and around the handlers of all later subscriptions, inside of what is there.
     *
     * @throws {@link ArgumentError} for what is no middleware.
     */
    use(middleware: MiddlewareInput): this;
    /** The names of the middleware, outermost first: what is built in, then what was given to {@link use}. */
    get middleware(): readonly string[];
    /** Whether a broker can be reached. */
    get isConnected(): boolean;
    get mode(): ServiceMode;
    /** How the service is, as far as it knows: asks nobody and waits for nothing, so it may be called at any time. */
    health(): Health;
    /**
     * What was counted since the process began, over all connections of this service, and how things stand now. Reads
     * memory alone, and asks no broker. Undefined where `enableMiddleware` is false, since nothing is counted then.
     */
    metrics(): KafkaMetrics | undefined;
    /** Topics, groups and the cluster itself: what an administrator asks. It connects when it is first used. */
    get admin(): Admin;
    /**
     * Connects the producer. Resolves once a broker has answered.
     *
     * @throws {@link ConnectionError} at `connectionTimeoutMs` with the reason, {@link AuthenticationError} at once.
     */
    connectProducer(): Promise<this>;
    /**
     * Connects a consumer group; several may be connected. Joins at the first {@link subscribe}.
     *
     * @param group Default: the configured `group`.
     * @throws As {@link connectProducer}.
     */
    connectConsumer(group?: string): Promise<Consumer>;
    /**
     * Sends a value, or each value of an array, and resolves once the broker has acknowledged it (acks=all, idempotent).
     * {@link message} adds key, headers, partition and timestamp to a value; options do so for all.
     *
     * @throws Before anything is sent: {@link ArgumentError}, {@link EncodeError}, {@link TopicError},
     *   {@link NotConnectedError}, {@link ClosedError}. After: {@link SendError} and others; for an array, `results` of
     *   the error has the fate of each record.
     */
    send<T>(topic: string, values: ReadonlyArray<T | MessageBuilder<T>>, options?: SendOptions<T>): Promise<RecordMetadata[]>;
    send<T>(topic: string, value: T | MessageBuilder<T>, options?: SendOptions<T>): Promise<RecordMetadata>;
    /**
     * Sends records whose keys and values are text or bytes already.
     *
     * @throws As {@link send}.
     */
    sendRecords(topic: string, records: readonly RecordInput[]): Promise<RecordMetadata[]>;
    /**
     * Handles the records of topics: a name, a RegExp, or several. Resolves once the group has been joined and its
     * start is fixed, so that what is sent afterwards is handled. May be called at any time, also while consuming.
     *
     * @returns What pauses and resumes it.
     * @throws {@link SubscribeError}, {@link TopicError}, {@link ArgumentError}, {@link NotConnectedError}
     */
    subscribe<T = unknown>(topics: TopicsInput, handler: BatchHandler<T>, options: BatchSubscribeOptions<T>): Promise<Subscription>;
    subscribe<T = unknown>(topics: TopicsInput, handler: RecordHandler<T>, options?: SubscribeOptions<T>): Promise<Subscription>;
    /**
     * Sends a request, and resolves to the value of its reply. The topic for replies is read from its end on before the
     * first request leaves; no consumer group takes part.
     *
     * @throws {@link RemoteError} with what the handler threw on the other side; {@link RequestError} without a reply in
     *   time, or when too many wait; {@link ClosedError} when the service disconnects first; the signal's reason; as
     *   {@link send}.
     */
    request<Reply = unknown>(topic: string, value: unknown, options?: RequestOptions): Promise<Reply>;
    /**
     * Sends a request that several reply to, and gives their replies until there are `count` or the time is over.
     *
     * @throws As {@link request}, but for errors of the other side, which are among the replies.
     */
    requestMany<Reply = unknown>(topic: string, value: unknown, options?: RequestManyOptions): Replies<Reply>;
    /**
     * Handles requests: what the handler returns is the reply, and what it throws crosses as name, code and message. A
     * record that is no request is handled without a reply.
     *
     * @returns As {@link subscribe}.
     * @throws As {@link subscribe}.
     */
    reply<T = unknown>(topics: TopicsInput, handler: RecordHandler<T>, options?: ReplyOptions<T>): Promise<Subscription>;
    /** Requests and replies in numbers. */
    get requestCounts(): RequestCounts;
    /**
     * The records of topics, one after the other, to be read with `for await`: reading on acknowledges what was read last.
     * The group is connected for the stream where it is not, and then left when the stream ends. What goes wrong, also on
     * connecting, is thrown by the loop.
     *
     * @throws {@link ArgumentError}, {@link TopicError}, {@link ClosedError}
     */
    stream<T = unknown>(topics: TopicsInput, options: BatchStreamOptions<T>): RecordStream<Array<StreamRecord<T>>>;
    stream<T = unknown>(topics: TopicsInput, options?: StreamOptions<T>): RecordStream<StreamRecord<T>>;
    /**
     * The records of a topic, to be read with `for await`, without a group: nothing is joined, and nothing committed. Other
     * than a stream it goes on where the caller says, and to an end if there is one. Connects the service where it is not.
     * What goes wrong, also on connecting, is thrown by the loop, at the first value that the codec cannot decode as well.
     *
     * @throws {@link ArgumentError}, {@link TopicError}
     */
    read<T = unknown>(topic: string, options?: ReadOptions<T>): AsyncGenerator<StreamRecord<T>, void, undefined>;
    /**
     * Hands records of a topic on again, to a handler or into a topic, without a group: nothing is committed. It ends where
     * the topic ended when it was called.
     *
     * @throws What the handler throws, on the first record that fails; {@link ArgumentError}, {@link NotConnectedError},
     *   {@link TopicError}, {@link ConsumeError} for an offset that the log does not have, {@link SendError}
     */
    replay<T = unknown>(options: ReplayOptions<T>): Promise<ReplayReport>;
    /**
     * Takes no more records, lets handlers end, commits, leaves the groups, delivers what was sent, and closes, all
     * within the time. A second call gives the same promise. `init()` makes the service usable again.
     *
     * @returns What was left when the time was over.
     */
    disconnect(options?: DisconnectOptions): Promise<DisconnectReport>;
}
/** The service that most processes need: configured by the environment, shared by all modules. */
declare const kafkaService: KafkaService;
/** A service of its own, for a process that talks to more than one cluster, and for tests. */
declare function createKafkaService(config?: KafkaConfig): KafkaService;

/** What letters have in common that failed for the same reason. */
interface Fingerprint {
    /** Eight hexadecimal digits, the same for the same three. */
    readonly id: string;
    /** Name of the error. */
    readonly name: string;
    /** The topmost frame of its stack that is neither Node's nor a dependency's, else where it was thrown; undefined in narad. */
    readonly frame: string | undefined;
    /** What the record tells of: its event type. */
    readonly type: string | undefined;
}

/** A dead letter, as its headers tell it. Times are in milliseconds since the epoch. */
interface DeadLetter {
    /** `topic/partition/offset/group` of its record: the same for each letter of a record in a group. */
    readonly id: string;
    /** Where the letter is, and when it was written. */
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    /** Where its record was; `timestamp` is -1 where the record had none. */
    readonly source: {
        readonly topic: string;
        readonly partition: number;
        readonly offset: number;
        readonly timestamp: number;
    };
    /** The consumer group that could not handle it. */
    readonly group: string;
    /** `permanent`, or `transient` where the retries were used up. */
    readonly class: string | undefined;
    /** What the last error was. */
    readonly error: {
        readonly name: string;
        readonly code: string | undefined;
        readonly message: string;
        readonly stack: string | undefined;
    };
    readonly fingerprint: Fingerprint;
    /** How often the record was handed to its handler. */
    readonly attempts: number;
    /** How often it was replayed from a dead letter before. */
    readonly replays: number;
    readonly firstFailure: number;
    readonly lastFailure: number;
    /** The record was too large for the topic of the letters: it has no value, and cannot be replayed from here. */
    readonly isTruncated: boolean;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    /** The record's own headers. */
    readonly headers: readonly RawHeader[];
}
/** The letter that a record of a topic of dead letters is; undefined where it is none of narad's. */
declare function readDeadLetter(record: RecordContext): DeadLetter | undefined;

/** Which letters are meant: those for which everything that is given holds. */
interface LetterFilter {
    /** `permanent` or `transient`. */
    class?: string;
    /** Name of the error. */
    name?: string;
    /** The event type of the record. */
    type?: string;
    /** The record's key, as text. */
    key?: string;
    /** The group that could not handle it. */
    group?: string;
    /** The id of the fingerprint, or its beginning. */
    fingerprint?: string;
    /** That failed last at this time or later. */
    since?: Date;
    /** That failed last before this time. */
    until?: Date;
}

/** Where a letter is to be replayed: in the retry topic of its group, its source topic, or a topic of this name. */
type ReplayInto = 'retry' | 'source' | {
    readonly topic: string;
};

/** Which letters of a topic are looked at. */
interface LetterOptions {
    filter?: LetterFilter;
    /** Those as well that were replayed or parked. Default: false. */
    settled?: boolean;
}
/** How far a replay of letters, or their parking, has come. */
interface DeskProgress {
    /** Records of the topic that were read, and how many there are at most. */
    read: number;
    total: number;
    /** Letters that were sent. */
    sent: number;
}
/** Options of {@link DeadLetterDesk.park}. */
interface ParkOptions {
    filter?: LetterFilter;
    /** Told about each second, and at the end. */
    onProgress?: (progress: DeskProgress) => void;
    /** Ends it after the letters at hand. */
    signal?: AbortSignal;
}
/** Options of {@link DeadLetterDesk.plan} and {@link DeadLetterDesk.replay}. */
interface ReplayLettersOptions extends ParkOptions {
    /**
     * Where the records go. `retry`: the retry topic with the shortest delay of the group that could not handle them, which
     * nobody else reads. `source`: where they come from, where all groups see them again. Default: `retry`.
     */
    into?: ReplayInto;
    /** Letters of records that were replayed so often are left where they are. Default: 3. */
    maxReplays?: number;
    /** Records a second, at most. Default: no limit. */
    rate?: number;
}

/** What was done with a letter: `begun` where it is not known whether it was, because whoever did it did not come to tell. */
type LetterState = 'open' | 'begun' | 'replayed' | 'parked';

/** Options of {@link DeadLetterDesk.purge}. */
interface PurgeOptions {
    /** Only letters that were written before this. Default: no limit. */
    before?: Date;
    /** Letters that are open as well. Default: false, and the first one that is keeps all after it in its partition. */
    open?: boolean;
    /** Only tells what it would do. Default: false. */
    dryRun?: boolean;
    /** Told about each second, and at the end, how much of the topic was read. Nothing is deleted before all is. */
    onProgress?: (progress: {
        read: number;
        total: number;
    }) => void;
}
/** What a purge deletes. */
interface LetterPurge {
    /** Records that are deleted. */
    letters: number;
    /** Those of them that are open. */
    open: number;
    /** Before which offset, by partition; where nothing is deleted, its beginning. */
    before: Record<number, number>;
}

/** A topic of dead letters. */
interface DeadLetterTopic {
    topic: string;
    partitions: number;
    /** Its records, by their offsets: of a compacted topic there may be fewer. */
    letters: number;
    /** Those of them that were replayed or parked. */
    settled: number;
}
/** Letters that failed for the same reason. */
interface LetterStats {
    fingerprint: Fingerprint;
    letters: number;
    /** When the first and the last of them failed last, in milliseconds since the epoch. */
    first: number;
    last: number;
    /** Message and place (`partition/offset`) of the last of them. */
    message: string;
    place: string;
}
/** What becomes of the letters of a topic when they are replayed, or became of them. */
interface LetterReplay {
    /** Letters that the topic has. */
    letters: number;
    /** By topic, how many are sent to it. */
    into: Record<string, number>;
    /** Those of them that may have been sent before, by someone who was ended; they have the header `x-narad-dlq-repeat`. */
    repeats: number;
    /** Those that are left: replayed or parked before; not chosen by the filter; */
    settled: number;
    filtered: number;
    /** of records that were replayed so often already; */
    guarded: number;
    /** that another replay, which goes on at the same time, has begun; */
    elsewhere: number;
    /** without their value; */
    truncated: number;
    /** whose group has no retry topic, by `topic` and `group`. */
    withoutTarget: Array<{
        topic: string;
        group: string;
        letters: number;
    }>;
    /** Retry topics of {@link into} that no member of their group reads now, as far as the cluster tells. */
    unread: Array<{
        topic: string;
        group: string;
    }>;
    /** Records of the topic that are no dead letters of narad. */
    foreign: number;
    /** False when its signal ended it before. */
    isComplete: boolean;
}
/** What became of letters that were to be parked. */
interface LetterPark {
    /** Letters that were parked. */
    letters: number;
    /** False when its signal ended it before. */
    isComplete: boolean;
}
/** Looks through dead letters, and brings them back. Made by {@link deadLetterDesk}. */
declare class DeadLetterDesk {
    #private;
    /** All topics whose name ends with `.dlq`, by name. */
    list(): Promise<DeadLetterTopic[]>;
    /** The letters of a topic, with what was done with them. */
    letters(topic: string, options?: LetterOptions): AsyncGenerator<DeadLetter & {
        readonly state: LetterState;
    }, void, undefined>;
    /** Letters by fingerprint, the most frequent first. */
    stats(topic: string, options?: LetterOptions): Promise<LetterStats[]>;
    /** What {@link replay} would do, without doing it. */
    plan(topic: string, options?: ReplayLettersOptions): Promise<LetterReplay>;
    /**
     * Sends the records of letters again. The letters stay where they are, and a topic beside theirs, `<topic>.desk`, tells
     * that they were replayed: who calls again, also after a crash, goes on with those that are left.
     *
     * @throws What reading and sending do; nothing is lost by it.
     */
    replay(topic: string, options?: ReplayLettersOptions): Promise<LetterReplay>;
    /**
     * Copies letters as they are to `<topic>.parked`, which keeps them for ever, and takes them out of what is open.
     */
    park(topic: string, options?: ParkOptions): Promise<LetterPark>;
    /**
     * Deletes letters that were replayed or parked, for good: from the beginning of each partition up to the first that is
     * open. Records that are no letters of narad count as open.
     *
     * @throws {@link EmbeddedBrokerError}, which cannot delete records; {@link TopicError}
     */
    purge(topic: string, options?: PurgeOptions): Promise<LetterPurge>;
}
/**
 * A desk for dead letters: lists and counts them, says why they failed, and brings them back.
 *
 * @param service Whose cluster is meant; it is connected where it has to be.
 */
declare function deadLetterDesk(service: KafkaService): DeadLetterDesk;

/**
 * What becomes of a record, for a handler to return instead of throwing: {@link ack}, {@link retry} or
 * {@link deadLetter}. A batch handler returns one for all of its records, or an array with one for each. Any other
 * return value means that the record is done.
 */
declare class Verdict {
    private constructor();
}
/** Options of {@link retry}. */
interface RetryVerdictOptions {
    /** After how long, in milliseconds from 0 to 2,147,483,647. Default: the back-off of the subscription decides. */
    afterMs?: number | undefined;
}
/** The record is done. */
declare const ack: Verdict;
/**
 * The record is to be handled again, as after a {@link TransientError}: it counts as a failed attempt, and after the
 * last one the record becomes a dead letter.
 *
 * @throws {@link ArgumentError} for an `afterMs` that is no delay.
 */
declare function retry({ afterMs }?: RetryVerdictOptions): Verdict;
/**
 * The record becomes a dead letter at once, as after a {@link PermanentError}.
 *
 * @param reason What the dead letter says of it; of an error, its message, name, code and stack.
 */
declare function deadLetter(reason: string | Error): Verdict;

/**
 * The channels of `node:diagnostics_channel` that tell what a service does. Each is a tracing channel, with events for
 * the start, the end and the error of a promise: `tracing:narad:send:start` and so on.
 */
declare const CHANNELS: {
    /** A call to `send` or `sendRecords`: {@link SendDiagnostics}. */
    readonly send: "narad:send";
    /** An attempt of a handler: {@link ProcessDiagnostics}. */
    readonly process: "narad:process";
};
/** What the events of `narad:send` are given; at the end also with `result` or `error`. */
interface SendDiagnostics {
    topic: string;
    /** As middleware sees them: headers may be added at the start. */
    records: readonly SendRecord[];
}
/** What the events of `narad:process` are given; at the end also with `result` or `error`. */
interface ProcessDiagnostics {
    group: string;
    /** One, or those of the batch. */
    records: readonly RecordContext[];
}

/**
 * A validator as [Standard Schema](https://standardschema.dev) version 1 says it; zod, valibot, arktype and others are.
 * The specification advises to copy its types.
 */
interface StandardSchema<Input = unknown, Output = Input> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
        readonly types?: {
            readonly input: Input;
            readonly output: Output;
        } | undefined;
    };
}
/** What a validator found. */
type SchemaResult<Output> = {
    readonly value: Output;
    readonly issues?: undefined;
} | {
    readonly issues: readonly SchemaIssue[];
};
/** What is wrong, and where. */
interface SchemaIssue {
    readonly message: string;
    readonly path?: ReadonlyArray<PropertyKey | {
        readonly key: PropertyKey;
    }> | undefined;
}

/**
 * Something that happened, or in a {@link CommandEvent} is to happen, with what every reader wants to know of it.
 * {@link event} and its siblings make it, `eventCodec` reads it; it is frozen.
 *
 * @typeParam D The data.
 * @typeParam T The type.
 */
interface BaseEvent<D = unknown, T extends string = string> {
    /** Names the event: a UUIDv7, unless its sender has other ids. */
    readonly id: string;
    /** What happened, such as `order.created`. */
    readonly type: T;
    /** The version of the data's schema. */
    readonly version: string;
    /** When it happened, as ISO 8601 text. */
    readonly timestamp: string;
    /** The service that it comes from. */
    readonly source: string;
    readonly data: D;
    /** What is not about the event itself, such as a tenant or a user agent. */
    readonly metadata?: Readonly<Record<string, unknown>>;
    /** Ties together all that one request caused. */
    readonly correlationId?: string;
    /** The id of the event or command that caused this one. */
    readonly causationId?: string;
    /** The thing that changed: the key of the record, unless another is given, so that its events stay in order. */
    readonly aggregateId?: string;
    /** What kind of thing changed, such as `Order`. */
    readonly aggregateType?: string;
    /** What is to be done. */
    readonly commandName?: string;
    /** The topic for the answer. */
    readonly replyTo?: string;
    /** How long the sender waits for an answer, in milliseconds. */
    readonly timeoutMs?: number;
    /** Fields of the record that are none of the above, by their names in the record: they are written as they were read. */
    readonly extensions?: Readonly<Record<string, unknown>>;
}
/** A change of one thing. */
interface DomainEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
    readonly aggregateId: string;
    readonly aggregateType: string;
}
/** An event for other services. */
interface IntegrationEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
    readonly correlationId: string;
}
/** Something to be done. */
interface CommandEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
    readonly commandName: string;
}

/** What {@link event} is given. */
interface EventInput<D = unknown, T extends string = string> {
    /** What happened, such as `order.created`. */
    type: T;
    data: D;
    /** Default: a new UUIDv7, which sorts by time. */
    id?: string | undefined;
    /**
     * The version of the data's schema.
     *
     * @defaultValue `'1.0'`
     */
    version?: string | undefined;
    /** When it happened; default: now. A text must be a date, and is kept as it is. */
    timestamp?: string | number | Date | undefined;
    /** The service; default: `KAFKA_CLIENT_ID`, or `narad`. */
    source?: string | undefined;
    metadata?: Readonly<Record<string, unknown>> | undefined;
    /** Ties together all that one request caused. Default: that of the record that is being handled. */
    correlationId?: string | undefined;
    /** The id of the event or command that causes this one. Default: that of the record that is being handled. */
    causationId?: string | undefined;
    /** Further fields of the record, at the level of the event's own. */
    extensions?: Readonly<Record<string, unknown>> | undefined;
}
/** What {@link domainEvent} is given. */
interface DomainEventInput<D = unknown, T extends string = string> extends EventInput<D, T> {
    /** The thing that changed: the key of the record, unless `send` is given another. */
    aggregateId: string;
    /** What kind of thing changed, such as `Order`. */
    aggregateType: string;
}
/** What {@link command} is given. */
interface CommandInput<D = unknown, T extends string = string> extends Omit<EventInput<D, T>, 'type'> {
    /** What is to be done, such as `ProcessPayment`. */
    commandName: string;
    /** Default: the name. */
    type?: T | undefined;
    /** The topic for the answer. */
    replyTo?: string | undefined;
    /** How long the sender waits for an answer, in milliseconds from 1. */
    timeoutMs?: number | undefined;
}
/**
 * An event, to be sent as it is: `kafkaService.send('orders', event({ type: 'order.created', data }))`.
 *
 * @throws {@link ArgumentError} for fields that are missing, wrong or unknown.
 */
declare function event<D, T extends string = string>(input: EventInput<D, T>): BaseEvent<D, T>;
/**
 * An event of one thing, the aggregate, whose id becomes the key of the record.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
declare function domainEvent<D, T extends string = string>(input: DomainEventInput<D, T>): DomainEvent<D, T>;
/**
 * An event for other services. It always has a correlation id: its own id, where it begins something new.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
declare function integrationEvent<D, T extends string = string>(input: EventInput<D, T>): IntegrationEvent<D, T>;
/**
 * Something to be done by whoever reads it.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
declare function command<D, T extends string = string>(input: CommandInput<D, T>): CommandEvent<D, T>;

/** The names of the types of a bus. */
type EventType<Events> = keyof Events & string;
/** The event of a type, or of each of several. */
type EventOf<Events, Type extends EventType<Events> = EventType<Events>> = Type extends EventType<Events> ? BaseEvent<Events[Type], Type> : never;
/** The names that a pattern fits. */
type MatchingType<Events, Pattern extends string> = EventType<Events> & Wildcard<Pattern>;
type Wildcard<Pattern extends string> = Pattern extends `${infer Start}*${infer Rest}` ? `${Start}${string}${Wildcard<Rest>}` : Pattern;
/** The data of each type, as its schema makes it. */
type SchemaOutputs<Schemas> = {
    [Type in keyof Schemas]: Schemas[Type] extends StandardSchema<unknown, infer Output> ? Output : never;
};
/** A class that stands for a type, and whose instances are the data of its events. */
interface EventClass<D = unknown> {
    readonly type: string;
    new (...args: never[]): D;
}
/** What a handler is told beside the event. Of an event that was dispatched, the offset is -1, as the partition is. */
type EventContext = Pick<RecordContext, 'topic' | 'partition' | 'offset' | 'timestamp' | 'group' | 'key' | 'headers' | 'attempt' | 'signal'>;
/** Handles an event. What it throws or returns means what it means for every handler of records. */
type EventHandler<E = BaseEvent> = (event: E, context: EventContext) => unknown;
/** An event as `publish` and `dispatch` take it: one that was made already, or what one is made of. */
type PublishInput<Events, Type extends EventType<Events> = EventType<Events>> = Type extends EventType<Events> ? EventInput<Events[Type], Type> & {
    aggregateId?: string | undefined;
    aggregateType?: string | undefined;
    commandName?: string | undefined;
    replyTo?: string | undefined;
    timeoutMs?: number | undefined;
} : never;
/** Options of {@link EventBus.publish}: those of `send`. Default of the key: the event's `aggregateId`. */
type PublishOptions = Omit<SendOptions, 'codec'>;
/** Options of {@link EventBus.subscribe}: those of a service's `subscribe`, for single records. */
type EventSubscribeOptions = SubscribeOptions<BaseEvent>;
/** The arguments of {@link EventBus.subscribe} as one object. */
interface EventSubscription<Events> extends EventSubscribeOptions {
    topics: TopicsInput;
    handler?: EventHandler<EventOf<Events>> | undefined;
}
/** Options of {@link createEventBus}. */
interface EventBusOptions<Events = Record<string, unknown>> {
    /** The name of this service: the source of its events, and its group. Default: the `clientId` of the Kafka service. */
    service?: string;
    /** Of what the events are, such as `order`: their topic begins with it. Default: their type up to its first dot. */
    domain?: string;
    /** The group of subscriptions that name none. Default: the `group` of the Kafka service, then `service`. */
    group?: string;
    /** Default: the shared `kafkaService`. */
    kafka?: KafkaService;
    /** How events become bytes, such as a preset. Default: `eventCodec()`. */
    codec?: CodecOption<BaseEvent>;
    /** Validators of the data by type, as Standard Schema says them; zod, valibot and arktype are some. */
    schemas?: {
        readonly [Type in keyof Events]?: StandardSchema<unknown, Events[Type]>;
    };
    /** The topic of an event that is published without one. Default: {@link eventTopic}. */
    topic?: (event: BaseEvent, domain: string | undefined) => string;
    /**
     * What becomes of events that no handler is registered for: they are counted and done, or counted and a permanent
     * error, so that they become dead letters.
     *
     * @defaultValue `count`
     */
    unhandled?: 'count' | 'error';
}

/**
 * Publishes events and hands them to handlers by their type, on one Kafka service. Made by {@link createEventBus}.
 *
 * @typeParam Events The data of each type.
 */
declare class EventBus<Events extends object = Record<string, unknown>> {
    #private;
    /** How many events no handler was registered for, by type. Beyond a thousand types, the others count as `*`. */
    get unhandled(): ReadonlyMap<string, number>;
    /**
     * Connects what publishes; groups are connected by {@link subscribe}. From here on what handlers of the bus send with
     * the Kafka service itself inherits their correlation, too. May be called again.
     *
     * @throws As `connectProducer` of the Kafka service.
     */
    start(): Promise<this>;
    /**
     * Disconnects the Kafka service, and with it every bus on it: handlers that run may end, what was published is
     * delivered. To start again, call `init()` of the service first.
     *
     * @returns What was left when the time was over.
     */
    stop(options?: DisconnectOptions): Promise<DisconnectReport>;
    /**
     * Sends an event, which may be what one is made of, and resolves once the broker has acknowledged it. In a handler it
     * inherits the correlation of the event that is handled, which becomes its cause.
     *
     * @param topic Default: what the option `topic` says, `<domain>.events` and for commands `<domain>.commands`.
     * @throws {@link ArgumentError} for what is no event, or whose data does not fit its schema; as `send`.
     */
    publish(event: PublishInput<Events>, options?: PublishOptions): Promise<RecordMetadata>;
    publish(topic: string, event: PublishInput<Events>, options?: PublishOptions): Promise<RecordMetadata>;
    /**
     * Registers a handler for the events of a type, now or while events come: by the type's name, by a class that has it
     * as its static `type` and becomes the class of the data, or by a pattern, in which `*` stands for any text.
     *
     * Several handlers of an event run one after the other, in the order in which they were registered. The first that
     * fails ends it, and a retry runs all of them again.
     *
     * @returns What takes it away again.
     * @throws {@link ArgumentError}
     */
    registerHandler<Pattern extends `${string}*${string}`>(pattern: Pattern, handler: EventHandler<EventOf<Events, MatchingType<Events, Pattern>>>): () => void;
    registerHandler<Type extends EventType<Events>>(type: Type, handler: EventHandler<EventOf<Events, Type>>): () => void;
    registerHandler(pattern: RegExp, handler: EventHandler<EventOf<Events>>): () => void;
    registerHandler<D>(type: EventClass<D>, handler: EventHandler<BaseEvent<D>>): () => void;
    /**
     * Handles the events of topics, with the registered handlers or with one that gets all of them. The options are those
     * of the service's `subscribe`: retries, dead letters, ordering, concurrency.
     *
     * @param groupOrOptions The consumer group, or options. Default of the group: that of the bus.
     * @throws As `subscribe` of the Kafka service.
     */
    subscribe(subscription: EventSubscription<Events>): Promise<Subscription>;
    subscribe(topics: TopicsInput, options?: EventSubscribeOptions): Promise<Subscription>;
    subscribe(topics: TopicsInput, handler: EventHandler<EventOf<Events>> | undefined, groupOrOptions?: string | EventSubscribeOptions): Promise<Subscription>;
    /**
     * Runs the registered handlers of an event in this process, without Kafka: for tests. Children of the event, that are
     * published, are sent.
     *
     * @throws What a handler throws, or the error of a verdict that it returns.
     */
    dispatch(event: PublishInput<Events>): Promise<void>;
}
/** The bus that most processes need: on the shared `kafkaService`, with the defaults of all options. */
declare function getEventBus(): EventBus;
/**
 * An event bus of its own. Its types come from the type parameter, or from the schemas.
 *
 * @throws {@link ArgumentError} that names the option.
 */
declare function createEventBus<Schemas extends Record<string, StandardSchema>>(options: Omit<EventBusOptions, 'schemas'> & {
    readonly schemas: Schemas;
}): EventBus<SchemaOutputs<Schemas>>;
declare function createEventBus<Events extends object = Record<string, unknown>>(options?: EventBusOptions<Events>): EventBus<Events>;

/**
 * How events are written: under their own names, as services of other kinds name them, or as CloudEvents 1.0 in the
 * binary or the structured mode of its Kafka binding.
 */
type EventFormat = 'narad' | 'snake_case' | 'payload' | 'flat' | 'cloudevents' | 'cloudevents-structured';
/** Options of {@link eventCodec}. */
interface EventCodecOptions {
    /** @defaultValue `'narad'` */
    format?: EventFormat;
}
/**
 * The codec of events, for `send`, for `subscribe` and for a whole service. What a record does not say is taken from its
 * headers, its time and its place; what is no event is a permanent error. Each format reads what others of its kind
 * write, and both CloudEvents formats read both modes.
 *
 * @typeParam D The data.
 * @throws {@link ArgumentError} for an unknown format.
 */
declare function eventCodec<D = unknown, T extends string = string>(options?: EventCodecOptions): Codec<BaseEvent<D, T>>;

/**
 * The topic of an event: `<domain>.events`, and of a command `<domain>.commands`. All events of a domain share it, because
 * Kafka keeps order within a topic alone: an order's cancellation must not overtake its creation.
 *
 * @param domain Default: the type up to its first dot, which is `order` of `order.created`.
 * @throws {@link ArgumentError} where neither says the domain.
 */
declare function eventTopic({ type, commandName }: Pick<BaseEvent, 'type' | 'commandName'>, domain?: string): string;

/**
 * Every header name that narad writes or reads by itself. All values are UTF-8 text.
 *
 * They follow the `x-…-id` habit of HTTP gateways, so that services in other languages can read and set them.
 */
declare const HEADERS: {
    /** Ties together all records that one request caused; a handler's sends should pass it on. */
    readonly correlationId: "x-correlation-id";
    /** Names the record whose handler sent this one. */
    readonly causationId: "x-causation-id";
    /** Ties together the requests of one longer exchange, each of which has a correlation id of its own. */
    readonly conversationId: "x-conversation-id";
    /** What happened, such as `order.created`, so that a handler can choose without decoding the value. */
    readonly eventType: "x-event-type";
    /** Names the record: of two with the same id, the middleware `dedupe` hands one on. */
    readonly messageId: "x-message-id";
    /** Marks a copy that a replay made: `topic/partition/offset` of the record it was made of. */
    readonly replayedFrom: "x-replayed-from";
    /** The service that sent the record. */
    readonly source: "x-source";
};
/** Names of the headers of requests and replies. All values are UTF-8 text. */
declare const REPLY_HEADERS: {
    /** Of a request and its reply: a random id that ties them together. */
    readonly id: "x-narad-request-id";
    /** Of a request: the topic that its reply goes to. */
    readonly topic: "x-narad-reply-topic";
    /** Of a request: the partition that its reply goes to, in decimal. */
    readonly partition: "x-narad-reply-partition";
    /** Of a request: when nobody waits for its reply any more, in milliseconds since the epoch. */
    readonly deadline: "x-narad-deadline";
    /** Of a reply that is an error: its name, such as `TypeError`. */
    readonly errorName: "x-narad-error-name";
    /** Of a reply that is an error: its code, such as `ECONNREFUSED`; not there where it has none. */
    readonly errorCode: "x-narad-error-code";
    /** Of a reply that is an error: its message, at most 4 KiB, without what looks like a secret. */
    readonly errorMessage: "x-narad-error-message";
};
/**
 * Names of the headers of a dead letter. The first six are Kafka's own (KIP-1191). All values are UTF-8 text: numbers in
 * decimal, times in milliseconds since the epoch. A dead letter that fails again has each of them once, with new values.
 */
declare const DEAD_LETTER_HEADERS: {
    /** The topic of the record. */
    readonly topic: "__dlq.errors.topic";
    readonly partition: "__dlq.errors.partition";
    readonly offset: "__dlq.errors.offset";
    /** The consumer group that could not handle it. */
    readonly group: "__dlq.errors.group";
    /** How often the record was handed to its handler, as a delivery counts for Kafka; the same as `attempts`. */
    readonly deliveryCount: "__dlq.errors.delivery.count";
    /** Message of the last error, at most 4 KiB, without what looks like a secret. */
    readonly message: "__dlq.errors.message";
    /**
     * The same for each letter of a record in a group, `topic/partition/offset/group`: a crash may write a letter twice.
     */
    readonly id: "x-narad-dlq-id";
    /** What the last error means: `permanent`, or `transient` where the retries were used up. */
    readonly class: "x-narad-dlq-class";
    /** Name of the last error, such as `TypeError`. */
    readonly name: "x-narad-dlq-name";
    /** Code of the last error, such as `ECONNREFUSED`; not there where it has none. */
    readonly code: "x-narad-dlq-code";
    /** Stack of the last error, at most 4 KiB, without what looks like a secret; not there where it has none. */
    readonly stack: "x-narad-dlq-stack";
    readonly firstFailure: "x-narad-dlq-first-failure";
    readonly lastFailure: "x-narad-dlq-last-failure";
    readonly attempts: "x-narad-dlq-attempts";
    /** The record's own time; not there where it has none. The letter's time is when it was written. */
    readonly sourceTimestamp: "x-narad-dlq-source-timestamp";
    /** How often the record was sent again from a dead letter. Also of a record that was, with `id`. */
    readonly replays: "x-narad-dlq-replays";
    /** Of a record that was sent again from a dead letter: it may have been sent before, by someone who was ended. */
    readonly repeat: "x-narad-dlq-repeat";
    /**
     * Only where the record was too large for the topic of the dead letters: its size in bytes. The letter has no value
     * then, and where that is still too much neither key nor headers of its own; the record itself is in its topic.
     */
    readonly truncated: "x-narad-dlq-truncated";
};
/**
 * Names of the headers of a record in a retry topic. All values are UTF-8 text: numbers in decimal, times in milliseconds
 * since the epoch. A record that goes on to the next retry topic has each of them once, with new values.
 */
declare const RETRY_HEADERS: {
    /** When it is to be handled again, by the clock of the process that wrote it. */
    readonly due: "x-narad-retry-due";
    /** How many of the subscription's retry topics it has been in, with this one. */
    readonly tier: "x-narad-retry-tier";
    /** How often it was handed to its handler until now. */
    readonly attempts: "x-narad-retry-attempts";
    readonly firstFailure: "x-narad-retry-first-failure";
    readonly lastFailure: "x-narad-retry-last-failure";
    /** The topic that the record comes from; partition and offset are those that it has there. */
    readonly topic: "x-narad-retry-topic";
    readonly partition: "x-narad-retry-partition";
    readonly offset: "x-narad-retry-offset";
    /** The consumer group that handles it. */
    readonly group: "x-narad-retry-group";
    /** The record's own time; not there where it has none. */
    readonly sourceTimestamp: "x-narad-retry-source-timestamp";
};

/**
 * Hands the ids of a record on to all that its handler sends, through awaits and timers: the headers `x-correlation-id`
 * and `x-conversation-id` as they are, and the record's `x-message-id` as `x-causation-id`. A record with a message id
 * and without a correlation id begins a correlation under its own id. Headers that a send has itself stay.
 *
 * What a batch handler sends has no single cause, and gets nothing.
 */
declare function correlation(): Middleware;

/** What a store says to a claim: it is ours, the id was completed before, or someone else has claimed it. */
type Claim = 'claimed' | 'done' | 'busy';
/**
 * Where {@link dedupe} keeps which records are done. A store that several processes share makes them skip each other's.
 * What it throws fails the attempt, and the record is handled again.
 */
interface DedupeStore {
    /**
     * Claims an id, at once or not at all. A claim that is neither completed nor released runs out after `ttlMs`
     * milliseconds: its process has died.
     */
    claim(id: string, ttlMs: number): Claim | Promise<Claim>;
    /** The record of the id was handled. How long that is remembered is the store's choice. */
    complete(id: string): unknown;
    /** The record of the id was not handled, and may be claimed anew. */
    release(id: string): unknown;
}
/** Options of {@link dedupe}. */
interface DedupeOptions {
    store: DedupeStore;
    /**
     * What two records have in common of which one is to be handled. The group is put before it, because each group
     * handles every record. Default: the topic and the header `x-message-id`, or where there is none, the place of the
     * record: topic, partition and offset.
     */
    id?: (context: RecordContext) => string;
    /**
     * After how long a claim runs out, in milliseconds. It should be longer than any handler takes, and it is how long a
     * record waits whose handler died with its process.
     *
     * @defaultValue `120000`
     */
    ttlMs?: number;
}
/**
 * Skips records that were handled before. An id is claimed before the handler runs, completed only when it has
 * succeeded, and released when it has failed, whether by an error or by a verdict.
 *
 * A record that someone else has claimed is tried again: after the usual back-off, and from the second time on when the
 * claim must have run out.
 *
 * @throws {@link ArgumentError} for wrong options.
 */
declare function dedupe(options: DedupeOptions): Middleware;

/** Options of {@link memoryStore}. */
interface MemoryStoreOptions {
    /**
     * How many ids are remembered as done; the oldest is forgotten first. 1 to 10,000,000.
     *
     * @defaultValue `100000`
     */
    maxEntries?: number;
}
/** A {@link DedupeStore} in the memory of this process: other members do not see it, and a restart forgets it. */
declare function memoryStore(options?: MemoryStoreOptions): DedupeStore;

/** Options of {@link timeout}. */
interface TimeoutOptions {
    /** How long what is inside of it may take, in milliseconds. */
    ms: number;
}
/**
 * Fails the attempt when what is inside of it takes longer: `context.signal` aborts, and once the handler has settled,
 * whichever way, the record is handled again as after any transient error. Until then the records behind it wait, so
 * that none of its key is handled twice at a time.
 *
 * It differs from the option `timeoutMs` in what it covers: middleware outside of it has as long as it takes.
 *
 * @throws {@link ArgumentError} for a time that is none.
 */
declare function timeout(options: TimeoutOptions): Middleware;

/** Options of {@link validate}. */
interface ValidateOptions {
    /** Whose records are validated: a topic, a pattern of topics, or several. Default: all. */
    topics?: string | RegExp | ReadonlyArray<string | RegExp>;
}
/**
 * Validates messages on their way in and on their way out. What the schema makes of a message, such as its defaults,
 * takes the message's place.
 *
 * A message that does not fit is a permanent error on the way in, so that its record becomes a dead letter at once; of a
 * batch, that record alone. On the way out the send rejects with an {@link ArgumentError} before anything is sent.
 * Errors name the paths that do not fit, and neither their values nor the validator's messages, which may show them.
 *
 * @param schema Any validator that implements Standard Schema. A tombstone is `null` to it.
 * @throws {@link ArgumentError} for what is no schema.
 */
declare function validate(schema: StandardSchema, options?: ValidateOptions): Middleware;

/** The levels of entries. */
type SystemLogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';

/** Options of {@link systemLogger}. */
interface SystemLoggerOptions {
    /** The field `service` of every entry: who logs. Default: the configured `clientId`. */
    service?: string;
    /** Whose producer sends the entries, once it is connected. Default: the `kafkaService` that all modules share. */
    kafka?: KafkaService;
    /**
     * The topic of the entries.
     *
     * @defaultValue `system-logs`
     */
    topic?: string;
    /**
     * The least level that is sent.
     *
     * @defaultValue `info`
     */
    level?: LogLevel;
    /**
     * Entries that wait to be sent, 1 to 1,000,000; beyond them, and beyond 16 Mi characters, the oldest are dropped.
     *
     * @defaultValue `10000`
     */
    maxEntries?: number;
}
/** An entry as it is written to the topic. */
interface SystemLogEntry {
    service: string;
    level: SystemLogLevel;
    message: string;
    /** The fields that were logged, without secrets. */
    data: Record<string, unknown>;
    /** ISO 8601, in UTC. */
    timestamp: string;
}
/** A logger of pino's shape whose entries go to a topic. No call of it ever throws, waits or logs. */
interface SystemLogger extends Logger {
    /** A logger that puts these fields into the `data` of each entry; it shares everything else. */
    child(fields: object): SystemLogger;
    /**
     * Where pino writes its lines: `pino(options, logger.destination)`, or as one stream of `pino.multistream`. Pino's own
     * level holds for them.
     */
    readonly destination: {
        write(line: string): void;
    };
    /** Entries that did not fit, or that the brokers refused or did not acknowledge in time. */
    readonly dropped: number;
    /**
     * Resolves once what was logged is written or dropped, at the latest after the time. `disconnect()` of the service
     * does as much by itself.
     *
     * @param timeoutMs Default: 5,000.
     */
    flush(timeoutMs?: number): Promise<void>;
}
/**
 * Ships what is logged to the topic `system-logs`, in the background: `{ service, level, message, data, timestamp }` as
 * JSON. Entries wait while there is no broker, up to a bound. They pass by all middleware, and failures to send them are
 * only counted, so that it never logs because of itself; it may be the `logger` of its own service.
 *
 * @throws {@link ArgumentError} or {@link TopicError} for wrong options.
 */
declare function systemLogger(options?: SystemLoggerOptions): SystemLogger;

export {
  AdminError,
  ArgumentError,
  AuthenticationError,
  AuthorizationError,
  BusinessError,
  CHANNELS,
  ClosedError,
  CommitError,
  ConfigError,
  ConnectionError,
  ConsumeError,
  DEAD_LETTER_HEADERS,
  DeadLetterError,
  DecodeError,
  EmbeddedBrokerError,
  EncodeError,
  FatalError,
  HEADERS,
  HandlerError,
  HandlerTimeoutError,
  InternalError,
  KafkaError,
  NativeLoadError,
  NotConnectedError,
  PermanentError,
  REPLY_HEADERS,
  RETRY_HEADERS,
  RecordTooLargeError,
  RemoteError,
  RequestError,
  RetryTopicError,
  SendError,
  SubscribeError,
  TopicError,
  TransientError,
  ack,
  command,
  correlation,
  createEventBus,
  createKafkaService,
  deadLetter,
  deadLetterDesk,
  dedupe,
  domainEvent,
  event,
  eventCodec,
  eventTopic,
  getEventBus,
  integrationEvent,
  kafkaService,
  memoryStore,
  message,
  readDeadLetter,
  retry,
  systemLogger,
  timeout,
  validate,
};

export type {
  Admin,
  AdminCallOptions,
  AutoOffsetReset,
  BaseEvent,
  BatchContext,
  BatchHandler,
  BatchMiddlewareContext,
  BatchNext,
  BatchOptions,
  BatchStreamOptions,
  BatchSubscribeOptions,
  BlockingRecord,
  BrokerDescription,
  Brokers,
  Claim,
  Classify,
  ClusterDescription,
  Codec,
  CodecOption,
  CommandEvent,
  CommandInput,
  Compression,
  ConsumedMetrics,
  Consumer,
  ConsumerBatchSubscribeOptions,
  ConsumerReport,
  ConsumerSubscribeOptions,
  CreateTopicOptions,
  DeadLetter,
  DeadLetterDesk,
  DeadLetterEvent,
  DeadLetterOptions,
  DeadLetterTopic,
  DecodeContext,
  DedupeOptions,
  DedupeStore,
  DeleteRecordsOptions,
  DeliveryOptions,
  DescribeGroupsOptions,
  DescribeTopicsOptions,
  DeskProgress,
  DevMode,
  DisconnectOptions,
  DisconnectReport,
  DomainEvent,
  DomainEventInput,
  DurationHistogram,
  EncodeContext,
  EventBus,
  EventBusOptions,
  EventClass,
  EventCodecOptions,
  EventContext,
  EventFormat,
  EventHandler,
  EventInput,
  EventOf,
  EventSubscribeOptions,
  EventSubscription,
  EventType,
  FailedAttempts,
  FailureClass,
  Fingerprint,
  GroupDescription,
  GroupHealth,
  GroupListing,
  GroupMember,
  GroupMetrics,
  GroupOffsetsOptions,
  GroupProtocol,
  GroupState,
  Groups,
  HeaderValue,
  HeadersInput,
  Health,
  HealthRouteOptions,
  IntegrationEvent,
  KafkaConfig,
  KafkaErrorFields,
  KafkaErrorJson,
  KafkaMetrics,
  KafkaService,
  KeyInput,
  LetterFilter,
  LetterOptions,
  LetterPark,
  LetterPurge,
  LetterReplay,
  LetterState,
  LetterStats,
  ListTopicsOptions,
  LogLevel,
  LogMethod,
  LogOffsets,
  Logger,
  MatchingType,
  MemoryStoreOptions,
  MessageBuilder,
  Middleware,
  MiddlewareInput,
  NaradErrorCode,
  Next,
  OauthToken,
  OffsetReset,
  Ordering,
  OutageEvent,
  OutageOptions,
  ParkOptions,
  PartitionDescription,
  PartitionLag,
  PartitionMetrics,
  PartitionOffsets,
  PartitionPlace,
  PeerName,
  ProcessDiagnostics,
  PublishInput,
  PublishOptions,
  PurgeOptions,
  RawHeader,
  ReadOptions,
  RebalanceEvent,
  RecordContext,
  RecordHandler,
  RecordInput,
  RecordMetadata,
  RecordMiddlewareContext,
  RecordStream,
  RemoteErrorFields,
  ReplayInto,
  ReplayLettersOptions,
  ReplayOptions,
  ReplayProgress,
  ReplayReport,
  Replies,
  ReplyOptions,
  RequestCounts,
  RequestManyOptions,
  RequestOptions,
  ResetOffsetsOptions,
  ResetTarget,
  ResolvedConfig,
  RetryEvent,
  RetryOptions,
  RetryTopicOptions,
  RetryVerdictOptions,
  Right,
  SaslConfig,
  SaslMechanism,
  SchemaIssue,
  SchemaOutputs,
  SchemaResult,
  SeekTarget,
  SendContext,
  SendDiagnostics,
  SendErrorFields,
  SendNext,
  SendOptions,
  SendRecord,
  SentMetrics,
  ServiceEvents,
  ServiceMode,
  SslConfig,
  StandardSchema,
  StreamOptions,
  StreamRecord,
  SubscribeOptions,
  Subscription,
  SystemLogEntry,
  SystemLogLevel,
  SystemLogger,
  SystemLoggerOptions,
  TimeoutOptions,
  TopicConfig,
  TopicDescription,
  TopicListing,
  Topics,
  TopicsInput,
  TransientErrorFields,
  UnfinishedRecord,
  ValidateOptions,
  Verdict,
};

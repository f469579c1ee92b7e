// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { KafkaService, MessageBuilder, SendOptions, KafkaConfig } from './index.js';

/** How a record was handled by a group. */
interface DeliveryReport {
    group: string;
    /** How often the handler was called. */
    attempts: number;
    /** What its back-off would have taken, in milliseconds; no time passed. */
    waitedMs: number;
}

/** A record that a {@link TestService} was given to send. */
interface SentRecord {
    topic: string;
    /** Decoded again, by the codec of the service. */
    value: unknown;
    key: string | null;
    headers: Readonly<Record<string, string | null>>;
    offset: number;
    timestamp: number;
}
/** A service without brokers, for tests of what is built on it. Everything is in memory, and no time passes. */
interface TestService extends KafkaService {
    /** All that was sent, in order. What is sent is also handed to the handlers that are subscribed to its topic. */
    readonly sent: readonly SentRecord[];
    /** What was sent to a topic. */
    sentTo(topic: string): SentRecord[];
    /**
     * Hands a record to the handlers of its topic, as if someone else had sent it, and waits until each has handled it,
     * retries included: their back-off passes at once.
     *
     * @throws What a handler failed with, when it gives the record up; {@link ArgumentError} where none is subscribed.
     */
    deliver<T>(topic: string, value: T | MessageBuilder<T>, options?: SendOptions<T>): Promise<DeliveryReport[]>;
    /**
     * Waits until all that was sent, and all that was sent because of it, is handled.
     *
     * @throws What a handler failed with since the last time, when it gave a record up.
     */
    waitForIdle(): Promise<void>;
}
/** A {@link TestService}, connected. */
declare function createTestService(config?: KafkaConfig): TestService;

/** A request that {@link TestBroker.failRequests} takes, by Kafka's name. */
type RequestName = 'Produce' | 'Fetch' | 'ListOffsets' | 'OffsetCommit' | 'OffsetFetch' | 'FindCoordinator' | 'JoinGroup' | 'Heartbeat' | 'LeaveGroup' | 'SyncGroup' | 'InitProducerId' | 'OffsetForLeaderEpoch' | 'ConsumerGroupHeartbeat';
/** How a topic is created. */
interface TopicOptions {
    /** Default 1. */
    partitions?: number;
    /** Up to the number of brokers. Default 1. */
    replicationFactor?: number;
}
/** A topic to create at the start. */
interface TestTopic extends TopicOptions {
    name: string;
}
/** What {@link TestBroker.start} takes. */
interface TestBrokerOptions {
    /** How many brokers the cluster has. Their ids are 1, 2, … Default 1. */
    brokers?: number;
    /** Topics to create, by name or with their options. */
    topics?: ReadonlyArray<string | TestTopic>;
}
/**
 * A Kafka cluster in this process, for tests: the real protocol on free ports of 127.0.0.1, started in milliseconds,
 * with faults on request. docs/testing.md says what it cannot do.
 *
 * A broker that was not stopped does not keep the process alive.
 *
 * @example
 * const broker = await TestBroker.start({ topics: ['orders'] })
 * await service.init({ brokers: broker.brokers }).connectProducer()
 * …
 * await service.disconnect()
 * await broker.stop()
 */
declare class TestBroker {
    #private;
    /** The addresses of all brokers, as the option `brokers` and every other client takes them. */
    readonly brokers: string;
    private constructor();
    /**
     * @throws {@link ArgumentError} or {@link TopicError} for options that are wrong, {@link NativeLoadError} where
     * there is no native part, {@link EmbeddedBrokerError} where the cluster cannot be started.
     */
    static start(options?: TestBrokerOptions): Promise<TestBroker>;
    /**
     * Creates a topic. Topics that clients use before they exist are created as well, with 4 partitions.
     *
     * @throws {@link TopicError} for a name that Kafka refuses, {@link ArgumentError} for wrong numbers,
     * {@link EmbeddedBrokerError} with the `kafkaCode` `TOPIC_ALREADY_EXISTS`.
     */
    createTopic(name: string, options?: TopicOptions): Promise<void>;
    /**
     * Lets the next requests of a kind fail, on whichever broker, the first with the first error and so on.
     *
     * @param request Kafka's name of the request, such as `Produce`.
     * @param errors Names of Kafka's errors as `error.kafkaCode` shows them, such as `NOT_ENOUGH_REPLICAS`, or
     * `_TRANSPORT` to close the connection instead of an answer.
     * @throws {@link ArgumentError} for a name that is wrong; {@link EmbeddedBrokerError} `NARAD_EMBEDDED_UNSUPPORTED`
     * for a request that cannot be made to fail.
     */
    failRequests(request: RequestName, ...errors: string[]): Promise<void>;
    /** Takes back what {@link failRequests} left over for a kind of request. */
    clearFailures(request: RequestName): Promise<void>;
    /** Closes the connections of a broker and refuses new ones. What it leads, it still leads: see {@link moveLeader}. */
    brokerDown(id: number): Promise<void>;
    /** Lets a broker take connections again, with the records that it had. */
    brokerUp(id: number): Promise<void>;
    /** Lets every answer of a broker wait so long; 0 ends it. */
    roundTripTime(id: number, timeMs: number): Promise<void>;
    /** Makes another broker the leader of a partition. */
    moveLeader(topic: string, partition: number, id: number): Promise<void>;
    /** Makes another broker the coordinator of a consumer group. */
    moveCoordinator(group: string, id: number): Promise<void>;
    /**
     * Closes all connections and ports and forgets all records. May be called again.
     *
     * @throws {@link EmbeddedBrokerError} `NARAD_EMBEDDED_DATA_LOST` where the broker dropped records before: what the
     * test saw may be wrong. The broker is stopped all the same.
     */
    stop(): Promise<void>;
    /** {@link stop}, for `await using`. */
    [Symbol.asyncDispose](): Promise<void>;
}

export {
  TestBroker,
  createTestService,
};

export type {
  DeliveryReport,
  RequestName,
  SentRecord,
  TestBrokerOptions,
  TestService,
  TestTopic,
  TopicOptions,
};

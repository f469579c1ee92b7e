import type { FailureClass } from '../delivery/failure.ts'
import type { NaradErrorCode } from '../error-codes.ts'

/** Durations by how long they were; as a histogram with explicit bounds in OpenTelemetry and Prometheus. */
export interface DurationHistogram {
  /** Upper bounds of the buckets in seconds, each included in its bucket. */
  bounds: readonly number[]
  /** Durations in each bucket; the last one, beyond all bounds, is one more than there are bounds. Not cumulative. */
  buckets: number[]
  /** All of them. */
  count: number
  /** In seconds. */
  sum: number
}

/** What was sent to a topic, dead letters included. */
export interface SentMetrics {
  topic: string
  /** Records that the broker acknowledged. */
  sent: number
  /** Bytes of their keys and values. */
  sentBytes: number
  /** Records that were handed over and failed, by error code. */
  failed: Partial<Record<NaradErrorCode, number>>
  /** Now: records that were handed to the native side and have no result yet. */
  inFlight: number
  /** From there to the acknowledgement. */
  latency: DurationHistogram
}

/** Attempts that failed, by what the failure meant. */
export interface FailedAttempts extends Record<FailureClass, number> {
  /** They failed when the record was not this member's any more: it is handled again by whoever has it next. */
  aborted: number
}

/** What a group handled of a topic. */
export interface ConsumedMetrics {
  topic: string
  /** Records that were taken over from the broker's side, each time that they were. */
  received: number
  /** Bytes of their keys and values. */
  receivedBytes: number
  /** Attempts that ended well. */
  handled: number
  failed: FailedAttempts
  /** Failed attempts after which the record is handled again, here or from a retry topic. */
  retried: number
  /** Dead letters that were written. */
  deadLettered: number
  /** Times that a dead letter, or a record for a retry topic, could not be written; that is tried again. */
  deadLetterFailures: number
  /** Records that were given up with `onExhausted: 'skip'`. */
  skipped: number
  /** Times that a partition stopped, with `onExhausted: 'stop'`. */
  stopped: number
  /**
   * From before the value is decoded until the handler has settled, middleware included, whether it failed or not. A
   * batch counts once, with the topic of its first record, and without decoding.
   */
  duration: DurationHistogram
}

/** A partition that is assigned now. */
export interface PartitionMetrics {
  topic: string
  partition: number
  /** Records that were received and are not finished. */
  inFlight: number
  /**
   * Records from the first one that is not finished to the end of the log; undefined until the end is known. The end is
   * what the last fetch told, so the lag of a partition that is paused, or whose handlers are slow, may be larger.
   */
  lag: number | undefined
}

/** What a consumer group of this service does. */
export interface GroupMetrics {
  group: string
  commits: {
    /** Answered by the coordinator. */
    succeeded: number
    /** Refused; they are tried again. */
    failed: number
  }
  /** Changes of the assignment by kind. */
  rebalances: { assigned: number; revoked: number; lost: number }
  /** Now: records that wait for a retry, a dead letter or a late handler, or behind one that does. */
  held: number
  /** By name. */
  topics: ConsumedMetrics[]
  /** By topic and number. */
  partitions: PartitionMetrics[]
}

/** What {@link KafkaService.metrics} gives. What is not marked as of now only grows while the process runs. */
export interface KafkaMetrics {
  producer: {
    /** Now: records that wait to be handed to the native side. */
    queued: number
    /** By name. */
    topics: SentMetrics[]
  }
  /** By name. */
  groups: GroupMetrics[]
}

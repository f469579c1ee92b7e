import type { Clock } from '../clock.ts'
import type { ResolvedCodec } from '../codec.ts'
import type { Failure } from '../delivery/failure.ts'
import type { Delivery } from '../delivery/options.ts'
import type { OutageChange, OutageDetector } from '../delivery/outage.ts'
import type { NextStep } from '../delivery/retry-policy.ts'
import { errorField } from '../error-text.ts'
import type { Batch } from './batch.ts'
import type { Block } from './block.ts'
import type { BlockingRecord } from './blocking.ts'
import type { Place, RecordContext } from './record.ts'
import type { Completions } from './reports.ts'

/** Characters of an error's message that are kept for who asks. */
const MAX_ERROR = 300

/** A record that its subscription is busy with. */
export interface UnfinishedRecord {
  topic: string
  partition: number
  offset: number
  key: string | null
  /** Which attempt at it this is, from 1. */
  attempt: number
  /** What has not ended: its handler, or writing it to its retry topic or as a dead letter (`dead-letter`). */
  doing: 'handler' | 'dead-letter'
  /**
   * For how long, in milliseconds. Without metrics (`enableMiddleware: false`) this is what was seen of a handler of single
   * records, which is up to a twentieth of `timeoutMs` less, and at most a second.
   */
  runningMs: number
}

/** What runs the handlers of one subscription. */
export interface Runner {
  accept(batch: Batch): void
  /**
   * Records of these slots are not ours any more: those that wait are given back, those that run are told the reason if
   * there is one.
   */
  drop(slots: ReadonlySet<number>, reason?: Error): void
  /** Starts nothing of these slots until they are resumed; what runs goes on. */
  pause(slots: Iterable<number>): void
  /** What was put aside comes before all that arrives later. */
  resume(slots: ReadonlySet<number>): void
  /** Starts nothing any more and gives back what waits. */
  stop(): void
  /** Tells handlers that still run that nobody waits for them. */
  abort(reason: Error): void
  /** The records whose handler runs, and those whose dead letter is being written. */
  running(): UnfinishedRecord[]
  health(): RunnerHealth
  /** Of each partition the oldest record that is not finished; goes through all of them. */
  blocking(): BlockingRecord[]
}

/** How a runner is. */
export interface RunnerHealth {
  /** Records that handlers have. */
  readonly running: number
  /** Records that wait for something other than a free handler. */
  readonly held: number
  /** How long the longest handler has gone on past its deadline, in milliseconds. */
  readonly overdueMs: number
  /** The outage that lasts. */
  readonly outage: OutageChange | undefined
  /** The oldest unfinished record of each partition. */
}

/** When a record failed, and how often. */
export interface History {
  readonly attempts: number
  /** Of them, those that failed in an outage: they use up no retries. */
  readonly excused?: number
  /** The round of its first failure, see {@link OutageDetector}. */
  readonly round?: number
  /** Milliseconds since the epoch. */
  readonly firstFailureMs: number
  readonly lastFailureMs: number
  /** What it failed with last, as name and message; not known of a record of a retry topic that has not failed since. */
  readonly error?: string
}

/** What a runner tells of records that fail. Nothing of it may throw. */
export interface DeliveryListener {
  /** An attempt failed; `step` is what becomes of the record. */
  onFailure(failure: Failure, context: RecordContext, step: NextStep): void
  /** The record was given up where it is, and goes on elsewhere. */
  onParked(failure: Failure, context: RecordContext, parked: Parked): void
  /** It could not be written there; that is tried again after the time. */
  onParkFailed(error: unknown, context: RecordContext, afterMs: number): void
  /** An outage began or ended. */
  onOutage(change: OutageChange): void
}

/** Where a record went that was given up. */
export interface Parked {
  readonly topic: string
  /** After how long it is handled again, in milliseconds, for a retry topic; undefined for a dead letter. */
  readonly afterMs: number | undefined
}

/** What a runner of retry topics has to know of their records. */
export interface Retried {
  /**
   * How long a record is to wait yet, in milliseconds; 0: it is due. Undefined: it is of another group whose retry topics
   * have the same name, and done here.
   */
  waitMs(block: Block, row: number, place: Place): number | undefined
  /** A due record, alone in a block, with the place that it comes from and its attempts until now. */
  origin(block: Block, row: number, place: Place): { block: Block; place: Place; history?: History }
}

/** What every runner needs. */
export interface RunnerOptions {
  readonly codec: ResolvedCodec
  readonly delivery: Delivery
  /** Records are finished when they are acknowledged, and not when their handler has ended. */
  readonly isManual: boolean
  /** Writes a record to where it goes on, such as the topic of its dead letter; resolves once it is acknowledged. */
  readonly park: (failure: Failure, context: RecordContext, history: History) => Promise<Parked>
  /** Where the records are those of retry topics. */
  readonly retried?: Retried | undefined
  /** Whether places have meters. */
  readonly isTimed: boolean
  /** The assigned partitions by slot. */
  readonly places: ReadonlyMap<number, Place>
  readonly completions: Completions
  readonly listener: DeliveryListener
  readonly clock?: Clock
  readonly random?: () => number
}

export function runnerHealth(
  running: readonly UnfinishedRecord[],
  timeoutMs: number,
  held: number,
  outage: OutageChange | undefined,
): RunnerHealth {
  const handlers = running.filter(({ doing }) => doing === 'handler')
  const overdueMs = Math.max(0, ...handlers.map(({ runningMs }) => runningMs - timeoutMs))
  return { running: handlers.length, held, overdueMs, outage }
}

/** A record for those who ask what is going on. */
export function unfinished(
  { topic, partition, offset, key, attempt }: RecordContext,
  doing: UnfinishedRecord['doing'],
  runningMs: number,
): UnfinishedRecord {
  return { topic, partition, offset, key, attempt, doing, runningMs: Math.round(runningMs) }
}

/** A record that failed for good and whose dead letter is being written. */
export function unwritten(context: RecordContext, { lastFailureMs }: History): UnfinishedRecord {
  return unfinished(context, 'dead-letter', Math.max(0, Date.now() - lastFailureMs))
}

/** The history of a record after one more attempt that failed. */
export function failedAgain(
  { error }: Failure,
  attempts: number,
  before: History | undefined,
  isExcused: boolean,
  now: number,
): History {
  const lastFailureMs = Date.now()
  const excused = (before?.excused ?? 0) + (isExcused ? 1 : 0)
  const round = before?.round ?? now
  const firstFailureMs = before?.firstFailureMs ?? lastFailureMs
  return { attempts, excused, round, firstFailureMs, lastFailureMs, error: shortText(error) }
}

/**
 * An error in one line's worth of text: as many records may wait as fit in memory, and none is to keep a stack. Does not
 * throw.
 */
export function shortText(error: Error): string {
  const [name = 'Error', message = ''] = [errorField(error, 'name'), errorField(error, 'message')]
  return `${name}: ${message.slice(0, MAX_ERROR)}`
}

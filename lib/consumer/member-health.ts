import { inspect } from 'node:util'
import { redactText } from '../redact.ts'
import type { RebalanceEvent } from './assignment.ts'
import type { BlockingRecord } from './blocking.ts'
import type { Place } from './record.ts'
import type { RunnerHealth } from './runner.ts'

type RebalanceKind = RebalanceEvent['kind']

/** Partitions whose oldest records are told. */
const MAX_BLOCKING = 20

/** How a consumer group's member is. */
export interface GroupHealth {
  group: string
  /**
   * It handles records or waits for some (`consuming`), has no partition (`idle`), waits for the end of an outage, is
   * leaving, or has failed for good.
   */
  state: 'idle' | 'consuming' | 'outage' | 'leaving' | 'failed'
  /** The partitions that it has. */
  partitions: Array<{ topic: string; partition: number }>
  /** Records that handlers have at the moment. */
  running: number
  /** Records that wait for something other than a free handler: a retry, a dead letter, a resume, the end of an outage. */
  held: number
  /** Outages that last, by subscription. */
  outages: Array<{ topics: string[]; error: string; sinceMs: number }>
  /** What the writing of a dead letter failed with last, while one is still to be written. */
  deadLetterError?: string
  /** The error after which the member is of no use any more. */
  error?: string
  /**
   * The last time that partitions came or went. `cause`: this member subscribed, or the topics that it reads changed
   * (`topics`), it left (`leaving`), it failed for good (`error`), or the group changed (`group`): others came or went,
   * topics got partitions, or, for `lost`, the group no longer counted on this member.
   */
  lastRebalance?: { kind: RebalanceKind; cause: 'topics' | 'leaving' | 'error' | 'group'; atMs: number }
  /**
   * Of each partition with unfinished records the oldest one, at most twenty: those that failed most often come first,
   * then those whose handlers have run the longest.
   */
  blocking: BlockingRecord[]
  /** Milliseconds since the thread of the group came round, which it does at least each second. */
  pollAgeMs: number
  /** How long the handler that is past its deadline the longest has gone on since, in milliseconds; 0: none is. */
  overdueMs: number
}

/** What becomes known of a member over time, and is told when someone asks for its health. */
export class MemberNotes {
  /** By partition. */
  readonly #letterErrors = new Map<string, string>()
  error: string | undefined
  lastRebalance: GroupHealth['lastRebalance']
  /** The member's own topics changed since it was assigned partitions. */
  #hasNewTopics = false

  letterFailed(place: Place, error: unknown): void {
    this.#letterErrors.set(nameOf(place), redactText(error instanceof Error ? error.message : String(error)))
  }

  letterWritten(place: Place): void {
    if (this.#letterErrors.size > 0) this.#letterErrors.delete(nameOf(place))
  }

  topicsChanged(): void {
    this.#hasNewTopics = true
  }

  rebalanced(kind: RebalanceKind, isLeaving: boolean): void {
    // what of it is still here fails again, and what is not was given back
    if (kind !== 'assigned') this.#letterErrors.clear()
    this.lastRebalance = { kind, cause: this.#causeOf(kind, isLeaving), atMs: Date.now() }
    if (kind === 'assigned') this.#hasNewTopics = false
  }

  #causeOf(kind: RebalanceKind, isLeaving: boolean) {
    if (this.error !== undefined) return 'error'
    if (isLeaving) return 'leaving'
    return this.#hasNewTopics && kind !== 'lost' ? 'topics' : 'group'
  }

  get deadLetterError(): string | undefined {
    return this.#letterErrors.values().next().value
  }
}

export interface MemberState {
  readonly group: string
  readonly isLeaving: boolean
  readonly places: readonly Place[]
  readonly runners: ReadonlyArray<RunnerHealth & { readonly topics: readonly string[] }>
  readonly blocking: () => BlockingRecord[]
  readonly notes: MemberNotes
  readonly pollAgeMs: number
}

export function groupHealth(state: MemberState): GroupHealth {
  const { group, isLeaving, places, runners, notes, pollAgeMs } = state
  const outages = runners.flatMap(({ topics, outage }) => {
    if (outage === undefined) return []
    return [{ topics: [...topics], error: redactText(outage.error.message), sinceMs: outage.sinceMs }]
  })
  const { error, deadLetterError, lastRebalance } = notes
  let blocking: BlockingRecord[] | undefined
  const health: GroupHealth = {
    group,
    state: stateOf(error !== undefined, isLeaving, outages.length > 0, places.length > 0),
    partitions: places.map(({ topic, partition }) => ({ topic, partition })),
    running: runners.reduce((sum, { running }) => sum + running, 0),
    held: runners.reduce((sum, { held }) => sum + held, 0),
    outages,
    ...(deadLetterError === undefined ? {} : { deadLetterError }),
    ...(error === undefined ? {} : { error }),
    ...(lastRebalance === undefined ? {} : { lastRebalance }),
    // who only asks whether all is well pays nothing for it: a hundred thousand records may wait
    get blocking() {
      blocking ??= worst(state.blocking())
      return blocking
    },
    pollAgeMs,
    overdueMs: Math.max(0, ...runners.map(({ overdueMs }) => overdueMs)),
  }
  // else it would be shown as "[Getter]"
  return Object.defineProperty(health, inspect.custom, { value: () => ({ ...health }) })
}

function worst(records: readonly BlockingRecord[]): BlockingRecord[] {
  const order = (one: BlockingRecord, other: BlockingRecord) =>
    (other.attempt ?? 0) - (one.attempt ?? 0) || (other.runningMs ?? 0) - (one.runningMs ?? 0)
  return records.toSorted(order).slice(0, MAX_BLOCKING)
}

function stateOf(hasFailed: boolean, isLeaving: boolean, isOut: boolean, isAssigned: boolean): GroupHealth['state'] {
  if (hasFailed) return 'failed'
  if (isLeaving) return 'leaving'
  if (isOut) return 'outage'
  return isAssigned ? 'consuming' : 'idle'
}

function nameOf({ topic, partition }: Pick<Place, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`
}

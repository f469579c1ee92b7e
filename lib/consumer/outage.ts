import type { Clock } from '../clock.ts'
import type { Failure } from '../delivery/failure.ts'
import { type OutageChange, OutageDetector, type OutagePolicy } from '../delivery/outage.ts'
import type { RecordContext } from './record.ts'
import { failedAgain, type History } from './runner.ts'

export interface OutageOptions {
  /** Undefined: nothing is taken for an outage. */
  readonly policy: OutagePolicy | undefined
  readonly clock: Clock
  readonly random: (() => number) | undefined
  readonly onChange: (change: OutageChange) => void
  /** A probe may begin. */
  readonly onDue: () => void
}

export interface FailedAttempt {
  readonly history: History
  /** The record waits until the outage ends. */
  readonly mustWait: boolean
  /** Others failed alike: the record is not to be given up before it is clear whether there is an outage. */
  readonly isSuspected: boolean
  /** No other has failed alike yet. */
  readonly isFirst: boolean
}

/** Records that a probe goes ahead at most. */
const FARTHEST = 1_000

/**
 * Whether a subscription waits for an outage to end, and when and with what it looks for that. Probes are taken in turn
 * from the records that failed and from those that were not begun: no record that always fails can keep all others.
 */
export class Outage {
  readonly #options: OutageOptions
  readonly #detector: OutageDetector
  /** What is left to do for records that are given up, as soon as it is known that there is no outage, or that there is. */
  readonly #deferred = new Set<(isOutage: boolean) => void>()
  #cancelDecision = () => {}
  #cancelProbe = () => {}
  #isFreshNext = false
  #ahead = 1
  isProbeDue = false

  constructor(options: OutageOptions) {
    this.#options = options
    this.#detector = new OutageDetector(options.policy, options.onChange, options.random)
  }

  get isOn(): boolean {
    return this.#detector.isOn
  }

  get current(): OutageChange | undefined {
    return this.#detector.current
  }

  /** Successes are to be told. */
  get hasFailures(): boolean {
    return this.#detector.hasFailures
  }

  /** Takes a failed attempt, with what is known of its record from before. */
  failed(failure: Failure, key: string | undefined, attempt: number, before: History | undefined): FailedAttempt {
    const { round } = this.#detector
    const sign = this.#detector.failed(failure, key, before?.round)
    const mustWait = sign === 'began' || sign === 'lasting'
    if (sign === 'began') this.#begin()
    else if (sign === 'suspected') this.#waitForMore()
    const history = failedAgain(failure, attempt, before, mustWait, round)
    return { history, mustWait, isSuspected: sign === 'suspected', isFirst: sign === 'first' }
  }

  #begin(): void {
    this.#isFreshNext = false
    this.#ahead = 1
    this.#decide(true)
    this.#probeAfter(this.#detector.nextProbeMs())
  }

  /** Takes the success of a record that is no probe. */
  succeeded(): void {
    if (this.isOn) return
    this.#detector.succeeded()
    this.#decide(false)
  }

  /** Takes the end of a probe. */
  probed(failure: Failure | undefined, hasFailedBefore: boolean): void {
    const afterMs = this.#detector.probed(failure, hasFailedBefore)
    if (afterMs !== undefined) this.#probeAfter(afterMs)
  }

  /** A probe begins. Gives how many records ahead to take it from those not begun; 0: from those that failed. */
  nextProbe(): number {
    this.isProbeDue = false
    this.#isFreshNext = !this.#isFreshNext
    if (this.#isFreshNext) return 0
    // farther each time: what fails may be a long run of bad records, and behind it are others
    const ahead = this.#ahead
    this.#ahead = Math.min(ahead * 2, FARTHEST)
    return ahead
  }

  #probeAfter(ms: number): void {
    this.#cancelProbe = this.#options.clock.after(ms, () => {
      this.isProbeDue = true
      this.#options.onDue()
    })
  }

  /**
   * Puts off giving a record up, until it is clear whether there is an outage: another record succeeds, one more key
   * fails, or nothing at all happens for as long as a probe waits.
   *
   * @param decide Called once, unless it is cancelled.
   * @returns What cancels it.
   */
  defer(decide: (isOutage: boolean) => void): () => void {
    this.#deferred.add(decide)
    this.#waitForMore()
    return () => {
      this.#deferred.delete(decide)
    }
  }

  #waitForMore(): void {
    const { clock, policy } = this.#options
    this.#cancelDecision()
    if (this.#deferred.size === 0 || policy === undefined) return
    this.#cancelDecision = clock.after(policy.maxDelayMs, () => this.#decide(false))
  }

  #decide(isOutage: boolean): void {
    if (this.#deferred.size === 0) return
    this.#cancelDecision()
    const all = [...this.#deferred]
    this.#deferred.clear()
    for (const decide of all) decide(isOutage)
  }

  /** Begins no more probes. */
  stop(): void {
    this.#cancelProbe()
    this.#cancelDecision()
    this.isProbeDue = false
  }
}

/** What stands for the records that a failed one is handled together with: those of its key, or itself alone. */
export function keyOf({ rawKey, topic, partition, offset }: RecordContext): string {
  return rawKey === null ? `${topic}/${partition}/${offset}` : `=${rawKey.toString('latin1')}`
}

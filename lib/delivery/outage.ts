import { causes, type Failure } from './failure.ts'
import { backOffMs, type NextStep } from './retry-policy.ts'

/** What is taken for an outage, and how its end is looked for. */
export interface OutagePolicy {
  /** Keys that have to fail alike, with no success in between. */
  readonly keys: number
  readonly initialDelayMs: number
  readonly maxDelayMs: number
}

/** An outage began or ended. */
export interface OutageChange {
  readonly state: 'began' | 'ended'
  /** What the record failed with that made it an outage. */
  readonly error: Error
  /** When it began, in milliseconds since the epoch. */
  readonly sinceMs: number
  /** How long it lasted, once it has ended. */
  readonly durationMs?: number
}

/**
 * What a failure means beside its own record: nothing (`none`); that it is the first of its kind since the last success
 * (`first`), or that others failed alike (`suspected`); that something all records need is down, from this failure on (`began`) or before it (`lasting`).
 */
export type OutageSign = 'none' | 'first' | 'suspected' | 'began' | 'lasting'

/** Kinds of failure that are told apart at a time. */
const MOST_KINDS = 16
const MOST_NAME = 100
/** How many times the keys of the policy it takes at most. */
const MOST_DOUBTS = 128

/**
 * Tells an outage, where records fail because something is down that all of them need, from records that fail because of
 * what is in them. One key that fails says nothing, and nor do many while others succeed.
 */
export class OutageDetector {
  readonly #policy: OutagePolicy | undefined
  readonly #onChange: (change: OutageChange) => void
  readonly #random: (() => number) | undefined
  /** The keys that failed since the last success, by how they failed. */
  readonly #failed = new Map<string, Set<string | undefined>>()
  #probes = 0
  /** By how many times as many keys it takes as the policy says, because the last outages were none. */
  #doubt = 1
  /** Of the outage that lasts. */
  #began: OutageChange | undefined
  /** Successes are to be told: something failed since the last one. */
  hasFailures = false
  /** Counts the successes that came after failures. */
  round = 0

  /** @param policy Undefined: nothing is ever an outage. */
  constructor(policy: OutagePolicy | undefined, onChange: (change: OutageChange) => void, random?: () => number) {
    this.#policy = policy
    this.#onChange = onChange
    this.#random = random
  }

  get isOn(): boolean {
    return this.#began !== undefined
  }

  /** The outage that lasts. */
  get current(): OutageChange | undefined {
    return this.#began
  }

  /**
   * An attempt failed.
   *
   * @param key Stands for the records that are handled one after the other with this one; undefined: records of many
   *   keys failed together, and which of them is to blame is not known.
   * @param round Of the record's first failure. One that has failed while others succeeded tells nothing any more: bad
   *   records are tried again when the good ones are done.
   */
  failed(failure: Failure, key: string | undefined, round = this.round): OutageSign {
    if (this.#policy === undefined || !isOutageLike(failure)) return 'none'
    if (this.isOn) return 'lasting'
    if (round !== this.round) return 'none'
    this.hasFailures = true
    const keys = this.#keysOf(kindOf(failure.error)).add(key)
    const known = keys.has(undefined) ? keys.size - 1 : keys.size
    if (known < this.#policy.keys * this.#doubt) return keys.size === 1 ? 'first' : 'suspected'
    this.#failed.clear()
    this.#probes = 0
    this.#began = { state: 'began', error: failure.error, sinceMs: Date.now() }
    this.#onChange(this.#began)
    return 'began'
  }

  #keysOf(kind: string): Set<string | undefined> {
    let keys = this.#failed.get(kind)
    if (keys === undefined) {
      // errors without end of names that differ must not pile up
      if (this.#failed.size === MOST_KINDS) this.#failed.clear()
      keys = new Set()
      this.#failed.set(kind, keys)
    }
    return keys
  }

  /** A record was handled that is no probe. */
  succeeded(): void {
    // one that had begun before tells nothing of now
    if (!this.isOn) this.#clear()
  }

  /** How long to wait before the next probe, in milliseconds. */
  nextProbeMs(): number {
    this.#probes += 1
    return this.#policy === undefined ? 0 : backOffMs(this.#policy, this.#probes, this.#random)
  }

  /**
   * A probe has ended. One that succeeds ends the outage, and so does a record that now fails for a reason of its own
   * after it had failed with all others.
   *
   * @returns After how long the next one is due, in milliseconds; undefined: the outage is over.
   */
  probed(failure: Failure | undefined, hasFailedBefore: boolean): number | undefined {
    if (failure !== undefined && isOutageLike(failure)) return this.nextProbeMs()
    if (failure !== undefined && !hasFailedBefore) return 0
    this.#end()
    return undefined
  }

  /** All that failed until now has failed for a reason of its own. */
  #clear(): void {
    this.#failed.clear()
    this.hasFailures = false
    this.round += 1
  }

  #end(): void {
    // what the first probe finds over is rather a rush of records that all fail at first; to wait at each one would stall
    this.#doubt = this.#probes > 1 ? 1 : Math.min(this.#doubt * 2, MOST_DOUBTS)
    const began = this.#began
    this.#began = undefined
    this.#clear()
    if (began === undefined) return
    this.#onChange({ ...began, state: 'ended', durationMs: Math.max(0, Date.now() - began.sinceMs) })
  }
}

/** What becomes of a record that failed in an outage; the time is the least that it waits. */
export function untilItEnds({ retryAfterMs = 0 }: Failure): NextStep {
  return { kind: 'retry', afterMs: Math.ceil(retryAfterMs) }
}

/** Whether what all records need may be down; a verdict is the handler's decision about its record. */
export function isOutageLike({ class: failureClass, isVerdict }: Failure): boolean {
  return failureClass === 'transient' && isVerdict !== true
}

/** Names and codes of an error and its causes: failures are alike where these are the same, whatever their messages. */
function kindOf(error: Error): string {
  return causes(error)
    .map((link) => {
      try {
        const { name, code } = link as { name?: unknown; code?: unknown }
        return `${String(name).slice(0, MOST_NAME)} ${String(code).slice(0, MOST_NAME)}`
      } catch {
        // what throws at being read has no name
        return ''
      }
    })
    .join(' < ')
}

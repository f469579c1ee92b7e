import { delayProblem } from '../delay.ts'
import { ArgumentError, PermanentError, TransientError } from '../errors.ts'
import { type Failure, toError } from './failure.ts'

/** Finds the content of a verdict that another copy of the package made. */
const VERDICT = Symbol.for('narad.verdict')

interface Content {
  /** Undefined: the record is done. */
  readonly failure: Failure | undefined
}

/**
 * What becomes of a record, for a handler to return instead of throwing: {@link ack}, {@link retry} or
 * {@link deadLetter}. A batch handler returns one for all of its records, or an array with one for each. Any other
 * return value means that the record is done.
 */
export class Verdict {
  /** @internal */
  declare readonly [VERDICT]: Content

  private constructor(content: Content) {
    Object.defineProperty(this, VERDICT, { value: Object.freeze(content) })
  }

  /** @internal */
  static of(failure: Failure | undefined): Verdict {
    return new Verdict({ failure })
  }
}

/** Options of {@link retry}. */
export interface RetryVerdictOptions {
  /** After how long, in milliseconds from 0 to 2,147,483,647. Default: the back-off of the subscription decides. */
  afterMs?: number | undefined
}

/** The record is done. */
export const ack: Verdict = Verdict.of(undefined)

/**
 * The record is to be handled again, as after a {@link TransientError}: it counts as a failed attempt, and after the
 * last one the record becomes a dead letter.
 *
 * @throws {@link ArgumentError} for an `afterMs` that is no delay.
 */
export function retry({ afterMs }: RetryVerdictOptions = {}): Verdict {
  const error = new TransientError('The handler asked for a retry.')
  Error.captureStackTrace(error, retry)
  if (afterMs === undefined) return Verdict.of({ class: 'transient', error, isVerdict: true })
  const problem = delayProblem(afterMs)
  if (problem !== undefined) throw new ArgumentError(`Option "afterMs" of retry() ${problem}.`)
  return Verdict.of({ class: 'transient', error, retryAfterMs: afterMs, isVerdict: true })
}

/**
 * The record becomes a dead letter at once, as after a {@link PermanentError}.
 *
 * @param reason What the dead letter says of it; of an error, its message, name, code and stack.
 */
export function deadLetter(reason: string | Error): Verdict {
  const error = typeof reason === 'string' ? new PermanentError(reason) : toError(reason)
  if (error !== reason) Error.captureStackTrace(error, deadLetter)
  return Verdict.of({ class: 'permanent', error })
}

/** Whether a handler returned {@link ack}. */
export function isAck(value: unknown): boolean {
  const content = contentOf(value)
  return content !== undefined && content.failure === undefined
}

/** The failure that a handler returned, undefined where the record is done. */
export function returnedFailure(value: unknown): Failure | undefined {
  return contentOf(value)?.failure
}

/**
 * The failures that a batch handler returned, one for each of its records; undefined where all are done.
 *
 * @throws {@link ArgumentError} for verdicts that are not as many as the records: whose they are cannot be known.
 */
export function returnedFailures(value: unknown, records: number): ReadonlyArray<Failure | undefined> | undefined {
  if (!Array.isArray(value)) {
    const failure = returnedFailure(value)
    return failure === undefined ? undefined : new Array<Failure>(records).fill(failure)
  }
  const contents = value.map(contentOf)
  // any other array, such as the rows that were inserted
  if (contents.every((content) => content === undefined)) return undefined
  if (contents.length === records) return contents.map((content) => content?.failure)
  throw new ArgumentError(`The batch handler returned ${contents.length} verdicts for ${records} records.`)
}

function contentOf(value: unknown): Content | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    const content = (value as Partial<Verdict>)[VERDICT]
    // a proxy may have something under every name
    return Object.isFrozen(content) ? content : undefined
  } catch {
    return undefined
  }
}

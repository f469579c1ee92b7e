import { types } from 'node:util'
import { delayProblem } from '../delay.ts'
import { describeValue } from '../describe.ts'
import {
  ArgumentError,
  BusinessError,
  DecodeError,
  HandlerError,
  HandlerTimeoutError,
  PermanentError,
  TransientError,
} from '../errors.ts'
import { escapeForLog, quote } from '../escape.ts'

/**
 * What a failure means for its record: no retry would mend it (`permanent`), it may be handled later (`transient`), or
 * it was refused for good reason and is done (`business`).
 */
export type FailureClass = 'permanent' | 'transient' | 'business'

/** Says what an error of a handler means; undefined leaves it to narad. Must not throw and must not be async. */
export type Classify = (error: unknown) => FailureClass | undefined

/** A failed attempt to handle a record. */
export interface Failure {
  readonly class: FailureClass
  /** What was thrown, or an error that says what it was. */
  readonly error: Error
  /** After how long the record is to be handled again, in milliseconds. */
  readonly retryAfterMs?: number
  /** The handler asked for it by a verdict. */
  readonly isVerdict?: true
}

const MAX_CAUSES = 10
const CLASSES: readonly unknown[] = ['permanent', 'transient', 'business'] satisfies FailureClass[]

/**
 * What a handler's error means. `custom` decides first; then the first error of the chain of causes that says it by its
 * class, whichever copy of the package made it. All others are transient, a TypeError too: `fetch failed` is one.
 * Whatever was thrown, this does not throw.
 */
export function classify(thrown: unknown, custom?: Classify): Failure {
  const links = causes(thrown)
  let decided: FailureClass | undefined
  try {
    decided = custom && checked(custom(thrown))
  } catch (cause) {
    const [why, what] = [toError(cause), toError(thrown)]
    return {
      class: 'transient',
      error: new ArgumentError(`Option "classify" failed (${why.message}) for the error: ${what.message}`, { cause }),
    }
  }
  const failureClass = decided ?? branded(links) ?? 'transient'
  const error = toError(thrown)
  const retryAfterMs = failureClass === 'transient' ? delayOf(links) : undefined
  return retryAfterMs === undefined ? { class: failureClass, error } : { class: failureClass, error, retryAfterMs }
}

/** What was thrown, if it is an error that can be read, or else an error that says what it was. Does not throw. */
export function toError(thrown: unknown): Error {
  try {
    if (isReadable(thrown)) return thrown
    return new HandlerError(`The handler threw ${describeThrown(thrown)}.`, { cause: thrown })
  } catch {
    return new HandlerError('The handler threw something that cannot be read.')
  }
}

function isReadable(thrown: unknown): thrown is Error {
  // an error of another realm, such as Node's own under Jest, is no instance of this one's Error
  if (!types.isNativeError(thrown) && !(thrown instanceof Error)) return false
  const { name, message, stack } = thrown
  return typeof name === 'string' && typeof message === 'string' && ['string', 'undefined'].includes(typeof stack)
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return quote(thrown)
  if (typeof thrown === 'symbol') return escapeForLog(thrown.toString())
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string') {
    return `${describeValue(thrown)} with the message ${quote(thrown.message)}`
  }
  return describeValue(thrown)
}

/** The error and its causes, as far as they can be read, each once. */
export function causes(thrown: unknown): object[] {
  const links: object[] = []
  let link = thrown
  try {
    while (typeof link === 'object' && link !== null && links.length < MAX_CAUSES && !links.includes(link)) {
      links.push(link)
      link = (link as { cause?: unknown }).cause
    }
  } catch {
    // a getter that throws ends the chain
  }
  return links
}

function branded(links: readonly object[]): FailureClass | undefined {
  for (const link of links) {
    try {
      if (link instanceof PermanentError || link instanceof DecodeError) return 'permanent'
      if (link instanceof BusinessError) return 'business'
      if (link instanceof TransientError || link instanceof HandlerTimeoutError) return 'transient'
    } catch {
      // a proxy that throws at everything has no class
    }
  }
  return undefined
}

/** A field `retryAfterMs`, whoever's error has it; one that is no time to wait does not count. */
function delayOf(links: readonly object[]): number | undefined {
  for (const link of links) {
    try {
      const { retryAfterMs } = link as { retryAfterMs?: unknown }
      if (delayProblem(retryAfterMs) === undefined) return retryAfterMs as number
    } catch {
      // as above
    }
  }
  return undefined
}

function checked(answer: unknown): FailureClass | undefined {
  if (answer === undefined || CLASSES.includes(answer)) return answer as FailureClass | undefined
  // one that rejects would end the process
  if (types.isPromise(answer)) answer.catch(() => {})
  throw new ArgumentError(
    `it must return "permanent", "transient", "business" or undefined, but returned ${describeValue(answer)}`,
  )
}

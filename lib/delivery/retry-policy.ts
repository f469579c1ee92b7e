import type { Failure } from './failure.ts'
import type { Delivery } from './options.ts'

/**
 * What becomes of a record after an attempt that failed: it is `done`, handled again (`retry`), or given up: as a dead
 * letter (`park`), as if it were done (`skip`), or with its partition stopped before it (`stop`).
 */
export type NextStep =
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'done' | 'park' | 'skip' | 'stop' }

/** Doublings after which any delay is beyond what a timer can wait. */
const MOST_DOUBLINGS = 31

/**
 * @param attempt How often the record was handed to its handler, the failed attempt included; from 1.
 * @param random From 0 to less than 1, as Math.random.
 */
export function nextStep(
  delivery: Delivery,
  failure: Failure,
  attempt: number,
  random: () => number = Math.random,
): NextStep {
  if (failure.class === 'business') return { kind: 'done' }
  if (failure.class === 'permanent' || attempt > delivery.maxRetries) return { kind: delivery.givenUp }
  // rounded up: what was asked to wait is never early
  const afterMs = failure.retryAfterMs === undefined ? undefined : Math.ceil(failure.retryAfterMs)
  return { kind: 'retry', afterMs: afterMs ?? backOffMs(delivery, attempt, random) }
}

/**
 * How long to wait after the `attempt`th failure in a row, from 1: a random part ("full jitter") of a time that starts
 * at `initialDelayMs` and doubles up to `maxDelayMs`.
 */
export function backOffMs(
  { initialDelayMs, maxDelayMs }: Pick<Delivery, 'initialDelayMs' | 'maxDelayMs'>,
  attempt: number,
  random: () => number = Math.random,
): number {
  const most = Math.min(initialDelayMs * 2 ** Math.min(attempt - 1, MOST_DOUBLINGS), maxDelayMs)
  return Math.floor(random() * (most + 1))
}

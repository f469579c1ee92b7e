import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import type { NativeSeekTarget } from '../native.ts'
import { checkOptions } from '../options.ts'

/** Where a partition goes on: at an offset, at its beginning or end, or at the first record of a time or later. */
export type SeekTarget = number | 'beginning' | 'end' | Date | { timestamp: number | Date }

/**
 * @param what Needs the target, for the error.
 * @throws {@link ArgumentError}
 */
export function checkTarget(target: unknown, what: string): NativeSeekTarget {
  if (target === 'beginning' || target === 'end') return { kind: target, value: 0 }
  if (typeof target === 'object' && target !== null) {
    const time = target instanceof Date ? target : checkOptions(target, ['timestamp'], what.toLowerCase()).timestamp
    const value = time instanceof Date ? time.getTime() : time
    if (isCount(value)) return { kind: 'timestamp', value }
  } else if (isCount(target)) return { kind: 'offset', value: target }
  throw new ArgumentError(
    `${what} needs an offset, "beginning", "end", a Date or { timestamp } in milliseconds, but got ${describeValue(target)}.`,
  )
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import type { NativeSeekTarget } from '../native.ts'
import { checkOptions } from '../options.ts'

/**
 * Where a partition goes on: at an offset, at its beginning or end, so many offsets before its end or after its beginning
 * (at most at the other), or at the first record of a time or later.
 */
export type SeekTarget =
  | number
  | 'beginning'
  | 'end'
  | Date
  | { timestamp: number | Date }
  | { beforeEnd: number }
  | { afterBeginning: number }

const FIELDS = ['timestamp', 'beforeEnd', 'afterBeginning'] as const

/**
 * @param what Needs the target, for the error.
 * @throws {@link ArgumentError}
 */
export function checkTarget(target: unknown, what: string): NativeSeekTarget {
  if (target === 'beginning' || target === 'end') return { kind: target, value: 0 }
  if (typeof target === 'object' && target !== null) {
    const given = target instanceof Date ? { timestamp: target } : checkOptions(target, FIELDS, what.toLowerCase())
    const [kind, ...others] = FIELDS.filter((name) => given[name] !== undefined)
    const field = kind === undefined ? undefined : given[kind]
    const value = field instanceof Date && kind === 'timestamp' ? field.getTime() : field
    if (kind !== undefined && others.length === 0 && isCount(value)) return { kind, value }
  } else if (isCount(target)) return { kind: 'offset', value: target }
  throw new ArgumentError(
    `${what} needs an offset, "beginning", "end", a Date, { timestamp } in milliseconds, { beforeEnd } or { afterBeginning }, but got ${describeValue(target)}.`,
  )
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

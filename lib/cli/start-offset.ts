import type { SeekTarget } from '../index.ts'
import { UsageError } from './exit.ts'

/** What it takes, for help and errors. */
export const START_FORMS = 'beginning, end, an offset, -N before the end, +N after the beginning, or a time'

/**
 * Where to begin: `beginning`, `end`, `42`, `-10`, `+10`, `2026-01-31`, `2026-01-31T10:00:00Z`, or `@1700000000000` for
 * milliseconds since the epoch.
 *
 * @throws {@link UsageError}
 */
export function startOffset(text: string, option = '--offset'): SeekTarget {
  if (text === 'beginning' || text === 'end') return text
  const [, sign, digits = ''] = /^([-+@]?)(\d{1,15})$/.exec(text) ?? []
  if (sign === '-') return { beforeEnd: Number(digits) }
  if (sign === '+') return { afterBeginning: Number(digits) }
  if (sign === '@') return { timestamp: Number(digits) }
  if (sign === '') return Number(digits)
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (time >= 0) return { timestamp: time }
  throw new UsageError(`${option} must be ${START_FORMS} such as 2026-01-31T10:00:00Z, but is "${text}"`)
}

import { describeValue } from './describe.ts'

/** The longest that a timer of Node waits, in milliseconds: nearly 25 days. */
export const MAX_DELAY_MS = 2_147_483_647

/** Resolves after the time, and keeps no process running for it. */
export function after(ms: number): Promise<void> {
  // timers/promises would be loaded by every import of the package
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

/** What is wrong with a time in milliseconds that is to be waited for, or undefined where nothing is. */
export function delayProblem(value: unknown): string | undefined {
  if (typeof value === 'number' && value >= 0 && value <= MAX_DELAY_MS) return undefined
  return `must be a number of milliseconds from 0 to ${MAX_DELAY_MS}, but is ${describeValue(value)}`
}

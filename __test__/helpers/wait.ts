import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  /** What is waited for, as it reads after "waiting for". */
  what: string
  /** Default 10,000. */
  timeoutMs?: number
  /** Pause between two looks. Default 10. */
  intervalMs?: number
}

type Falsy = false | 0 | '' | null | undefined

/**
 * Looks until `condition` gives something truthy and resolves to that. A condition that throws fails the wait at once;
 * one that never settles fails it at the deadline.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000, intervalMs = 10 }: WaitOptions,
): Promise<Exclude<T, Falsy>> {
  let timer: NodeJS.Timeout | undefined
  let late = false
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true
      reject(new Error(`timed out after ${timeoutMs} ms waiting for ${what}`))
    }, timeoutMs)
  })
  const look = async (): Promise<Exclude<T, Falsy>> => {
    for (;;) {
      const value = await condition()
      if (value) return value as Exclude<T, Falsy>
      if (late) throw new Error('too late: the deadline has rejected already')
      await delay(intervalMs)
    }
  }
  try {
    return await Promise.race([look(), deadline])
  } finally {
    clearTimeout(timer)
  }
}

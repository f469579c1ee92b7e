import { AsyncLocalStorage } from 'node:async_hooks'

/** What the record that is being handled hands on to all that comes of it. */
export interface Cause {
  readonly correlationId: string | undefined
  readonly causationId: string | undefined
  readonly conversationId: string | undefined
}

/** Costs nothing before something is first run in it. */
const causes = new AsyncLocalStorage<Cause>()

/** The cause of what runs now, through awaits and timers; undefined outside of handlers, and where none was entered. */
export function currentCause(): Cause | undefined {
  return causes.getStore()
}

/** Runs a handler, and all that it starts, under a cause. */
export function causedBy<Args extends unknown[], Result>(
  cause: Cause,
  run: (...args: Args) => Result,
  ...args: Args
): Result {
  return causes.run(cause, run, ...args)
}

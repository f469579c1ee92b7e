/**
 * The one reference that keeps the event loop alive, and the only ones that keep clients from being collected: held
 * while sends are pending or a consumer runs. An idle producer does not hold it, so that a script ends by itself; nor
 * does the native side hold a client, so that one that is dropped without `disconnect()` can be collected.
 */
const holders = new Set<object>()
let timer: NodeJS.Timeout | undefined

/** The longest delay that a timer takes; it is never meant to fire. */
const FOREVER_MS = 2 ** 31 - 1

/** Keeps `holder`, and the process running, until {@link release}. */
export function hold(holder: object): void {
  holders.add(holder)
  if (timer === undefined) timer = setInterval(() => {}, FOREVER_MS)
  else if (holders.size === 1) timer.ref()
}

/** The counterpart of {@link hold}. */
export function release(holder: object): void {
  if (holders.delete(holder) && holders.size === 0) timer?.unref()
}

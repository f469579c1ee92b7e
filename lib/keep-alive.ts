/**
 * The one reference that keeps the event loop alive, held while sends are pending or a consumer runs. An idle
 * producer does not hold it, so that a script ends by itself.
 */
let holders = 0
let timer: NodeJS.Timeout | undefined

/** The longest delay that a timer takes; it is never meant to fire. */
const FOREVER_MS = 2 ** 31 - 1

/** Keeps the process running until {@link release}. */
export function hold(): void {
  holders += 1
  if (holders > 1) return
  if (timer === undefined) timer = setInterval(() => {}, FOREVER_MS)
  else timer.ref()
}

/** The counterpart of {@link hold}. */
export function release(): void {
  holders -= 1
  if (holders === 0) timer?.unref()
}

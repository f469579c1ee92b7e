/** Time, as what waits sees it; tests have one of their own. */
export interface Clock {
  /** Milliseconds from some beginning; never goes back. */
  now(): number
  /** Calls back once, after `ms` milliseconds. Does not keep the process running. Gives what cancels it. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

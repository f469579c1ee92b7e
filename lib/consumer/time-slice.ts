/** How long handlers that never wait for anything may keep the event loop, before others get a turn. */
const SLICE_MS = 10
/** Records after which the time is looked at. */
const RECORDS = 32

/**
 * Shares the event loop. Handlers that are done at once would otherwise run batch after batch without letting timers,
 * sockets and the finalizers of memory have a turn.
 */
export class TimeSlice {
  #since = 0
  #records = 0
  #turn: Promise<void> | undefined

  /** A turn of the event loop begins. */
  begin(): void {
    this.#since = performance.now()
  }

  /** To be asked after a record, or after some; gives what to wait for where the time is up. */
  spent(records = 1): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    this.#records += records
    if (this.#records < RECORDS) return undefined
    this.#records = 0
    if (performance.now() - this.#since < SLICE_MS) return undefined
    this.#turn = new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        this.begin()
        resolve()
      })
    })
    return this.#turn
  }
}

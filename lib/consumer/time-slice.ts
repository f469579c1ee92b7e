import { type HandlerTimer, MOST_HANDLERS } from '../metrics/handler-timer.ts'

/** How long handlers that never wait for anything may keep the event loop, before others get a turn. */
const SLICE_MS = 10
/**
 * Shares the event loop. Handlers that are done at once would otherwise run batch after batch without letting timers,
 * sockets and the finalizers of memory have a turn.
 * Where handlers are timed, its looks at the clock are those of their timer.
 */
export class TimeSlice {
  readonly #timer: HandlerTimer | undefined
  #since = 0
  #records = 0
  #turn: Promise<void> | undefined

  constructor(timer?: HandlerTimer) {
    this.#timer = timer
  }

  /** A turn of the event loop begins. */
  begin(): void {
    this.#since = performance.now()
  }

  /** To be asked after a record, or after some; gives what to wait for where the time is up. */
  spent(records = 1): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    this.#records += records
    if (this.#records < (this.#timer?.group ?? MOST_HANDLERS)) return undefined
    this.#records = 0
    if ((this.#timer?.look() ?? performance.now()) - this.#since < SLICE_MS) return undefined
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

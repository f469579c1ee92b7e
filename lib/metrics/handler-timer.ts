import type { HandlerMeter } from './handler-meter.ts'

/** Longest time between two looks at the clock while handlers run, in milliseconds, once it is known what they take. */
const STRETCH_MS = 0.1
/** Handlers that begin between two looks, at most. */
export const MOST_HANDLERS = 32
const NONE = -1
/** In a millisecond. */
const TICKS = 100
/** No handler has begun then. */
const STALE = 0
/** Handlers that are quicker fall below the first bound. */
const QUICK_TICKS = STRETCH_MS * TICKS

// that of the process, whatever a test puts in its place
const { nextTick } = process
// not bound here: an import of the package would load the module behind it
const now = (): number => performance.now()

/**
 * Times the handlers of a runner. To look at the clock twice for each would cost more than many a handler. So there is
 * one look for as many of them as take 0.1 ms, the first bound of the histograms, at most 32: those that were
 * quicker than that are counted with the mean of all between two looks, the others with the time between looks. Where
 * handlers take longer, there is a look after each.
 *
 * Times are handed on in ticks, as integers of 32 bits that go round in twelve hours: V8 keeps those in place, and
 * allocates for other numbers.
 */
export class HandlerTimer {
  /** The last look, in milliseconds; NONE before a turn's first one. */
  #ms = NONE
  /** The same in ticks, or STALE. */
  #tick = STALE
  /** How many more handlers may begin until the next look. */
  #left = 0
  #group = 1
  /** Quick handlers of one topic that have ended since the last look. */
  #ended = 0
  #meter: HandlerMeter | undefined
  /** Those of other topics, and all that were not quick. */
  #others = 0
  readonly #meters = new Set<HandlerMeter>()
  /** A look at the end of what runs now is on its way. */
  #isWatched = false

  /** After how many handlers to look at the clock. */
  get group(): number {
    return this.#group
  }

  /** A handler begins; what this gives is to be handed to {@link end}. */
  begin(): number {
    if (this.#left === 0) this.look()
    this.#left -= 1
    return this.#tick
  }

  end(meter: HandlerMeter, began: number): void {
    if ((this.#tick - began) >>> 0 < QUICK_TICKS && meter === this.#meter) this.#ended += 1
    else this.#endOther(meter, began)
  }

  #endOther(meter: HandlerMeter, began: number): void {
    if (this.#tick === STALE || this.#group === 1) this.look()
    const ticks = (this.#tick - began) >>> 0
    if (ticks < QUICK_TICKS && this.#group > 1) {
      this.#endTopic()
      this.#meter = meter
      this.#ended = 1
    } else {
      this.#others += 1
      meter.add(ticks / TICKS, 1)
    }
  }

  /** The next handlers that end are of another topic. */
  #endTopic(): void {
    if (this.#meter === undefined || this.#ended === 0) return
    this.#meter.untimed += this.#ended
    this.#meters.add(this.#meter)
    this.#ended = 0
  }

  /** For how long a handler has run that began then, in milliseconds. */
  since(began: number): number {
    return ((ticksOf(now()) - began) >>> 0) / TICKS
  }

  /** Looks at the clock: counts what has ended since the last time, and gives the time. */
  look(): number {
    const ms = now()
    if (this.#ms !== NONE) this.#count(ms - this.#ms)
    this.#ms = ms
    this.#tick = ticksOf(ms)
    this.#left = this.#group
    if (!this.#isWatched) {
      this.#isWatched = true
      queueMicrotask(this.#watch)
    }
    return ms
  }

  #count(ms: number): void {
    this.#endTopic()
    let handlers = this.#others
    for (const { untimed } of this.#meters) handlers += untimed
    if (handlers === 0) return
    const mean = ms / handlers
    for (const meter of this.#meters) meter.addUntimed(mean)
    this.#meters.clear()
    this.#others = 0
    // not more at once: a few quick ones do not make those that follow quick
    this.#group = Math.max(1, Math.min(MOST_HANDLERS, this.#group * 2, Math.floor(STRETCH_MS / mean)))
  }

  /** From within a microtask, the next tick comes when there is no other microtask left. */
  readonly #watch = (): void => {
    nextTick(this.#leave)
  }

  /** What runs next may be anything, and is no handler's time. */
  readonly #leave = (): void => {
    this.look()
    this.#ms = NONE
    this.#tick = STALE
    this.#left = 0
    this.#isWatched = false
  }
}

function ticksOf(ms: number): number {
  return Math.floor(ms * TICKS) | 0 || 1
}

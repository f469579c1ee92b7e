import { ArgumentError } from '../errors.ts'
import type { Waiter } from './requester.ts'

/** Several replies to one request, as `Promise.allSettled` tells of several promises. */
export class Replies<T = unknown> implements AsyncIterable<PromiseSettledResult<T>> {
  readonly #most: number
  readonly #arrived: Array<PromiseSettledResult<T>> = []
  readonly #stop: () => void
  #count = 0
  #isOver = false
  #error: unknown
  #wake = () => {}
  #isTaken = false

  /**
   * @internal
   * @param most After how many it is over.
   * @param begin Sends the request, and returns what ends the wait.
   */
  constructor(most: number, begin: (waiter: Waiter) => () => void) {
    this.#most = most
    this.#stop = begin({
      onReply: (outcome) => {
        this.#arrived.push(
          'value' in outcome
            ? { status: 'fulfilled', value: outcome.value as T }
            : { status: 'rejected', reason: outcome.error() },
        )
        this.#count += 1
        this.#isOver = this.#count >= this.#most
        this.#wake()
        return !this.#isOver
      },
      onEnd: (error) => {
        this.#isOver = true
        this.#error = error
        this.#wake()
      },
    })
  }

  /**
   * The replies as they come, until there are as many as were asked for or the time is over. Leaving the loop ends the
   * wait. Only once.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<PromiseSettledResult<T>, void, undefined> {
    if (this.#isTaken) throw new ArgumentError('The replies were taken already: they can be iterated once.')
    this.#isTaken = true
    try {
      for (;;) {
        const next = this.#arrived.shift()
        if (next !== undefined) yield next
        else if (!this.#isOver) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        } else if (this.#error === undefined) return
        else throw this.#error
      }
    } finally {
      this.#stop()
    }
  }

  /** All of them. */
  async toArray(): Promise<Array<PromiseSettledResult<T>>> {
    const replies: Array<PromiseSettledResult<T>> = []
    for await (const reply of this) replies.push(reply)
    return replies
  }
}

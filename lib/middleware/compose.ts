import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import type { Next } from './middleware.ts'

/** One middleware's part in a chain. */
export interface Link<Context> {
  readonly name: string
  run(context: Context, next: Next): unknown
}

/** A handler of records, or of batches. */
export type Handler<Message, Context> = (message: Message, context: Context) => unknown

/** Runs what lies inside of a link; an argument is the message from there on. */
type Rest = (replaced: readonly unknown[]) => Promise<unknown>

/**
 * A handler that runs the links around another one, the first of them outermost. Without links it is the handler
 * itself.
 *
 * A record is not over before what was handed on is over, whatever a middleware awaits: the lane would go on to the
 * next record of a key while the handler still runs.
 *
 * @param note Puts the message where middleware can read it.
 */
export function compose<Message, Context>(
  links: ReadonlyArray<Link<Context>>,
  handler: Handler<Message, Context>,
  note: (context: Context, message: unknown) => void = () => {},
): Handler<Message, Context> {
  if (links.length === 0) return handler
  const from = async (index: number, message: unknown, context: Context): Promise<unknown> => {
    note(context, message)
    const link = links[index]
    // awaited, so that the stack of an error shows who sent
    if (link === undefined) return await handler(message as Message, context)
    return await around(link, context, (replaced) =>
      from(index + 1, replaced.length === 0 ? message : replaced[0], context),
    )
  }
  return (message, context) => from(0, message, context)
}

/** Runs one link; what it gives, or else what the rest gave. */
async function around<Context>(link: Link<Context>, context: Context, rest: Rest): Promise<unknown> {
  const step: { inner?: Outcome; isOver: boolean } = { isOver: false }
  const next = (...replaced: unknown[]): Promise<unknown> => {
    if (step.isOver) throw new ArgumentError(`Middleware ${quote(link.name)} called next() after it had ended.`)
    if (step.inner !== undefined) throw new ArgumentError(`Middleware ${quote(link.name)} called next() twice.`)
    step.inner = Outcome.of(rest(replaced))
    return step.inner
  }
  let given: unknown
  try {
    given = await link.run(context, next)
  } catch (error) {
    await step.inner?.ended
    throw error
  } finally {
    step.isOver = true
  }
  const { inner } = step
  if (inner === undefined) return given
  // a failure that the middleware has seen is its to mend; one that it did not look at, or did not wait for, is not
  const hasDecided = inner.wasTold
  const end = await inner.ended
  if (!('error' in end)) return given === undefined ? end.value : given
  if (hasDecided) return given
  throw end.error
}

/** How the rest ended. */
type End = { readonly value: unknown } | { readonly error: unknown }

/**
 * The promise that `next()` gives. It knows whether anyone has asked for its outcome: the failure of a handler must
 * neither be lost nor end the process because a middleware forgot to await.
 */
class Outcome extends Promise<unknown> {
  /** Whether someone has asked for the outcome. Until then this promise is settled by nothing. */
  #wasAsked = false
  /** Whether who asked has got it, or is about to: the rest may have ended before without being waited for. */
  wasTold = false
  /** Never rejects. */
  declare ended: Promise<End>
  declare private settle: (outcome: unknown) => void

  static of(rest: Promise<unknown>): Outcome {
    let settle: Outcome['settle'] = () => {}
    const outcome = new Outcome((resolve) => {
      settle = resolve
    })
    outcome.settle = settle
    outcome.ended = rest.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    return outcome
  }

  /** What is derived from it are plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: await, race and all ask a promise by this method
  override then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!this.#wasAsked) {
      this.#wasAsked = true
      // not by a second `then` of this promise, which would take who sent out of the stack of an error
      this.settle(
        this.ended.then((end) => {
          this.wasTold = true
          return outcomeOf(end)
        }),
      )
    }
    return super.then(onFulfilled, onRejected)
  }
}

function outcomeOf(end: End): unknown {
  if ('error' in end) throw end.error
  return end.value
}

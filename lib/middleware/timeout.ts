import { delayProblem } from '../delay.ts'
import { ArgumentError, HandlerTimeoutError, type KafkaErrorFields } from '../errors.ts'
import { checkOptions } from '../options.ts'
import type { Middleware } from './middleware.ts'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** How long what is inside of it may take, in milliseconds. */
  ms: number
}

/**
 * Fails the attempt when what is inside of it takes longer: `context.signal` aborts, and once the handler has settled,
 * whichever way, the record is handled again as after any transient error. Until then the records behind it wait, so
 * that none of its key is handled twice at a time.
 *
 * It differs from the option `timeoutMs` in what it covers: middleware outside of it has as long as it takes.
 *
 * @throws {@link ArgumentError} for a time that is none.
 */
export function timeout(options: TimeoutOptions): Middleware {
  const { ms } = checkOptions(options, ['ms'], 'timeout') as unknown as TimeoutOptions
  const problem = delayProblem(ms)
  if (problem !== undefined) throw new ArgumentError(`Option "ms" of timeout ${problem}.`)
  return {
    name: 'timeout',
    consume: (context, next) => {
      const { topic, partition, offset, group } = context
      return limited(context, next, ms, { topic, partition, offset, group })
    },
    consumeBatch: (context, next) => limited(context, next, ms, { group: context.group }),
  }
}

async function limited(
  context: { readonly signal: AbortSignal },
  next: () => Promise<unknown>,
  ms: number,
  fields: KafkaErrorFields,
): Promise<unknown> {
  const outer = context.signal
  const controller = new AbortController()
  let late: HandlerTimeoutError | undefined
  const timer = setTimeout(() => {
    late = new HandlerTimeoutError(
      `The handler did not settle within the ${ms} ms of the middleware "timeout".`,
      fields,
    )
    controller.abort(late)
  }, ms)
  // a handler that never settles must not keep the process running
  timer.unref()
  const follow = () => controller.abort(outer.reason)
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow)
  const restore = replaceSignal(context, controller.signal)
  try {
    const result = await next()
    if (late !== undefined) throw late
    return result
  } catch (error) {
    // how the handler fails after the abort is a consequence of it
    throw late ?? error
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', follow)
    restore()
  }
}

/** Shows what is inside another signal. */
function replaceSignal(context: object, signal: AbortSignal): () => void {
  const own = Object.getOwnPropertyDescriptor(context, 'signal')
  Object.defineProperty(context, 'signal', { value: signal, configurable: true, enumerable: true })
  return () => {
    if (own === undefined) Reflect.deleteProperty(context, 'signal')
    else Object.defineProperty(context, 'signal', own)
  }
}

import { resolveCodec } from '../codec.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { checkOptions, optional } from '../options.ts'
import type { EventBusOptions, EventSubscription } from './bus-types.ts'

const OPTIONS = ['service', 'domain', 'group', 'kafka', 'codec', 'schemas', 'topic', 'unhandled']
const NAMES = ['service', 'domain', 'group']

/** @throws {@link ArgumentError} that names the option. */
export function checkBusOptions<Events>(input: EventBusOptions<Events>): EventBusOptions<Events> {
  const options = checkOptions(input, OPTIONS, 'createEventBus')
  for (const name of NAMES) {
    optional(options[name], name, 'a text that is not empty', (value) => typeof value === 'string' && value !== '')
  }
  optional(options.topic, 'topic', 'a function', (value) => typeof value === 'function')
  optional(options.unhandled, 'unhandled', '"count" or "error"', (value) => value === 'count' || value === 'error')
  if (options.codec !== undefined) resolveCodec(options.codec)
  return input
}

/**
 * `(topics, handler, group or options)`, `(topics, options)` or one object.
 *
 * @throws {@link ArgumentError} for options that handlers of single events do not have.
 */
export function subscribeArguments(given: readonly unknown[]): EventSubscription<Record<string, unknown>> {
  const [first, second, third] = given
  const isOne = typeof first === 'object' && !Array.isArray(first) && !(first instanceof RegExp)
  const [handler, options] = isOne ? [undefined, first] : isOptions(second) ? [undefined, second] : [second, third]
  const named = typeof options === 'string' ? { group: options } : (options ?? {})
  if (typeof named !== 'object') {
    throw new ArgumentError(`subscribe needs a group or options, but got ${describeValue(options)}.`)
  }
  if ('batch' in named)
    throw new ArgumentError('Option "batch" has no meaning on an event bus: handlers get one event.')
  const spec = isOne ? named : { ...named, topics: first, handler }
  return spec as EventSubscription<Record<string, unknown>>
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

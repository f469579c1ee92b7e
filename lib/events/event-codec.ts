import type { Codec } from '../codec.ts'
import { describeType } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import { checkOptions } from '../options.ts'
import { suggest } from '../suggest.ts'
import { binary, structured } from './cloudevents.ts'
import { type BaseEvent, Envelope } from './envelope.ts'
import type { Format } from './format.ts'
import { flat, narad, payload, snakeCase } from './json-formats.ts'

/**
 * How events are written: under their own names, as services of other kinds name them, or as CloudEvents 1.0 in the
 * binary or the structured mode of its Kafka binding.
 */
export type EventFormat = 'narad' | 'snake_case' | 'payload' | 'flat' | 'cloudevents' | 'cloudevents-structured'

/** Options of {@link eventCodec}. */
export interface EventCodecOptions {
  /** @defaultValue `'narad'` */
  format?: EventFormat
}

const FORMATS: Readonly<Record<EventFormat, Format>> = {
  ...{ narad, snake_case: snakeCase, payload, flat },
  ...{ cloudevents: binary, 'cloudevents-structured': structured },
}

/**
 * The codec of events, for `send`, for `subscribe` and for a whole service. What a record does not say is taken from its
 * headers, its time and its place; what is no event is a permanent error. Each format reads what others of its kind
 * write, and both CloudEvents formats read both modes.
 *
 * @typeParam D The data.
 * @throws {@link ArgumentError} for an unknown format.
 */
export function eventCodec<D = unknown, T extends string = string>(
  options: EventCodecOptions = {},
): Codec<BaseEvent<D, T>> {
  const { format: name = 'narad' } = checkOptions(options, ['format'], 'eventCodec')
  const format = formatOf(name)
  const { headers } = format
  return {
    name: `event: ${name}`,
    encode: (event, context) => format.encode(checked(event), context),
    decode: (bytes, context) => new Envelope(format.decode(bytes, context)) as unknown as BaseEvent<D, T>,
    ...(headers !== undefined && { headers: (event) => headers(event) }),
  }
}

function formatOf(name: unknown): Format {
  if (typeof name === 'string' && Object.hasOwn(FORMATS, name)) return FORMATS[name as EventFormat]
  const near = typeof name === 'string' ? suggest(name, Object.keys(FORMATS)) : undefined
  throw new ArgumentError(
    `There is no event format ${typeof name === 'string' ? quote(name, 60) : describeType(name)}. ` +
      (near === undefined ? `There are: ${Object.keys(FORMATS).join(', ')}.` : `Did you mean "${near}"?`),
  )
}

/** An event, also one that middleware has made a copy of. */
function checked(value: unknown): BaseEvent {
  const event = value as BaseEvent
  if (
    typeof value === 'object' &&
    typeof event.id === 'string' &&
    typeof event.type === 'string' &&
    typeof event.version === 'string' &&
    typeof event.timestamp === 'string' &&
    typeof event.source === 'string'
  ) {
    return event
  }
  throw new TypeError('it is no event: make one with event({ type, data })')
}

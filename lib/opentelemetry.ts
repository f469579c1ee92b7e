import { describeValue } from './describe.ts'
import { ArgumentError } from './errors.ts'
import type { Middleware } from './middleware/middleware.ts'
import { checkOptions } from './options.ts'
import { otelApi } from './telemetry/api.ts'
import { type Instruments, instruments, SCHEMA_URL } from './telemetry/conventions.ts'
import { processSpans } from './telemetry/process-spans.ts'
import { sendSpans } from './telemetry/send-spans.ts'

/** Options of {@link opentelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Whether the span of a handler is the child of the one under which its record was sent, and so of the same trace.
   * Without it the handler begins a trace, which has a link to the other one. Spans of batches always have links.
   *
   * @defaultValue `false`
   */
  parent?: boolean
  /**
   * Whether each record of an array has a span of its own, to which that of its handler can be linked. Without it, all
   * records of a call have that of the call.
   *
   * @defaultValue `true`
   */
  createSpans?: boolean
}

/**
 * Middleware that makes spans and metrics by OpenTelemetry's conventions for messaging, of sends, handlers and batches,
 * and hands their context on in headers. `use` it before all others, so that it is around them.
 *
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option, and where `@opentelemetry/api` is missing.
 */
export function opentelemetry(options: OpenTelemetryOptions = {}): Middleware {
  const given = checkOptions(options, ['parent', 'createSpans'], 'opentelemetry')
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || typeof value === 'boolean') continue
    throw new ArgumentError(`Option "${name}" of opentelemetry must be true or false, but is ${describeValue(value)}.`)
  }
  const { parent = false, createSpans = true } = given as OpenTelemetryOptions
  const api = otelApi()
  const scope = ['narad', undefined, { schemaUrl: SCHEMA_URL }] as const
  const tracer = api.trace.getTracerProvider().getTracer(...scope)
  // a meter that is asked for before the SDK has started measures nothing for ever
  let made: Instruments | undefined
  let madeOf: unknown
  const measures = (): Instruments => {
    const provider = api.metrics.getMeterProvider()
    if (made === undefined || madeOf !== provider) made = instruments(provider.getMeter(...scope))
    madeOf = provider
    return made
  }
  const { consume, consumeBatch } = processSpans(api, tracer, measures, parent)
  return { name: 'opentelemetry', consume, consumeBatch, send: sendSpans(api, tracer, measures, createSpans) }
}

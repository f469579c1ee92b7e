// Headers as propagators of OpenTelemetry read and write them.
import type { Context, SpanContext, TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import type { RecordContext } from '../consumer/record.ts'
import type { SendRecord } from '../middleware/send.ts'
import type { OtelApi } from './api.ts'

const RECEIVED: TextMapGetter<RecordContext['headers']> = {
  get: (headers, name) => headers[name] ?? undefined,
  keys: (headers) => Object.keys(headers),
}

const TO_SEND: TextMapGetter<SendRecord['headers']> & TextMapSetter<SendRecord['headers']> = {
  get(headers, name) {
    const value = headers[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last instanceof Uint8Array) return Buffer.from(last).toString('utf8')
    return typeof last === 'string' ? last : undefined
  },
  keys: (headers) => Object.keys(headers),
  set(headers, name, value) {
    headers[name] = value
  },
}

/** The context under which a record was made; its span is undefined where its sender had none. */
export interface Creation {
  readonly context: Context
  readonly span: SpanContext | undefined
}

export function receivedWith(api: OtelApi, headers: RecordContext['headers']): Creation {
  return creation(api, api.propagation.extract(api.ROOT_CONTEXT, headers, RECEIVED))
}

/** The context that a record has already, because its sender put it there. */
export function givenWith(api: OtelApi, { headers }: SendRecord): SpanContext | undefined {
  return creation(api, api.propagation.extract(api.ROOT_CONTEXT, headers, TO_SEND)).span
}

export function sendWith(api: OtelApi, context: Context, { headers }: SendRecord): void {
  api.propagation.inject(context, headers, TO_SEND)
}

function creation(api: OtelApi, context: Context): Creation {
  const span = api.trace.getSpanContext(context)
  return { context, span: span !== undefined && api.isSpanContextValid(span) ? span : undefined }
}

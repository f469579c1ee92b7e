import type { Span } from '@opentelemetry/api'
import { errorField, MAX_TEXT_BYTES, shownText } from '../error-text.ts'
import { BusinessError } from '../errors.ts'
import type { OtelApi } from './api.ts'
import { ATTRIBUTES, errorType } from './conventions.ts'

/** Marks a span by an error, without what looks like a secret. What a handler refuses on purpose is no error of it. */
export function fail({ SpanStatusCode }: OtelApi, span: Span, error: unknown): void {
  span.setAttribute(ATTRIBUTES.errorType, errorType(error))
  if (error instanceof BusinessError) return
  const message = error instanceof Error ? errorField(error, 'message') : undefined
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(message === undefined ? {} : { message: shownText(message, MAX_TEXT_BYTES).toString() }),
  })
}

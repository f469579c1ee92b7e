import type { Attributes, Link, Span, Tracer } from '@opentelemetry/api'
import { HEADERS } from '../headers.ts'
import type { Middleware } from '../middleware/middleware.ts'
import type { SendContext, SendRecord } from '../middleware/send.ts'
import type { OtelApi } from './api.ts'
import { givenWith, sendWith } from './carriers.ts'
import { ATTRIBUTES, errorType, type Instruments, operationAttributes } from './conventions.ts'
import { fail } from './failed-span.ts'

/** Spans and metrics of sends: the part `send` of a middleware. */
export function sendSpans(
  api: OtelApi,
  tracer: Tracer,
  measures: () => Instruments,
  createSpans: boolean,
): NonNullable<Middleware['send']> {
  const { context, SpanKind, trace } = api

  /** A record's own span, which is over as soon as the record has its context. */
  const create = (topic: string, record: SendRecord): Link => {
    const attributes = { ...operationAttributes('create'), [ATTRIBUTES.topic]: topic, ...recordAttributes(record) }
    const span = tracer.startSpan(`create ${topic}`, { kind: SpanKind.PRODUCER, attributes })
    sendWith(api, trace.setSpan(context.active(), span), record)
    span.end()
    return { context: span.spanContext() }
  }

  /** The span of the call. Afterwards each record has a context: one that it was given, its own, or this one's. */
  const start = ({ topic, records }: SendContext): Span => {
    const [only] = records
    const isOne = records.length === 1 && only !== undefined
    const links: Link[] = []
    const without: SendRecord[] = []
    for (const record of records) {
      const given = givenWith(api, record)
      if (given !== undefined) links.push({ context: given })
      else if (createSpans && !isOne) links.push(create(topic, record))
      else without.push(record)
    }
    const attributes = {
      ...operationAttributes('send'),
      [ATTRIBUTES.topic]: topic,
      ...(isOne ? recordAttributes(only) : { [ATTRIBUTES.batchSize]: records.length }),
    }
    const kind = without.length > 0 ? SpanKind.PRODUCER : SpanKind.CLIENT
    const span = tracer.startSpan(`send ${topic}`, { kind, attributes, links })
    for (const record of without) sendWith(api, trace.setSpan(context.active(), span), record)
    return span
  }

  return async (sending, next) => {
    const begin = performance.now()
    const span = start(sending)
    const common = { ...operationAttributes('send'), [ATTRIBUTES.topic]: sending.topic }
    const measure = (outcome: Attributes): void =>
      measures().sendDuration.record((performance.now() - begin) / 1_000, { ...common, ...outcome })
    try {
      const sent = await context.with(trace.setSpan(context.active(), span), next)
      const [first] = sent
      if (sent.length === 1 && first !== undefined) {
        span.setAttributes({ [ATTRIBUTES.partition]: String(first.partition), [ATTRIBUTES.offset]: first.offset })
      }
      measures().sent.add(sent.length, common)
      measure({})
      return sent
    } catch (error) {
      fail(api, span, error)
      for (const [outcome, count] of attempted(error, sending.records.length)) {
        measures().sent.add(count, { ...common, ...(outcome === undefined ? {} : { [ATTRIBUTES.errorType]: outcome }) })
      }
      measure({ [ATTRIBUTES.errorType]: errorType(error) })
      throw error
    } finally {
      span.end()
    }
  }
}

function recordAttributes({ value, headers, partition }: SendRecord): Attributes {
  const { [HEADERS.messageId]: messageId, [HEADERS.correlationId]: correlationId } = headers
  return {
    ...(value === null ? { [ATTRIBUTES.tombstone]: true } : {}),
    ...(partition === undefined ? {} : { [ATTRIBUTES.partition]: String(partition) }),
    ...(typeof messageId === 'string' ? { [ATTRIBUTES.messageId]: messageId } : {}),
    ...(typeof correlationId === 'string' ? { [ATTRIBUTES.conversationId]: correlationId } : {}),
  }
}

/** How many records were handed over for sending, by what became of them: a type of error, or undefined for none. */
function attempted(error: unknown, records: number): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>()
  const { results, maybeInLog } = error as { results?: unknown; maybeInLog?: unknown }
  if (Array.isArray(results)) {
    for (const result of results) {
      const outcome = result instanceof Error ? errorType(result) : undefined
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
  } else if (maybeInLog !== undefined) {
    counts.set(errorType(error), records)
  }
  return counts
}

import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api'
import type { RecordContext } from '../consumer/record.ts'
import { returnedFailure, returnedFailures } from '../delivery/verdict.ts'
import type { Middleware } from '../middleware/middleware.ts'
import type { OtelApi } from './api.ts'
import { receivedWith } from './carriers.ts'
import { ATTRIBUTES, errorType, type Instruments, operationAttributes } from './conventions.ts'
import { fail } from './failed-span.ts'

/** Spans and metrics of handlers: the parts `consume` and `consumeBatch` of a middleware. */
export function processSpans(
  api: OtelApi,
  tracer: Tracer,
  measures: () => Instruments,
  isChild: boolean,
): Required<Pick<Middleware, 'consume' | 'consumeBatch'>> {
  const { context, propagation, ROOT_CONTEXT, SpanKind, trace } = api

  /** Runs a handler in its span. What it was handed says whether it failed. */
  const run = async (
    span: Span,
    parent: Context,
    { common, count }: { common: Attributes; count: number },
    next: () => Promise<unknown>,
    failureIn: (result: unknown) => { error: unknown } | undefined,
  ): Promise<unknown> => {
    const begin = performance.now()
    let failure: { error: unknown } | undefined
    try {
      const result = await context.with(trace.setSpan(parent, span), next)
      failure = failureIn(result)
      return result
    } catch (error) {
      failure = { error }
      throw error
    } finally {
      if (failure !== undefined) fail(api, span, failure.error)
      const outcome = failure === undefined ? common : { ...common, [ATTRIBUTES.errorType]: errorType(failure.error) }
      measures().processDuration.record((performance.now() - begin) / 1_000, outcome)
      measures().consumed.add(count, common)
      span.end()
    }
  }

  return {
    consume(record, next) {
      const { topic, group } = record
      const created = receivedWith(api, record.headers)
      const links: Link[] = created.span === undefined ? [] : [{ context: created.span }]
      // what the record brings beside its span holds for its handler either way
      const parent = isChild ? created.context : withoutSpan(created.context)
      const attributes = recordAttributes(record)
      const span = tracer.startSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent)
      return run(span, parent, { common: processAttributes(group, topic), count: 1 }, next, returnedFailure)
    },
    consumeBatch({ records, group }, next) {
      const topic = common(records, (record) => record.topic)
      const partition = topic === undefined ? undefined : common(records, (record) => record.partition)
      const links = records.flatMap(({ headers }) => {
        const { span } = receivedWith(api, headers)
        return span === undefined ? [] : [{ context: span }]
      })
      const attributes = {
        ...processAttributes(group, topic),
        ...(partition === undefined ? {} : { [ATTRIBUTES.partition]: String(partition) }),
        [ATTRIBUTES.batchSize]: records.length,
      }
      const name = topic === undefined ? 'process' : `process ${topic}`
      const span = tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes, links }, ROOT_CONTEXT)
      const counted = { common: processAttributes(group, topic), count: records.length }
      return run(span, ROOT_CONTEXT, counted, next, (result) =>
        returnedFailures(result, records.length)?.find((failure) => failure !== undefined),
      )
    },
  }

  function withoutSpan(from: Context): Context {
    const baggage = propagation.getBaggage(from)
    return baggage === undefined ? ROOT_CONTEXT : propagation.setBaggage(ROOT_CONTEXT, baggage)
  }
}

function processAttributes(group: string, topic: string | undefined): Attributes {
  return {
    ...operationAttributes('process'),
    [ATTRIBUTES.group]: group,
    ...(topic === undefined ? {} : { [ATTRIBUTES.topic]: topic }),
  }
}

function recordAttributes(record: RecordContext): Attributes {
  const { topic, group, partition, offset, attempt, messageId, correlationId, rawValue } = record
  return {
    ...processAttributes(group, topic),
    [ATTRIBUTES.partition]: String(partition),
    [ATTRIBUTES.offset]: offset,
    ...(rawValue === null ? { [ATTRIBUTES.tombstone]: true } : {}),
    ...(attempt > 1 ? { [ATTRIBUTES.attempt]: attempt } : {}),
    ...(messageId === undefined ? {} : { [ATTRIBUTES.messageId]: messageId }),
    ...(correlationId === undefined ? {} : { [ATTRIBUTES.conversationId]: correlationId }),
  }
}

/** What all records have in common. */
function common<T>(records: readonly RecordContext[], read: (record: RecordContext) => T): T | undefined {
  const [first] = records
  if (first === undefined) return undefined
  const value = read(first)
  return records.every((record) => read(record) === value) ? value : undefined
}

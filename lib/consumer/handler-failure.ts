import { HandlerError, KafkaError } from '../errors.ts'
import type { RecordContext } from './record.ts'

/** The error about a handler that failed for `records`, the first of which its partition stops before. */
export function handlerFailure(cause: unknown, first: RecordContext, records: number): HandlerError {
  const { topic, partition, offset, key, group } = first
  const others = records > 1 ? ` (first of a batch of ${records})` : ''
  return new HandlerError(
    `${reason(cause)} Partition ${topic} [${partition}] of group ${group} stopped before offset ${offset}${others}; ` +
      'the record is redelivered when the partition is assigned again.',
    { cause, topic, partition, offset, key, group },
  )
}

/** What was thrown may be anything: a Symbol, an object without prototype, an error whose message is no text. */
function reason(cause: unknown): string {
  try {
    if (cause instanceof KafkaError) return cause.message
    if (cause instanceof Error) return `The handler failed: ${cause.message}.`
    if (typeof cause === 'string') return `The handler failed: ${cause}.`
    const what = typeof cause === 'symbol' ? cause.toString() : Object.prototype.toString.call(cause)
    return `The handler failed: it threw ${what}.`
  } catch {
    return 'The handler failed: what it threw cannot be read.'
  }
}

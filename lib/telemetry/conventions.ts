// The messaging conventions of OpenTelemetry, of which these are the names.
import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api'
import { errorField } from '../error-text.ts'

export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.44.0'

export const ATTRIBUTES = {
  system: 'messaging.system',
  operation: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  topic: 'messaging.destination.name',
  partition: 'messaging.destination.partition.id',
  offset: 'messaging.kafka.offset',
  tombstone: 'messaging.kafka.message.tombstone',
  group: 'messaging.consumer.group.name',
  messageId: 'messaging.message.id',
  conversationId: 'messaging.message.conversation_id',
  batchSize: 'messaging.batch.message_count',
  errorType: 'error.type',
  /** Has no convention: how often the record was handed to the handler, where that was more than once. */
  attempt: 'narad.record.attempt',
} as const

export type Operation = 'create' | 'send' | 'process'

/** What every span and every measurement has. */
export function operationAttributes(operation: Operation): Attributes {
  return {
    [ATTRIBUTES.system]: 'kafka',
    [ATTRIBUTES.operation]: operation,
    [ATTRIBUTES.operationType]: operation,
  }
}

/** A code, or else the name of the class: few values, and none that is of one record. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  return errorField(error, 'code') ?? errorField(error, 'name') ?? '_OTHER'
}

export interface Instruments {
  readonly sent: Counter
  readonly sendDuration: Histogram
  readonly consumed: Counter
  readonly processDuration: Histogram
}

/** In seconds, as advised. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export function instruments(meter: Meter): Instruments {
  const duration = { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } }
  return {
    sent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Number of messages producer attempted to send to the broker.',
    }),
    sendDuration: meter.createHistogram('messaging.client.operation.duration', {
      ...duration,
      description: 'Duration of messaging operation initiated by a producer or consumer client.',
    }),
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Number of messages that were delivered to the application.',
    }),
    processDuration: meter.createHistogram('messaging.process.duration', {
      ...duration,
      description: 'Duration of processing operation.',
    }),
  }
}

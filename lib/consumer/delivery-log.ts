import type { Failure } from '../delivery/failure.ts'
import type { NextStep } from '../delivery/retry-policy.ts'
import { HandlerError, KafkaError } from '../errors.ts'
import type { ServiceEmitter } from '../events.ts'
import type { NaradLogger } from '../logger.ts'
import type { RecordContext } from './record.ts'
import { type Parked, shortText } from './runner.ts'

/** A record whose handler failed, and that is handled again. */
export interface RetryEvent {
  topic: string
  partition: number
  offset: number
  group: string
  /** How often it was handed to the handler until now. */
  attempt: number
  /** After how long it is handled again, in milliseconds; in an outage, the least. */
  afterMs: number
  /** Where it waits until then, if it is in one of `retry.topics`. */
  retryTopic?: string
  /** What the handler failed with. */
  error: Error
}

/** A record that became a dead letter. */
export interface DeadLetterEvent {
  topic: string
  partition: number
  offset: number
  group: string
  attempt: number
  deadLetterTopic: string
  /** What the handler failed with. */
  error: Error
}

/**
 * Many keys of a subscription failed alike, with no success in between: its records wait, except for a probe now and
 * then; or a probe has succeeded, and all go on.
 */
export interface OutageEvent {
  group: string
  /** The topics of the subscription. */
  topics: string[]
  state: 'began' | 'ended'
  /** What the record failed with that made it an outage. */
  error: Error
  /** When it began, in milliseconds since the epoch. */
  sinceMs: number
  /** How long it lasted, in milliseconds, once it has ended. */
  durationMs?: number
}

/** Tells listeners and the log what becomes of records that fail; never what is in them. */
export class DeliveryLog {
  readonly #logger: NaradLogger
  readonly #emitter: ServiceEmitter
  readonly #onError: (error: KafkaError) => void

  constructor(logger: NaradLogger, emitter: ServiceEmitter, onError: (error: KafkaError) => void) {
    this.#logger = logger
    this.#emitter = emitter
    this.#onError = onError
  }

  onFailure({ error, class: failureClass }: Failure, context: RecordContext, step: NextStep): void {
    const place = context.toJSON()
    if (step.kind === 'retry') {
      const { afterMs } = step
      // without its stack: whatever gives the record up tells the whole error
      this.#logger.info(
        { ...place, afterMs, error: shortText(error) },
        'The handler failed; the record is handled again',
      )
      this.#emitter.emit('retry', { ...place, afterMs, error })
    } else if (step.kind === 'stop') {
      this.#onError(stopped(error, context))
    } else if (step.kind === 'skip') {
      this.#logger.warn({ ...place, err: error }, 'The handler failed for good; the record is skipped')
    } else if (failureClass === 'business') {
      this.#logger.debug({ ...place, err: error }, 'The handler refused the record; it is done')
    }
  }

  onOutage(event: OutageEvent): void {
    const { group, topics, state, durationMs, error } = event
    if (state === 'began') {
      const place = { group, topics, err: error }
      this.#logger.warn(place, 'Many keys fail alike: records wait until a probe succeeds')
    } else this.#logger.info({ group, topics, durationMs }, 'A probe has succeeded: records are handled again')
    this.#emitter.emit('outage', event)
  }

  onParked({ error }: Failure, context: RecordContext, { topic, afterMs }: Parked): void {
    const place = context.toJSON()
    if (afterMs !== undefined) {
      const retry = { ...place, afterMs, retryTopic: topic }
      this.#logger.info({ ...retry, err: error }, 'The handler failed; the record waits in its retry topic')
      this.#emitter.emit('retry', { ...retry, error })
      return
    }
    const deadLetterTopic = topic
    this.#logger.warn({ ...place, deadLetterTopic, err: error }, 'The record became a dead letter')
    this.#emitter.emit('deadLetter', { ...place, deadLetterTopic, error })
  }
}

/** The error about a record before which its partition stops. */
function stopped(cause: Error, { topic, partition, offset, key, group }: RecordContext): HandlerError {
  const reason = cause instanceof KafkaError ? cause.message : `The handler failed: ${cause.message}.`
  return new HandlerError(
    `${reason} Partition ${topic} [${partition}] of group ${group} stopped before offset ${offset}; ` +
      'the record is redelivered when the partition is assigned again.',
    { cause, topic, partition, offset, key, group },
  )
}

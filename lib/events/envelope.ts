import { HEADERS } from '../headers.ts'
import { checkText, FIELDS, type MessageFields } from '../message.ts'

/**
 * Something that happened, or in a {@link CommandEvent} is to happen, with what every reader wants to know of it.
 * {@link event} and its siblings make it, `eventCodec` reads it; it is frozen.
 *
 * @typeParam D The data.
 * @typeParam T The type.
 */
export interface BaseEvent<D = unknown, T extends string = string> {
  /** Names the event: a UUIDv7, unless its sender has other ids. */
  readonly id: string
  /** What happened, such as `order.created`. */
  readonly type: T
  /** The version of the data's schema. */
  readonly version: string
  /** When it happened, as ISO 8601 text. */
  readonly timestamp: string
  /** The service that it comes from. */
  readonly source: string
  readonly data: D
  /** What is not about the event itself, such as a tenant or a user agent. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Ties together all that one request caused. */
  readonly correlationId?: string
  /** The id of the event or command that caused this one. */
  readonly causationId?: string
  /** The thing that changed: the key of the record, unless another is given, so that its events stay in order. */
  readonly aggregateId?: string
  /** What kind of thing changed, such as `Order`. */
  readonly aggregateType?: string
  /** What is to be done. */
  readonly commandName?: string
  /** The topic for the answer. */
  readonly replyTo?: string
  /** How long the sender waits for an answer, in milliseconds. */
  readonly timeoutMs?: number
  /** Fields of the record that are none of the above, by their names in the record: they are written as they were read. */
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** A change of one thing. */
export interface DomainEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
  readonly aggregateId: string
  readonly aggregateType: string
}

/** An event for other services. */
export interface IntegrationEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
  readonly correlationId: string
}

/** Something to be done. */
export interface CommandEvent<D = unknown, T extends string = string> extends BaseEvent<D, T> {
  readonly commandName: string
}

/** What an {@link Envelope} is made of. A field of undefined is as good as none. */
export type EnvelopeFields = { readonly [F in keyof BaseEvent]: BaseEvent[F] | undefined } & {
  readonly id: string
  readonly type: string
  readonly version: string
  readonly timestamp: string
  readonly source: string
}

/**
 * The class of all events. Fields are checked by who makes one. To `send` it is a message that has key and headers, so
 * that neither dedupe nor routing needs to decode its value.
 */
export class Envelope implements BaseEvent {
  readonly id: string
  readonly type: string
  readonly version: string
  readonly timestamp: string
  readonly source: string
  readonly data: unknown
  declare readonly metadata?: Readonly<Record<string, unknown>>
  declare readonly correlationId?: string
  declare readonly causationId?: string
  declare readonly aggregateId?: string
  declare readonly aggregateType?: string
  declare readonly commandName?: string
  declare readonly replyTo?: string
  declare readonly timeoutMs?: number
  declare readonly extensions?: Readonly<Record<string, unknown>>

  constructor(fields: EnvelopeFields) {
    this.id = fields.id
    this.type = fields.type
    this.version = fields.version
    this.timestamp = fields.timestamp
    this.source = fields.source
    this.data = fields.data
    // one by one, because a loop over names costs more than reading the JSON
    if (fields.metadata !== undefined) this.metadata = fields.metadata
    if (fields.correlationId !== undefined) this.correlationId = fields.correlationId
    if (fields.causationId !== undefined) this.causationId = fields.causationId
    if (fields.aggregateId !== undefined) this.aggregateId = fields.aggregateId
    if (fields.aggregateType !== undefined) this.aggregateType = fields.aggregateType
    if (fields.commandName !== undefined) this.commandName = fields.commandName
    if (fields.replyTo !== undefined) this.replyTo = fields.replyTo
    if (fields.timeoutMs !== undefined) this.timeoutMs = fields.timeoutMs
    if (fields.extensions !== undefined) {
      this.extensions = fields.extensions
      // only here: JSON.stringify would call it for every event
      Object.defineProperty(this, 'toJSON', { value: () => flattened(this) })
    }
    Object.freeze(this)
  }

  /** @internal What `send` and `message` see. */
  get [FIELDS](): MessageFields {
    const headers: Array<readonly [string, string]> = [
      [HEADERS.messageId, checkText(this.id, 'id of the event')],
      [HEADERS.eventType, checkText(this.type, 'type of the event')],
      [HEADERS.source, checkText(this.source, 'source of the event')],
    ]
    const { correlationId, causationId, aggregateId } = this
    if (correlationId !== undefined) {
      headers.push([HEADERS.correlationId, checkText(correlationId, 'correlationId of the event')])
    }
    if (causationId !== undefined) {
      headers.push([HEADERS.causationId, checkText(causationId, 'causationId of the event')])
    }
    if (aggregateId === undefined) return { value: this, key: null, headers }
    return { value: this, key: null, headers, usualKey: checkText(aggregateId, 'aggregateId of the event') }
  }
}

/** An event as one flat object, in which its own fields win. */
export function flattened({ extensions, ...fields }: BaseEvent): object {
  return { ...extensions, ...fields }
}

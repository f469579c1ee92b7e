import { v7 } from 'uuid'
import { OPTIONS } from '../config/options.ts'
import { currentCause } from '../correlation.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { checkText } from '../message.ts'
import { checkOptions, integer, optional } from '../options.ts'
import {
  type BaseEvent,
  type CommandEvent,
  type DomainEvent,
  Envelope,
  type EnvelopeFields,
  type IntegrationEvent,
} from './envelope.ts'

/** What {@link event} is given. */
export interface EventInput<D = unknown, T extends string = string> {
  /** What happened, such as `order.created`. */
  type: T
  data: D
  /** Default: a new UUIDv7, which sorts by time. */
  id?: string | undefined
  /**
   * The version of the data's schema.
   *
   * @defaultValue `'1.0'`
   */
  version?: string | undefined
  /** When it happened; default: now. A text must be a date, and is kept as it is. */
  timestamp?: string | number | Date | undefined
  /** The service; default: `KAFKA_CLIENT_ID`, or `narad`. */
  source?: string | undefined
  metadata?: Readonly<Record<string, unknown>> | undefined
  /** Ties together all that one request caused. Default: that of the record that is being handled. */
  correlationId?: string | undefined
  /** The id of the event or command that causes this one. Default: that of the record that is being handled. */
  causationId?: string | undefined
  /** Further fields of the record, at the level of the event's own. */
  extensions?: Readonly<Record<string, unknown>> | undefined
}

/** What {@link domainEvent} is given. */
export interface DomainEventInput<D = unknown, T extends string = string> extends EventInput<D, T> {
  /** The thing that changed: the key of the record, unless `send` is given another. */
  aggregateId: string
  /** What kind of thing changed, such as `Order`. */
  aggregateType: string
}

/** What {@link command} is given. */
export interface CommandInput<D = unknown, T extends string = string> extends Omit<EventInput<D, T>, 'type'> {
  /** What is to be done, such as `ProcessPayment`. */
  commandName: string
  /** Default: the name. */
  type?: T | undefined
  /** The topic for the answer. */
  replyTo?: string | undefined
  /** How long the sender waits for an answer, in milliseconds from 1. */
  timeoutMs?: number | undefined
}

const COMMON = 'type data id version timestamp source metadata correlationId causationId extensions'.split(' ')
const OF_DOMAIN = [...COMMON, 'aggregateId', 'aggregateType']
const OF_COMMAND = [...COMMON, 'commandName', 'replyTo', 'timeoutMs']
const LONGEST_MS = 2 ** 31 - 1

/**
 * An event, to be sent as it is: `kafkaService.send('orders', event({ type: 'order.created', data }))`.
 *
 * @throws {@link ArgumentError} for fields that are missing, wrong or unknown.
 */
export function event<D, T extends string = string>(input: EventInput<D, T>): BaseEvent<D, T> {
  return new Envelope(common(checkOptions(input, COMMON, 'event'))) as unknown as BaseEvent<D, T>
}

/**
 * An event of one thing, the aggregate, whose id becomes the key of the record.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
export function domainEvent<D, T extends string = string>(input: DomainEventInput<D, T>): DomainEvent<D, T> {
  const given = checkOptions(input, OF_DOMAIN, 'domainEvent')
  const fields = {
    ...common(given),
    aggregateId: name(given.aggregateId, 'aggregateId'),
    aggregateType: name(given.aggregateType, 'aggregateType'),
  }
  return new Envelope(fields) as unknown as DomainEvent<D, T>
}

/**
 * An event for other services. It always has a correlation id: its own id, where it begins something new.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
export function integrationEvent<D, T extends string = string>(input: EventInput<D, T>): IntegrationEvent<D, T> {
  const fields = common(checkOptions(input, COMMON, 'integrationEvent'))
  const correlationId = fields.correlationId ?? fields.id
  return new Envelope({ ...fields, correlationId }) as unknown as IntegrationEvent<D, T>
}

/**
 * Something to be done by whoever reads it.
 *
 * @throws {@link ArgumentError} as {@link event}.
 */
export function command<D, T extends string = string>(input: CommandInput<D, T>): CommandEvent<D, T> {
  const given = checkOptions(input, OF_COMMAND, 'command')
  const { type = given.commandName, replyTo, timeoutMs } = given
  const fields = {
    ...common({ ...given, type }),
    commandName: name(given.commandName, 'commandName'),
    replyTo: optionalName(replyTo, 'replyTo'),
    timeoutMs: timeoutMs === undefined ? undefined : integer(timeoutMs, 'timeoutMs', 1, LONGEST_MS, 0),
  }
  return new Envelope(fields) as unknown as CommandEvent<D, T>
}

function common(given: Record<string, unknown>): EnvelopeFields {
  const { id, version, source, data, metadata, correlationId, causationId, extensions } = given
  const cause = currentCause()
  return {
    id: optionalName(id, 'id') ?? v7(),
    type: name(given.type, 'type'),
    version: optionalName(version, 'version') ?? '1.0',
    timestamp: time(given.timestamp),
    source: optionalName(source, 'source') ?? usualSource(),
    // undefined would be left out of the JSON, and the event would come back without data
    data: data === undefined ? null : data,
    metadata: object(metadata, 'metadata'),
    correlationId: optionalName(correlationId, 'correlationId') ?? cause?.correlationId,
    causationId: optionalName(causationId, 'causationId') ?? cause?.causationId,
    extensions: object(extensions, 'extensions'),
  } as EnvelopeFields
}

function name(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return checkText(value, `${field} of the event`)
  throw new ArgumentError(`The ${field} of the event must be a text that is not empty, but is ${describeValue(value)}.`)
}

function optionalName(value: unknown, field: string): string | undefined {
  return value === undefined ? undefined : name(value, field)
}

function object(value: unknown, field: string): unknown {
  return optional(
    value,
    field,
    'an object',
    (given) => typeof given === 'object' && given !== null && !Array.isArray(given),
  )
}

function time(value: unknown): string {
  if (value === undefined) return new Date().toISOString()
  if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return value
  const date = typeof value === 'number' ? new Date(value) : value
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString()
  throw new ArgumentError(
    `The timestamp of the event must be a Date, milliseconds or ISO 8601 text, but is ${describeValue(value)}.`,
  )
}

/** As the configuration finds the name of the client; an event is made without a service. */
function usualSource(): string {
  const { env = [], default: usual } = OPTIONS.clientId
  for (const variable of env) {
    const given = process.env[variable]?.trim()
    if (given !== undefined && given !== '') return given
  }
  return String(usual)
}

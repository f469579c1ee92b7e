import type { CodecOption } from '../codec.ts'
import type { RecordContext } from '../consumer/record.ts'
import type { SubscribeOptions, TopicsInput } from '../consumer/subscribe-options.ts'
import type { StandardSchema } from '../middleware/standard-schema.ts'
import type { SendOptions } from '../producer/columns.ts'
import type { KafkaService } from '../service.ts'
import type { BaseEvent } from './envelope.ts'
import type { EventInput } from './event.ts'

/** The names of the types of a bus. */
export type EventType<Events> = keyof Events & string

/** The event of a type, or of each of several. */
export type EventOf<Events, Type extends EventType<Events> = EventType<Events>> =
  Type extends EventType<Events> ? BaseEvent<Events[Type], Type> : never

/** The names that a pattern fits. */
export type MatchingType<Events, Pattern extends string> = EventType<Events> & Wildcard<Pattern>

type Wildcard<Pattern extends string> = Pattern extends `${infer Start}*${infer Rest}`
  ? `${Start}${string}${Wildcard<Rest>}`
  : Pattern

/** The data of each type, as its schema makes it. */
export type SchemaOutputs<Schemas> = {
  [Type in keyof Schemas]: Schemas[Type] extends StandardSchema<unknown, infer Output> ? Output : never
}

/** A class that stands for a type, and whose instances are the data of its events. */
export interface EventClass<D = unknown> {
  readonly type: string
  new (...args: never[]): D
}

/** What a handler is told beside the event. Of an event that was dispatched, the offset is -1, as the partition is. */
export type EventContext = Pick<
  RecordContext,
  'topic' | 'partition' | 'offset' | 'timestamp' | 'group' | 'key' | 'headers' | 'attempt' | 'signal'
>

/** Handles an event. What it throws or returns means what it means for every handler of records. */
export type EventHandler<E = BaseEvent> = (event: E, context: EventContext) => unknown

/** An event as `publish` and `dispatch` take it: one that was made already, or what one is made of. */
export type PublishInput<Events, Type extends EventType<Events> = EventType<Events>> =
  Type extends EventType<Events>
    ? EventInput<Events[Type], Type> & {
        aggregateId?: string | undefined
        aggregateType?: string | undefined
        commandName?: string | undefined
        replyTo?: string | undefined
        timeoutMs?: number | undefined
      }
    : never

/** Options of {@link EventBus.publish}: those of `send`. Default of the key: the event's `aggregateId`. */
export type PublishOptions = Omit<SendOptions, 'codec'>

/** Options of {@link EventBus.subscribe}: those of a service's `subscribe`, for single records. */
export type EventSubscribeOptions = SubscribeOptions<BaseEvent>

/** The arguments of {@link EventBus.subscribe} as one object. */
export interface EventSubscription<Events> extends EventSubscribeOptions {
  topics: TopicsInput
  handler?: EventHandler<EventOf<Events>> | undefined
}

/** Options of {@link createEventBus}. */
export interface EventBusOptions<Events = Record<string, unknown>> {
  /** The name of this service: the source of its events, and its group. Default: the `clientId` of the Kafka service. */
  service?: string
  /** Of what the events are, such as `order`: their topic begins with it. Default: their type up to its first dot. */
  domain?: string
  /** The group of subscriptions that name none. Default: the `group` of the Kafka service, then `service`. */
  group?: string
  /** Default: the shared `kafkaService`. */
  kafka?: KafkaService
  /** How events become bytes, such as a preset. Default: `eventCodec()`. */
  codec?: CodecOption<BaseEvent>
  /** Validators of the data by type, as Standard Schema says them; zod, valibot and arktype are some. */
  schemas?: { readonly [Type in keyof Events]?: StandardSchema<unknown, Events[Type]> }
  /** The topic of an event that is published without one. Default: {@link eventTopic}. */
  topic?: (event: BaseEvent, domain: string | undefined) => string
  /**
   * What becomes of events that no handler is registered for: they are counted and done, or counted and a permanent
   * error, so that they become dead letters.
   *
   * @defaultValue `count`
   */
  unhandled?: 'count' | 'error'
}

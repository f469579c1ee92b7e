import type { CodecOption } from '../codec.ts'
import type { TopicsInput } from '../consumer/subscribe-options.ts'
import type { Subscription } from '../consumer/subscription.ts'
import { type Cause, causedBy } from '../correlation.ts'
import { returnedFailure } from '../delivery/verdict.ts'
import { describeValue } from '../describe.ts'
import type { DisconnectReport } from '../disconnect-report.ts'
import { ArgumentError, NotConnectedError, PermanentError } from '../errors.ts'
import { quote } from '../escape.ts'
import { messageFields, type RecordMetadata } from '../message.ts'
import { sendCorrelation } from '../middleware/correlation.ts'
import type { StandardSchema } from '../middleware/standard-schema.ts'
import { type DisconnectOptions, type KafkaService, kafkaService } from '../service.ts'
import { checkBusOptions, subscribeArguments } from './bus-options.ts'
import type {
  EventBusOptions,
  EventClass,
  EventContext,
  EventHandler,
  EventOf,
  EventSubscribeOptions,
  EventSubscription,
  EventType,
  MatchingType,
  PublishInput,
  PublishOptions,
  SchemaOutputs,
} from './bus-types.ts'
import type { BaseEvent } from './envelope.ts'
import { command, domainEvent, event as plainEvent } from './event.ts'
import { eventCodec } from './event-codec.ts'
import { EventSchemas } from './event-schemas.ts'
import { eventTopic } from './event-topic.ts'
import { HandlerRegistry, type TypePattern } from './handler-registry.ts'
import { TypeCounts } from './type-counts.ts'
import { instanceDataOf } from './with-data.ts'

/** The context of a record, with what is handed on. */
type HandledContext = EventContext & {
  readonly correlationId?: string | undefined
  readonly conversationId?: string | undefined
}

/**
 * Publishes events and hands them to handlers by their type, on one Kafka service. Made by {@link createEventBus}.
 *
 * @typeParam Events The data of each type.
 */
export class EventBus<Events extends object = Record<string, unknown>> {
  readonly #options: EventBusOptions<Events>
  readonly #kafka: KafkaService
  readonly #codec: CodecOption<BaseEvent>
  readonly #schemas: EventSchemas | undefined
  readonly #handlers = new HandlerRegistry<EventHandler>()
  readonly #unhandled = new TypeCounts()
  #started: Promise<this> | undefined

  /** @internal Use {@link createEventBus}. */
  constructor(options: EventBusOptions<Events>) {
    this.#options = checkBusOptions(options)
    this.#kafka = options.kafka ?? kafkaService
    this.#codec = options.codec ?? eventCodec()
    this.#schemas = options.schemas === undefined ? undefined : new EventSchemas(options.schemas)
  }

  /** How many events no handler was registered for, by type. Beyond a thousand types, the others count as `*`. */
  get unhandled(): ReadonlyMap<string, number> {
    return this.#unhandled.snapshot()
  }

  /**
   * Connects what publishes; groups are connected by {@link subscribe}. From here on what handlers of the bus send with
   * the Kafka service itself inherits their correlation, too. May be called again.
   *
   * @throws As `connectProducer` of the Kafka service.
   */
  start(): Promise<this> {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async #start(): Promise<this> {
    const kafka = this.#kafka
    if (!kafka.middleware.includes(sendCorrelation.name)) kafka.use(sendCorrelation)
    await kafka.connectProducer()
    return this
  }

  /**
   * Disconnects the Kafka service, and with it every bus on it: handlers that run may end, what was published is
   * delivered. To start again, call `init()` of the service first.
   *
   * @returns What was left when the time was over.
   */
  stop(options?: DisconnectOptions): Promise<DisconnectReport> {
    this.#started = undefined
    return this.#kafka.disconnect(options)
  }

  /**
   * Sends an event, which may be what one is made of, and resolves once the broker has acknowledged it. In a handler it
   * inherits the correlation of the event that is handled, which becomes its cause.
   *
   * @param topic Default: what the option `topic` says, `<domain>.events` and for commands `<domain>.commands`.
   * @throws {@link ArgumentError} for what is no event, or whose data does not fit its schema; as `send`.
   */
  publish(event: PublishInput<Events>, options?: PublishOptions): Promise<RecordMetadata>
  publish(topic: string, event: PublishInput<Events>, options?: PublishOptions): Promise<RecordMetadata>
  async publish(...given: unknown[]): Promise<RecordMetadata> {
    const [topic, input, options] = typeof given[0] === 'string' ? given : [undefined, ...given]
    if (this.#started === undefined) throw new NotConnectedError('the event bus is not connected: await start() first.')
    await this.#started
    const made = this.#toEvent(input)
    const event = this.#schemas === undefined ? made : await this.#schemas.outgoing(made)
    const { domain, topic: topicOf = eventTopic } = this.#options
    const to = (topic as string | undefined) ?? topicOf(event, domain)
    return this.#kafka.send(to, event, { ...(options as PublishOptions), codec: this.#codec })
  }

  /**
   * Registers a handler for the events of a type, now or while events come: by the type's name, by a class that has it
   * as its static `type` and becomes the class of the data, or by a pattern, in which `*` stands for any text.
   *
   * Several handlers of an event run one after the other, in the order in which they were registered. The first that
   * fails ends it, and a retry runs all of them again.
   *
   * @returns What takes it away again.
   * @throws {@link ArgumentError}
   */
  registerHandler<Pattern extends `${string}*${string}`>(
    pattern: Pattern,
    handler: EventHandler<EventOf<Events, MatchingType<Events, Pattern>>>,
  ): () => void
  registerHandler<Type extends EventType<Events>>(type: Type, handler: EventHandler<EventOf<Events, Type>>): () => void
  registerHandler(pattern: RegExp, handler: EventHandler<EventOf<Events>>): () => void
  registerHandler<D>(type: EventClass<D>, handler: EventHandler<BaseEvent<D>>): () => void
  registerHandler(type: TypePattern | EventClass, handler: unknown): () => void {
    const checked = checkHandler(handler)
    if (typeof type !== 'function') return this.#handlers.add(type, checked)
    return this.#handlers.add(type.type, (event, context) => checked(instanceDataOf(event, type), context))
  }

  /**
   * Handles the events of topics, with the registered handlers or with one that gets all of them. The options are those
   * of the service's `subscribe`: retries, dead letters, ordering, concurrency.
   *
   * @param groupOrOptions The consumer group, or options. Default of the group: that of the bus.
   * @throws As `subscribe` of the Kafka service.
   */
  subscribe(subscription: EventSubscription<Events>): Promise<Subscription>
  subscribe(topics: TopicsInput, options?: EventSubscribeOptions): Promise<Subscription>
  subscribe(
    topics: TopicsInput,
    handler: EventHandler<EventOf<Events>> | undefined,
    groupOrOptions?: string | EventSubscribeOptions,
  ): Promise<Subscription>
  async subscribe(...given: unknown[]): Promise<Subscription> {
    const { topics, handler, group, ...options } = subscribeArguments(given)
    const handlers = handler === undefined ? undefined : [checkHandler(handler)]
    await this.start()
    const consumer = await this.#kafka.connectConsumer(group ?? this.#group)
    const handle = (event: unknown, context: EventContext) => this.#handle(event as BaseEvent, context, handlers)
    // who asks what runs is told the user's function, where there is one
    Object.defineProperty(handle, 'name', { value: handler?.name ?? '' })
    return consumer.subscribe(topics, handle, { codec: this.#codec, ...options })
  }

  /**
   * Runs the registered handlers of an event in this process, without Kafka: for tests. Children of the event, that are
   * published, are sent.
   *
   * @throws What a handler throws, or the error of a verdict that it returns.
   */
  async dispatch(event: PublishInput<Events>): Promise<void> {
    const made = this.#toEvent(event)
    const failure = returnedFailure(await this.#handle(made, dispatched(made, this.#group)))
    if (failure !== undefined) throw failure.error
  }

  #handle(event: BaseEvent | null, context: HandledContext, chosen?: readonly EventHandler[]): unknown {
    // a tombstone has no type
    const type = event === null ? 'null' : event.type
    if (typeof type !== 'string') throw new PermanentError('The record is no event: it has no type.', placeOf(context))
    const handlers = chosen ?? (event === null ? [] : this.#handlers.find(type))
    if (event === null || handlers.length === 0) return this.#leave(type, context)
    return causedBy(causeOf(event, context), this.#run, handlers, event, context)
  }

  readonly #run = (handlers: readonly EventHandler[], event: BaseEvent, context: EventContext): unknown => {
    if (this.#schemas !== undefined) return this.#runValidated(this.#schemas, handlers, event, context)
    return handlers.length === 1 ? handlers[0]?.(event, context) : runAll(handlers, event, context)
  }

  async #runValidated(
    schemas: EventSchemas,
    handlers: readonly EventHandler[],
    event: BaseEvent,
    context: EventContext,
  ): Promise<unknown> {
    return runAll(handlers, await schemas.incoming(event, placeOf(context)), context)
  }

  #leave(type: string, context: EventContext): void {
    this.#unhandled.count(type)
    if (this.#options.unhandled !== 'error') return
    throw new PermanentError(`No handler is registered for events of type ${quote(type, 60)}.`, placeOf(context))
  }

  get #service(): string {
    return this.#options.service ?? this.#kafka.config.clientId
  }

  get #group(): string {
    return this.#options.group ?? this.#kafka.config.group ?? this.#service
  }

  #toEvent(input: unknown): BaseEvent {
    const fields = messageFields(input)
    if (fields !== undefined) return fields.value as BaseEvent
    if (typeof input !== 'object' || input === null) {
      throw new ArgumentError(`An event must be an object with a type, but is ${describeValue(input)}.`)
    }
    const given = { ...input, source: (input as BaseEvent).source ?? this.#service } as BaseEvent
    if (given.commandName !== undefined) return command(given as Parameters<typeof command>[0])
    if (given.aggregateId !== undefined) return domainEvent(given as Parameters<typeof domainEvent>[0])
    return plainEvent(given)
  }
}

/** One after the other; the last result, or the first that is a failure. */
async function runAll(handlers: readonly EventHandler[], event: BaseEvent, context: EventContext): Promise<unknown> {
  let last: unknown
  for (const handler of handlers) {
    const result = await handler(event, context)
    if (returnedFailure(result) !== undefined) return result
    last = result ?? last
  }
  return last
}

/** An event that has no correlation begins one. */
function causeOf({ id, correlationId }: BaseEvent, context: HandledContext): Cause {
  const { conversationId } = context
  return { correlationId: correlationId ?? context.correlationId ?? id, causationId: id, conversationId }
}

function dispatched({ aggregateId, timestamp }: BaseEvent, group: string): EventContext {
  const { signal } = new AbortController()
  const place = { topic: '', partition: -1, offset: -1, timestamp: Date.parse(timestamp), group }
  return { ...place, key: aggregateId ?? null, headers: Object.freeze(Object.create(null)), attempt: 1, signal }
}

function placeOf({ topic, partition, offset, group }: EventContext) {
  return { topic, partition, offset, group }
}

function checkHandler(handler: unknown): EventHandler {
  if (typeof handler === 'function') return handler as EventHandler
  throw new ArgumentError(`A handler of events must be a function, but is ${describeValue(handler)}.`)
}

let shared: EventBus | undefined

/** The bus that most processes need: on the shared `kafkaService`, with the defaults of all options. */
export function getEventBus(): EventBus {
  shared ??= new EventBus({})
  return shared
}

/**
 * An event bus of its own. Its types come from the type parameter, or from the schemas.
 *
 * @throws {@link ArgumentError} that names the option.
 */
export function createEventBus<Schemas extends Record<string, StandardSchema>>(
  options: Omit<EventBusOptions, 'schemas'> & { readonly schemas: Schemas },
): EventBus<SchemaOutputs<Schemas>>
export function createEventBus<Events extends object = Record<string, unknown>>(
  options?: EventBusOptions<Events>,
): EventBus<Events>
export function createEventBus(options: EventBusOptions = {}): EventBus {
  return new EventBus(options)
}

import { isEmbedded } from '../broker/cluster.ts'
import type { DeadLetterTopics } from '../delivery/dead-letter-topics.ts'
import type { Failure } from '../delivery/failure.ts'
import type { NextStep } from '../delivery/retry-policy.ts'
import { homeOf } from '../delivery/retry-topics.ts'
import type { NewTopic } from '../delivery/shared-topic-admin.ts'
import type { TopicAdmin } from '../delivery/side-topics.ts'
import type { SideSender } from '../delivery/side-writer.ts'
import { ArgumentError, ClosedError, fromNative, type KafkaError } from '../errors.ts'
import { hold, release } from '../keep-alive.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type NativeConsumer, type NativeConsumerEvent, type NativeError, type NativeToken, native } from '../native.ts'
import { Assignment, type RebalanceEvent } from './assignment.ts'
import { Batch } from './batch.ts'
import type { OutageEvent } from './delivery-log.ts'
import { Flow } from './flow.ts'
import { type GroupHealth, groupHealth, MemberNotes } from './member-health.ts'
import type { SubscriptionObserver } from './observer.ts'
import { RecordContext } from './record.ts'
import { type RetrySubscription, RetrySubscriptions } from './retry-subscriptions.ts'
import type { Parked, Runner, UnfinishedRecord } from './runner.ts'
import { Runners } from './runners.ts'
import type { ResolvedSubscription } from './subscribe-options.ts'
import type { SubscriptionControl } from './subscription.ts'
import { TopicWatch } from './topic-watch.ts'

/** Bytes of a batch for a handler of single records, and of one for a batch handler. */
const BATCH_BYTES = 1024 * 1024
const HANDLER_BATCH_BYTES = 16 * 1024 * 1024
const BATCH_RECORDS = 1_000
/** Batches out at a time: one that is worked on, one that waits, and those that cross. */
const BATCHES_OUT = 4
const OUT_BYTES = 16 * 1024 * 1024
/** What may be held besides, behind records of its lanes that are not finished, before nothing more is taken. */
const HELD_RECORDS = 100_000
const HELD_BYTES = 32 * 1024 * 1024
/** Records that a report names. */
const NAMED = 10

/** What a consumer tells the service. */
export interface MemberListener {
  onError(error: KafkaError): void
  onNativeError(error: NativeError): void
  onRebalance(event: RebalanceEvent): void
  onLog(level: number, text: string): void
  /** An attempt to handle a record failed. */
  onFailure(failure: Failure, context: RecordContext, step: NextStep): void
  /** A record went to a retry topic, or became a dead letter. */
  onParked(failure: Failure, context: RecordContext, parked: Parked): void
  /** An outage began or ended. */
  onOutage(event: OutageEvent): void
}

/** As syslog has it. */
const WARNING = 4

export interface MemberOptions {
  readonly group: string
  readonly properties: Record<string, string>
  readonly commitIntervalMs: number
  readonly prefetchBytes: number
  readonly timeoutMs: number
  /** How long members are waited for that ended without a word, besides `timeoutMs`. */
  readonly sessionTimeoutMs: number
  readonly listener: MemberListener
  /** Where it counts, if anywhere. */
  readonly metrics: Metrics | undefined
  /** Sends dead letters, and records to retry topics. */
  readonly sender: SideSender
  /** Looks for their topics, and creates them. */
  readonly admin: TopicAdmin
  /** A stream ends; the group is left where that was the last thing it was connected for. */
  readonly onStreamEnd: (hasOthers: boolean) => Promise<unknown> | undefined
}

/** What a close left behind. */
export interface ConsumerReport {
  group: string
  /** Records whose handler had not ended; they are redelivered. */
  unfinished: number
  /** Whether the group was left before the deadline. */
  leftGroup: boolean
  /**
   * What was waited for in vain: the oldest of the records whose handler had not ended or whose dead letter was not
   * written, at most ten. A handler that awaits `disconnect()` waits for itself, and is found here.
   */
  blocked: UnfinishedRecord[]
}

/** A member of a consumer group: its subscriptions and their handlers. */
export class Member {
  readonly group: string
  readonly #native: NativeConsumer
  readonly #options: MemberOptions
  readonly #assignment: Assignment
  readonly #runners = new Map<number, Runner>()
  /** By subscription, as the runners. */
  readonly #flows = new Map<number, Flow>()
  readonly #observers = new Map<number, SubscriptionObserver>()
  /** The owner of each topic that was named, for the error about a second one. */
  readonly #topics = new Set<string>()
  readonly #watches = new Set<TopicWatch>()
  #lastSubscription = 0
  readonly #notes = new MemberNotes()
  #isHeld = false
  #closing: Promise<ConsumerReport> | undefined

  private constructor(handle: NativeConsumer, options: MemberOptions) {
    this.#native = handle
    this.#options = options
    this.group = options.group
    const subscribers = { runners: this.#runners, flows: this.#flows, observers: this.#observers }
    this.#assignment = new Assignment(options, subscribers, (event) => {
      this.#notes.rebalanced(event.kind, this.#closing !== undefined)
      options.listener.onRebalance(event)
    })
  }

  /** @throws {@link ConfigError} when librdkafka refuses the properties. */
  static start(options: MemberOptions): Member {
    const { startConsumer, NativeConsumer: NativeClass } = native()
    // weak, because the native side keeps the function: a member that was dropped could never be collected
    let weak: WeakRef<Member> | undefined
    const { commitIntervalMs, prefetchBytes, metrics } = options
    const settings = { commitIntervalMs, prefetchBytes }
    const handle = startConsumer(options.properties, settings, metrics?.native, (event) =>
      weak?.deref()?.onEvent(event),
    )
    if (!(handle instanceof NativeClass)) throw fromNative(handle, { group: options.group })
    const member = new Member(handle, options)
    weak = new WeakRef(member)
    return member
  }

  /** The brokers to begin with. */
  get bootstrap(): string {
    return this.#options.properties['bootstrap.servers'] ?? ''
  }

  /** Logs in with it from now on. */
  setToken(token: NativeToken): NativeError | null {
    return this.#native.setToken(token)
  }

  /** Waits until a broker answers. */
  async connect(timeoutMs: number): Promise<void> {
    const error = await this.#native.connect(timeoutMs)
    if (error !== null) throw fromNative(error, { group: this.group })
  }

  /** Whether a broker answers within the time. */
  answers(timeoutMs: number): Promise<boolean> {
    return this.#closing === undefined ? this.#native.answers(timeoutMs) : Promise.resolve(false)
  }

  /** Nothing may throw out of here: it is called by the native side. */
  private onEvent(event: NativeConsumerEvent): undefined {
    const { listener } = this.#options
    if (event.batch !== undefined) this.#runners.get(event.batch.subscription)?.accept(new Batch(event.batch))
    else if (event.rebalance !== undefined) {
      this.#assignment.rebalanced(event.rebalance.kind, event.rebalance.partitions)
    } else if (event.moved !== undefined) this.#assignment.moved(event.moved)
    else if (event.error !== undefined) {
      listener.onNativeError(event.error)
      if (event.error.fatal) {
        this.#notes.error = event.error.message
        this.#assignment.failed(fromNative(event.error, { group: this.group }))
      }
    } else if (event.log !== undefined) listener.onLog(event.log.level, event.log.text)
    return undefined
  }

  /**
   * Handles more topics. Resolves once the group has been joined for them and their start is fixed.
   *
   * @throws {@link SubscribeError}, {@link TopicError}, {@link AuthorizationError}
   */
  async subscribe(spec: ResolvedSubscription, fromBeginning: boolean, handler: unknown): Promise<SubscriptionControl> {
    this.#checkOpen()
    const id = this.#nextId()
    const runners = this.#makeRunners(id, spec, handler)
    this.#checkHomes(spec.topics, runners)
    const named = [...spec.topics, ...runners.retries.flatMap((retry) => spec.topics.map((one) => retry.nameOf(one)))]
    for (const topic of named) {
      const isMatched = [...this.#watches].some((watch) => watch.has(topic))
      if (!this.#topics.has(topic) && !isMatched) continue
      const [by, wayOut] = isMatched ? [', by a RegExp', ', or subscribe to it before the RegExp'] : ['', '']
      throw new ArgumentError(
        `Topic ${topic} already has a handler in group ${this.group}${by}: a second one needs a group of its own${wayOut}.`,
        { topic, group: this.group },
      )
    }
    for (const topic of named) this.#topics.add(topic)
    const retries = runners.retries.map((topics) => ({ id: this.#nextId(), topics }))
    let flow: Flow
    try {
      flow = await this.#join(id, spec, fromBeginning, runners, retries)
    } catch (error) {
      // a later try must not meet what this one left
      for (const topic of named) this.#topics.delete(topic)
      for (const one of [id, ...retries.map((retry) => retry.id)]) {
        this.#runners.get(one)?.stop()
        // until then it gives back what is on its way here
        void this.#flows
          .get(one)
          ?.empty()
          .then(() => this.#runners.delete(one))
        this.#forget(one)
      }
      throw error
    }
    if (!this.#isHeld && this.#closing === undefined) {
      hold(this)
      this.#isHeld = true
    }
    return flow
  }

  /** A retry topic of the group may be read by its name, as what remains of a delay that is given up; it has none itself. */
  #checkHomes(topics: readonly string[], { retries }: Runners): void {
    const retry = topics.find((topic) => homeOf(topic, this.group) !== undefined)
    if (retry === undefined || retries.length === 0) return
    throw new ArgumentError(
      `Topic ${retry} is a retry topic of group ${this.group}: subscribe to it without "retry.topics".`,
      { topic: retry, group: this.group },
    )
  }

  #nextId(): number {
    this.#lastSubscription += 1
    return this.#lastSubscription
  }

  #makeRunners(id: number, spec: ResolvedSubscription, handler: unknown): Runners {
    const { sender, admin, listener, metrics } = this.#options
    const topics = () => [...(this.#flows.get(id)?.topics ?? spec.topics)]
    return new Runners(spec, handler, {
      ...{ group: this.group, sender, admin, places: this.#assignment.places, completions: this.#native },
      isTimed: metrics !== undefined,
      listener: {
        onFailure: (failure, context, step) => {
          RecordContext.meter(context)?.failed(failure.class, step)
          listener.onFailure(failure, context, step)
          if (step.kind === 'stop') spec.observer?.onFailed(failure.error)
        },
        onParked: (failure, context, parked) => {
          RecordContext.meter(context)?.parked(parked.afterMs)
          this.#notes.letterWritten(context)
          listener.onParked(failure, context, parked)
        },
        onParkFailed: (error, context) => {
          RecordContext.meter(context)?.parkFailed()
          this.#notes.letterFailed(context, error)
          listener.onError(error as KafkaError)
        },
        onOutage: (change) => listener.onOutage({ group: this.group, topics: topics(), ...change }),
      },
    })
  }

  async #join(
    id: number,
    spec: ResolvedSubscription,
    fromBeginning: boolean,
    runners: Runners,
    retries: readonly RetrySubscription[],
  ): Promise<Flow> {
    const { listener } = this.#options
    const { letters } = runners
    const watch =
      spec.patterns.length === 0
        ? undefined
        : new TopicWatch(spec, this.#topics, () => this.#listOthers(letters), listener.onError)
    const topics = watch === undefined ? [...spec.topics] : await watch.start()
    this.#checkOpen()
    const topicsNow = () => watch?.topics ?? spec.topics
    const noEnd = async () => {}
    const retryFlows = retries.map(({ id: retryId, topics: delayed }) =>
      this.#flow(retryId, runners.retrying(delayed), topicsNow, [], noEnd),
    )
    const flow = this.#flow(id, runners.main(), topicsNow, retryFlows, () => this.#end(id, spec, watch))
    if (spec.observer !== undefined) this.#observers.set(id, spec.observer)
    await this.#subscribeNative(id, spec, topics, fromBeginning)
    const retrying = new RetrySubscriptions(retries, {
      join: (retryId, names) => this.#subscribeNative(retryId, spec, names, true),
      setTopics: (retryId, names) => this.#setTopics(retryId, names),
      leave: (retryId) => this.#unsubscribe(retryId),
    })
    try {
      // now that the topics are there, and how many partitions they have is known
      await letters?.ensure(topics)
      await retrying.join(topics)
    } catch (error) {
      // it was subscribed, and has handled records perhaps, when the disconnect came
      if (this.#closing !== undefined) return flow
      // a subscription whose caller is told that it failed does not go on behind its back
      this.#unsubscribe(id)
      retrying.leave()
      throw error
    }
    if (watch === undefined || this.#closing !== undefined) return flow
    this.#watches.add(watch)
    watch.follow((names) => {
      if (this.#closing !== undefined) return
      this.#setTopics(id, names)
      // where this fails, the first dead letter tries again
      letters?.ensure(names).catch(listener.onError)
      retrying.follow(names).catch(listener.onError)
    })
    return flow
  }

  #flow(
    id: number,
    runner: Runner,
    topics: () => readonly string[],
    retries: readonly Flow[],
    end: () => Promise<void>,
  ): Flow {
    const flow = new Flow({
      ...{ group: this.group, topics, runner, native: this.#native, timeoutMs: this.#options.timeoutMs },
      ...{ retries, end },
      isEmbedded: isEmbedded(this.bootstrap),
    })
    this.#runners.set(id, runner)
    this.#flows.set(id, flow)
    return flow
  }

  async #subscribeNative(
    id: number,
    { batch, ordering }: ResolvedSubscription,
    topics: string[],
    fromBeginning: boolean,
  ): Promise<void> {
    this.#notes.topicsChanged()
    const { timeoutMs, sessionTimeoutMs, listener } = this.#options
    const waiting = setTimeout(() => {
      const who = 'a member holds its rebalance up; one that ended without leaving does so until its session ends'
      listener.onLog(WARNING, `Group ${this.group} waits, for up to ${sessionTimeoutMs} ms more: ${who}`)
    }, timeoutMs).unref()
    const wanted = {
      id,
      topics,
      fromBeginning,
      ordering: batch === undefined ? ordering : 'none',
      batchRecords: batch?.maxMessages ?? BATCH_RECORDS,
      batchBytes: batch === undefined ? BATCH_BYTES : HANDLER_BATCH_BYTES,
      batchWaitMs: batch?.maxWaitMs ?? 0,
      outRecords: (batch?.maxMessages ?? BATCH_RECORDS) * (batch === undefined ? BATCHES_OUT : 2),
      outBytes: OUT_BYTES,
      heldRecords: HELD_RECORDS,
      heldBytes: HELD_BYTES,
    }
    try {
      const error = await this.#native.subscribe(wanted, timeoutMs + sessionTimeoutMs)
      if (error !== null) throw fromNative(error, { group: this.group })
    } finally {
      clearTimeout(waiting)
    }
  }

  #setTopics(id: number, topics: string[]): void {
    this.#notes.topicsChanged()
    this.#native.setTopics(id, topics)
  }

  #unsubscribe(id: number): void {
    this.#notes.topicsChanged()
    this.#native.unsubscribe(id)
  }

  /** A stream has ended: begins nothing more of it at once, and gives up its partitions. */
  async #end(id: number, spec: ResolvedSubscription, watch: TopicWatch | undefined): Promise<void> {
    this.#runners.get(id)?.stop()
    if (this.#closing !== undefined) return
    watch?.stop()
    const leaving = this.#options.onStreamEnd(this.#flows.size > 1)
    if (leaving !== undefined) {
      await leaving
      return
    }
    this.#unsubscribe(id)
    // who subscribes to the topics next must get them by a new assignment
    if (await this.#flows.get(id)?.empty()) this.#runners.delete(id)
    this.#forget(id)
    if (watch !== undefined) this.#watches.delete(watch)
    for (const topic of spec.topics) this.#topics.delete(topic)
    if (this.#flows.size > 0 || !this.#isHeld) return
    release(this)
    this.#isHeld = false
  }

  /** Whether anybody is subscribed, or about to be. */
  get isSubscribed(): boolean {
    return this.#flows.size > 0
  }

  #forget(id: number): void {
    this.#flows.delete(id)
    this.#observers.delete(id)
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return
    throw new ClosedError(`Group ${this.group} is disconnecting.`, { group: this.group })
  }

  /** The topics that a RegExp may match: one for dead letters would make dead letters of dead letters. */
  async #listOthers(letters: DeadLetterTopics | undefined): Promise<string[]> {
    const all = [...(await this.listTopics()).keys()]
    return all.filter((name) => letters?.isOwn(name) !== true && homeOf(name, this.group) === undefined)
  }

  /** The number of partitions of each topic. */
  async listTopics(): Promise<Map<string, number>> {
    const topics = await this.#native.listTopics(this.#options.timeoutMs)
    if (!Array.isArray(topics)) throw fromNative(topics, { group: this.group })
    return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  }

  /** Creates topics; those that are there already stay as they are. */
  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    const requests = topics.map(({ topic, partitions, config }) => ({ topic, partitions, config: { ...config } }))
    const error = await this.#native.createTopics(requests, this.#options.timeoutMs)
    if (error !== null) throw fromNative(error, { group: this.group })
  }

  health(): GroupHealth {
    const runners = [...this.#runners].map(([id, runner]) => ({
      topics: this.#flows.get(id)?.topics ?? [],
      ...runner.health(),
    }))
    return groupHealth({
      ...{ group: this.group, isLeaving: this.#closing !== undefined, notes: this.#notes },
      blocking: () => [...this.#runners.values()].flatMap((runner) => runner.blocking()),
      ...{ places: [...this.#assignment.places.values()], runners, pollAgeMs: this.#native.pollAgeMs() },
    })
  }

  /** Gives back what waits, lets what runs end, commits and leaves, at the latest at the deadline. */
  close(timeoutMs: number): Promise<ConsumerReport> {
    this.#closing ??= this.#leave(timeoutMs)
    return this.#closing
  }

  async #leave(timeoutMs: number): Promise<ConsumerReport> {
    for (const watch of this.#watches) watch.stop()
    const { group } = this
    const report = this.#native.close(timeoutMs)
    for (const runner of this.#runners.values()) runner.stop()
    for (const observer of this.#observers.values()) observer.onClosing()
    const { unfinished, leftGroup } = await report
    const blocked = unfinished === 0 ? [] : this.#oldestRunning()
    const reason = new ClosedError(`Group ${group} was disconnected.`, { group })
    for (const runner of this.#runners.values()) runner.abort(reason)
    if (this.#isHeld) release(this)
    return { group, unfinished, leftGroup, blocked }
  }

  #oldestRunning(): UnfinishedRecord[] {
    const running = [...this.#runners.values()].flatMap((runner) => runner.running())
    return running.sort((one, other) => other.runningMs - one.runningMs).slice(0, NAMED)
  }
}

import { type BatchHandler, callBatchHandler } from '../consumer/batch-attempt.ts'
import type { Block } from '../consumer/block.ts'
import type { RecordHandler } from '../consumer/executor.ts'
import { RecordContext } from '../consumer/record.ts'
import type { ResolvedSubscription } from '../consumer/subscribe-options.ts'
import { classify, type Failure } from '../delivery/failure.ts'
import { nextStep } from '../delivery/retry-policy.ts'
import { returnedFailure } from '../delivery/verdict.ts'

/** A handler, and what it was subscribed with. */
export interface LocalSubscription {
  readonly group: string
  readonly spec: ResolvedSubscription
  readonly handler: unknown
  /** What is being handled, and waits for that: one record after the other. */
  last: Promise<unknown>
}

/** How a record was handled by a group. */
export interface DeliveryReport {
  group: string
  /** How often the handler was called. */
  attempts: number
  /** What its back-off would have taken, in milliseconds; no time passed. */
  waitedMs: number
}

/** Whether a subscription is to handle a topic's records. */
export function takes({ spec: { topics, patterns } }: LocalSubscription, topic: string): boolean {
  return topics.includes(topic) || patterns.some((pattern) => new RegExp(pattern.source, pattern.flags).test(topic))
}

/**
 * Hands a record to a handler until it is done, in its turn.
 *
 * @throws What the handler failed with, when the record is given up.
 */
export function deliver(subscription: LocalSubscription, topic: string, block: Block): Promise<DeliveryReport> {
  const turn = subscription.last.then(() => handle(subscription, topic, block))
  subscription.last = turn.catch(() => {})
  return turn
}

async function handle(subscription: LocalSubscription, topic: string, block: Block): Promise<DeliveryReport> {
  const { group, spec } = subscription
  let waitedMs = 0
  for (let attempts = 1; ; attempts += 1) {
    const context = new RecordContext(block, 0, { topic, partition: 0, group }, attempts)
    const failure = await attempt(subscription, context)
    if (failure === undefined) return { group, attempts, waitedMs }
    const step = nextStep(spec.delivery, failure, attempts)
    if (step.kind === 'done') return { group, attempts, waitedMs }
    if (step.kind !== 'retry') throw failure.error
    waitedMs += step.afterMs
  }
}

async function attempt(
  { group, spec, handler }: LocalSubscription,
  context: RecordContext,
): Promise<Failure | undefined> {
  const { codec, delivery } = spec
  try {
    if (spec.batch === undefined) {
      const value = RecordContext.decode(context, codec)
      return returnedFailure(await (handler as RecordHandler)(value, context))
    }
    const options = { group, handler: handler as BatchHandler, codec, delivery, isManual: false }
    const { failures } = await callBatchHandler(
      options as Parameters<typeof callBatchHandler>[0],
      [context],
      new AbortController(),
    )
    return failures[0]
  } catch (error) {
    return classify(error, delivery.classify)
  }
}

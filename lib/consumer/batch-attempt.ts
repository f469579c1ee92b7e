import { systemClock } from '../clock.ts'
import { classify, type Failure } from '../delivery/failure.ts'
import { isAck, returnedFailures } from '../delivery/verdict.ts'
import { HandlerTimeoutError } from '../errors.ts'
import { type BatchContext, RecordContext } from './record.ts'
import type { RunnerOptions } from './runner.ts'

/** A handler that takes many records at a time. */
export type BatchHandler<T = unknown> = (messages: T[], context: BatchContext) => unknown

export interface BatchExecutorOptions extends RunnerOptions {
  readonly group: string
  readonly handler: BatchHandler
}

/** An attempt to handle some records. */
export interface Attempt {
  readonly contexts: readonly RecordContext[]
  /** It failed as a whole, and which record is to blame is not known. */
  readonly isWhole: boolean
  /** By record; undefined where it was handled. */
  readonly failures: ReadonlyArray<Failure | undefined>
}

/** Calls a batch handler with the records that can be decoded, until its deadline, which `controller` tells it. */
export async function callBatchHandler(
  { group, handler, codec, delivery, isManual, clock = systemClock }: BatchExecutorOptions,
  contexts: readonly RecordContext[],
  controller: AbortController,
): Promise<Attempt> {
  const messages: unknown[] = []
  const decoded: RecordContext[] = []
  const failures = new Array<Failure | undefined>(contexts.length)
  const fill: number[] = []
  for (const [at, context] of contexts.entries()) {
    try {
      messages.push(RecordContext.decode(context, codec))
      decoded.push(context)
      fill.push(at)
    } catch (error) {
      failures[at] = classify(error, delivery.classify)
    }
  }
  if (messages.length === 0) return { contexts, failures, isWhole: false }
  const beganMs = performance.now()
  let timeout: HandlerTimeoutError | undefined
  const cancel = Number.isFinite(delivery.timeoutMs)
    ? clock.after(delivery.timeoutMs, () => {
        timeout = lateError(decoded, delivery.timeoutMs)
        controller.abort(timeout)
      })
    : undefined
  let whole: Failure | undefined
  try {
    const ackAll = () => decoded.map((context) => context.ack()).every(Boolean)
    const returned = await handler(messages, { records: decoded, group, signal: controller.signal, ack: ackAll })
    if (isManual)
      for (const [at, context] of decoded.entries()) {
        if (isAck(Array.isArray(returned) ? returned[at] : returned)) context.ack()
      }
    const verdicts = returned === undefined ? undefined : returnedFailures(returned, messages.length)
    if (verdicts !== undefined) for (const [at, place] of fill.entries()) failures[place] = verdicts[at]
  } catch (error) {
    whole = classify(error, delivery.classify)
  }
  RecordContext.meter(decoded[0] as RecordContext)?.timed(performance.now() - beganMs)
  cancel?.()
  if (timeout !== undefined) whole = { class: 'transient', error: timeout }
  if (whole !== undefined) for (const place of fill) failures[place] = whole
  return { contexts, failures, isWhole: whole !== undefined }
}

function lateError(records: readonly RecordContext[], timeoutMs: number): HandlerTimeoutError {
  const { topic, partition, offset, group } = records[0] as RecordContext
  return new HandlerTimeoutError(
    `The handler of ${records.length} records from ${topic} [${partition}] offset ${offset} on did not settle within ` +
      `${timeoutMs} ms.`,
    { topic, partition, offset, group },
  )
}

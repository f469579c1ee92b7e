import type { Failure } from '../delivery/failure.ts'
import { ack, returnedFailures, Verdict } from '../delivery/verdict.ts'
import type { BatchMiddlewareContext, BatchNext } from './middleware.ts'

/**
 * Hands on the records of a batch that have no verdict yet.
 *
 * @param messages The value of each record of the batch.
 * @param verdicts By record; undefined where it is to be handled.
 * @returns The verdict of each record.
 */
export async function handOnPart(
  context: BatchMiddlewareContext,
  next: BatchNext,
  messages: readonly unknown[],
  verdicts: ReadonlyArray<Verdict | undefined>,
): Promise<Verdict[]> {
  const { records } = context
  const isLeft = (_: unknown, index: number) => verdicts[index] === undefined
  const left = records.filter(isLeft)
  let failures: ReadonlyArray<Failure | undefined> | undefined
  if (left.length > 0) {
    // the handler finds a context for each value at the same index
    Object.assign(context, { records: left })
    try {
      failures = returnedFailures(await next(messages.filter(isLeft)), left.length)
    } finally {
      Object.assign(context, { records })
    }
  }
  let at = -1
  return verdicts.map((verdict) => {
    if (verdict !== undefined) return verdict
    at += 1
    const failure = failures?.[at]
    return failure === undefined ? ack : Verdict.of(failure)
  })
}

import type { RecordContext } from '../consumer/record.ts'
import { delayProblem } from '../delay.ts'
import { ack, returnedFailure, Verdict } from '../delivery/verdict.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError, TransientError } from '../errors.ts'
import { HEADERS } from '../headers.ts'
import { checkOptions } from '../options.ts'
import type { Middleware } from './middleware.ts'
import { handOnPart } from './part-of-batch.ts'

/** What a store says to a claim: it is ours, the id was completed before, or someone else has claimed it. */
export type Claim = 'claimed' | 'done' | 'busy'

const CLAIMS: readonly unknown[] = ['claimed', 'done', 'busy'] satisfies Claim[]

/**
 * Where {@link dedupe} keeps which records are done. A store that several processes share makes them skip each other's.
 * What it throws fails the attempt, and the record is handled again.
 */
export interface DedupeStore {
  /**
   * Claims an id, at once or not at all. A claim that is neither completed nor released runs out after `ttlMs`
   * milliseconds: its process has died.
   */
  claim(id: string, ttlMs: number): Claim | Promise<Claim>
  /** The record of the id was handled. How long that is remembered is the store's choice. */
  complete(id: string): unknown
  /** The record of the id was not handled, and may be claimed anew. */
  release(id: string): unknown
}

/** Options of {@link dedupe}. */
export interface DedupeOptions {
  store: DedupeStore
  /**
   * What two records have in common of which one is to be handled. The group is put before it, because each group
   * handles every record. Default: the topic and the header `x-message-id`, or where there is none, the place of the
   * record: topic, partition and offset.
   */
  id?: (context: RecordContext) => string
  /**
   * After how long a claim runs out, in milliseconds. It should be longer than any handler takes, and it is how long a
   * record waits whose handler died with its process.
   *
   * @defaultValue `120000`
   */
  ttlMs?: number
}

/**
 * Skips records that were handled before. An id is claimed before the handler runs, completed only when it has
 * succeeded, and released when it has failed, whether by an error or by a verdict.
 *
 * A record that someone else has claimed is tried again: after the usual back-off, and from the second time on when the
 * claim must have run out.
 *
 * @throws {@link ArgumentError} for wrong options.
 */
export function dedupe(options: DedupeOptions): Middleware {
  const { store, id, ttlMs } = checked(options)
  const idOf = (context: RecordContext): string => {
    const own: unknown = id(context)
    if (typeof own === 'string' && own !== '') return `${context.group}:${own}`
    throw new ArgumentError(`Option "id" of dedupe must give a text, but gave ${describeValue(own)}.`)
  }
  const claim = async (claimed: string): Promise<Claim> => {
    const answer = await store.claim(claimed, ttlMs)
    if (CLAIMS.includes(answer)) return answer
    throw new ArgumentError(`The store of dedupe answered ${describeValue(answer)} to a claim.`)
  }
  const release = async (claimed: string): Promise<void> => {
    try {
      await store.release(claimed)
    } catch {
      // the claim runs out by itself, and the error that is told is that of the handler
    }
  }
  const complete = async (claimed: string): Promise<void> => {
    try {
      await store.complete(claimed)
    } catch (error) {
      await release(claimed)
      throw error
    }
  }
  const busy = ({ topic, partition, offset, group, attempt }: RecordContext): TransientError =>
    new TransientError('Another handler has claimed the record at the moment.', {
      ...{ topic, partition, offset, group },
      retryAfterMs: attempt === 1 ? undefined : ttlMs,
    })
  return {
    name: 'dedupe',
    async consume(context, next) {
      const claimed = idOf(context)
      const answer = await claim(claimed)
      if (answer === 'done') return ack
      if (answer === 'busy') throw busy(context)
      let result: unknown
      try {
        result = await next()
      } catch (error) {
        await release(claimed)
        throw error
      }
      await (returnedFailure(result) === undefined ? complete(claimed) : release(claimed))
      return result
    },
    async consumeBatch(context, next) {
      const { records } = context
      const ids = records.map(idOf)
      const answers = await Promise.allSettled(ids.map(claim))
      const claimed = answers.map((answer) => answer.status === 'fulfilled' && answer.value === 'claimed')
      const settle = (how: (id: string, index: number) => Promise<void>) =>
        Promise.all(ids.map((one, index) => (claimed[index] ? how(one, index) : undefined)))
      let verdicts: Verdict[]
      try {
        const known = answers.map((answer, index) => {
          if (answer.status === 'rejected') throw answer.reason
          if (answer.value === 'done') return ack
          return answer.value === 'busy' ? later(busy(records[index] as RecordContext)) : undefined
        })
        verdicts = await handOnPart(context, next, context.messages, known)
      } catch (error) {
        await settle(release)
        throw error
      }
      await settle((one, index) => (returnedFailure(verdicts[index]) === undefined ? complete(one) : release(one)))
      return verdicts
    },
  }
}

function checked(options: unknown): Required<DedupeOptions> {
  const { store, id = defaultId, ttlMs = 120_000 } = checkOptions(options, ['store', 'id', 'ttlMs'], 'dedupe')
  const parts = ['claim', 'complete', 'release'] as const
  if (parts.some((part) => typeof (store as Partial<DedupeStore> | undefined)?.[part] !== 'function')) {
    throw new ArgumentError(
      `Option "store" of dedupe must have ${parts.join(', ')}, but is ${describeValue(store)}; there is memoryStore().`,
    )
  }
  if (typeof id !== 'function') {
    throw new ArgumentError(`Option "id" of dedupe must be a function, but is ${describeValue(id)}.`)
  }
  const problem = delayProblem(ttlMs)
  if (problem !== undefined) throw new ArgumentError(`Option "ttlMs" of dedupe ${problem}.`)
  return { store, id, ttlMs } as Required<DedupeOptions>
}

function defaultId({ topic, partition, offset, headers }: RecordContext): string {
  const id = headers[HEADERS.messageId]
  return id === undefined || id === null || id === '' ? `${topic}:${partition}:${offset}` : `${topic}:id:${id}`
}

function later(error: TransientError): Verdict {
  const { retryAfterMs } = error
  return Verdict.of({ class: 'transient', error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}

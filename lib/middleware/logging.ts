import { returnedFailure, returnedFailures } from '../delivery/verdict.ts'
import type { NaradLogger } from '../logger.ts'
import type { Middleware } from './middleware.ts'

interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * One debug line for each record or batch that was handled and for each call that was sent: where and how long, never
 * what. Failures are told where it is known what becomes of them. Above the level debug it takes part in nothing.
 */
export function logging(logger: NaradLogger): Middleware {
  const name = 'logging'
  if (!logger.enabled('debug')) return { name }
  return {
    name,
    async consume(context, next) {
      const start = performance.now()
      const result = await next()
      if (returnedFailure(result) !== undefined) return
      const { topic, partition, offset, group, attempt } = context
      logger.debug({ topic, partition, offset, group, attempt, durationMs: since(start) }, 'Handled a record')
    },
    async consumeBatch({ records, group }, next) {
      const start = performance.now()
      const failures = returnedFailures(await next(), records.length) ?? []
      const failed = failures.filter((failure) => failure !== undefined).length
      if (failed === records.length) return
      const attempt = records[0]?.attempt
      const fields = { ranges: ranges(records), failed, group, attempt, durationMs: since(start) }
      logger.debug(fields, `Handled a batch of ${records.length}`)
    },
    async send({ topic, records }, next) {
      const start = performance.now()
      const places = await next()
      const first = places[0]
      const fields =
        places.length === 1 && first !== undefined
          ? { topic, partition: first.partition, offset: first.offset }
          : { topic, ranges: ranges(places) }
      logger.debug(
        { ...fields, durationMs: since(start) },
        records.length === 1 ? 'Sent a record' : `Sent ${records.length} records`,
      )
    },
  }
}

/** Which offsets of which partitions: a batch has too many records to list each. */
function ranges(places: readonly Place[]): Array<Place & { lastOffset: number; records: number }> {
  const byPartition = new Map<string, Place & { lastOffset: number; records: number }>()
  for (const { topic, partition, offset } of places) {
    const range = byPartition.get(`${topic} ${partition}`)
    if (range === undefined)
      byPartition.set(`${topic} ${partition}`, { topic, partition, offset, lastOffset: offset, records: 1 })
    else {
      range.lastOffset = offset
      range.records += 1
    }
  }
  return [...byPartition.values()]
}

function since(start: number): number {
  return Math.round((performance.now() - start) * 1000) / 1000
}

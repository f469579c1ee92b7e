import { performance } from 'node:perf_hooks'

/**
 * Counts records until all have come, and sums `n` of parsed ones. `done` resolves at the last record.
 * @param {number} records
 */
export function recordCounter(records) {
  let resolveDone
  const counter = {
    seen: 0,
    checksum: 0,
    firstMs: 0,
    lastMs: 0,
    done: new Promise((resolve) => {
      resolveDone = resolve
    }),
    count() {
      if (counter.seen === 0) counter.firstMs = performance.now()
      counter.seen += 1
      if (counter.seen === records) {
        counter.lastMs = performance.now()
        resolveDone()
      }
    },
    countParsed(order) {
      counter.checksum += order.n
      counter.count()
    },
    countEvent(event) {
      counter.countParsed(event.data)
    },
    countBatch(messages) {
      for (const _ of messages) counter.count()
    },
  }
  return counter
}

/** One group of one member reads a filled topic from its beginning. */
export async function consume(client, { topic, group, mode, records, isEvent }, snapshot) {
  const counter = recordCounter(records)
  const json = isEvent ? counter.countEvent : counter.countParsed
  const handlers = { record: counter.count, json, batch: counter.countBatch }
  const startMs = performance.now()
  await client.consume({ topic, group, mode, handle: handlers[mode] })
  await counter.done
  const usage = snapshot()
  return {
    ...usage,
    records,
    seconds: (counter.lastMs - counter.firstMs) / 1000,
    totalSeconds: (counter.lastMs - startMs) / 1000,
    ...(mode === 'json' ? { checksum: counter.checksum } : {}),
  }
}

/** Several groups of one process read the same topic side by side: the rate counts from the start until all are done. */
export async function consumeGroups(client, { topic, groups, records }, snapshot) {
  const startMs = performance.now()
  const counters = groups.map(() => recordCounter(records))
  await Promise.all(
    groups.map((group, index) => client.consume({ topic, group, mode: 'record', handle: counters[index].count })),
  )
  await Promise.all(counters.map((counter) => counter.done))
  const usage = snapshot()
  const seconds = (Math.max(...counters.map((counter) => counter.lastMs)) - startMs) / 1000
  return { ...usage, records: records * groups.length, seconds, totalSeconds: seconds }
}

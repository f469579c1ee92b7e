import { performance } from 'node:perf_hooks'
import { DISTINCT_KEYS, keyOf, orderOf } from '../harness/data.mjs'

const POOL_RECORDS = 10 * DISTINCT_KEYS
const WARM_UP_SENDS = 100

/**
 * Sends until `records` are acknowledged or `maxSeconds` have passed. Records are laid out in the client's own form
 * before the clock starts, so that only the client's work is measured; a few sends before it open the connections.
 */
export async function produce(client, spec, snapshot) {
  const { topic, records, recordsPerSend, sendsInFlight, maxSeconds } = spec
  const producer = await client.produce(topic)
  const sends = layOut(producer, recordsPerSend)
  const warmUpSends = recordsPerSend === 1 ? WARM_UP_SENDS : 1
  for (let index = 0; index < warmUpSends; index += 1) await producer.send(sends[index % sends.length])

  const totalSends = records / recordsPerSend
  const latenciesMs = sendsInFlight === 1 ? [] : undefined
  let started = 0
  const startMs = performance.now()
  const deadlineMs = startMs + maxSeconds * 1000
  async function sendInTurn() {
    while (started < totalSends) {
      const sentMs = performance.now()
      if (sentMs >= deadlineMs) return
      const send = sends[started % sends.length]
      started += 1
      await producer.send(send)
      latenciesMs?.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: sendsInFlight }, sendInTurn))
  const seconds = (performance.now() - startMs) / 1000
  const usage = snapshot()
  return {
    ...usage,
    records: started * recordsPerSend,
    warmUpRecords: warmUpSends * recordsPerSend,
    seconds,
    totalSeconds: seconds,
    ...(latenciesMs ? percentiles(latenciesMs) : {}),
  }
}

function layOut(producer, recordsPerSend) {
  const pool = Array.from({ length: POOL_RECORDS }, (_, index) => producer.record(keyOf(index), orderOf(index)))
  return Array.from({ length: POOL_RECORDS / recordsPerSend }, (_, send) =>
    pool.slice(send * recordsPerSend, (send + 1) * recordsPerSend),
  )
}

function percentiles(latenciesMs) {
  const sorted = latenciesMs.sort((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

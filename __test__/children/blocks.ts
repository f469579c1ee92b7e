// Handles some records, blocks its event loop for a while, and handles the rest.
// Usage: blocks.ts BROKERS TOPIC GROUP BLOCK_MS COUNT
import { createKafkaService } from 'narad'

const [brokers = '', topic = '', group = '', blockMs = '0', count = '0'] = process.argv.slice(2)

async function main(): Promise<void> {
  const service = createKafkaService({
    ...{ brokers, logLevel: 'silent', autoOffsetReset: 'earliest' },
    ...{ sessionTimeoutMs: 6_000, heartbeatIntervalMs: 1_000, prefetchBytes: 8 * 1024 * 1024 },
  }).init()
  service.on('rebalance', ({ kind, partitions }) => console.log(`rebalance ${kind} ${partitions.length}`))
  service.on('error', (error) => console.log(`error ${error.message}`))
  await service.connectConsumer(group)
  const seen = new Set<number>()
  let repeated = 0
  let isBlocked = false
  await service.subscribe<{ id: number }>(topic, ({ id }) => {
    if (seen.has(id)) repeated += 1
    seen.add(id)
    if (!isBlocked) {
      isBlocked = true
      block(Number(blockMs))
    }
    if (seen.size < Number(count)) return
    setImmediate(async () => {
      const report = await service.disconnect()
      console.log(`result ${JSON.stringify({ seen: seen.size, repeated, report })}`)
    })
  })
}

/** Synchronous on purpose: no timer, callback or promise of this process runs meanwhile. */
function block(ms: number): void {
  console.log('blocked')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  console.log('unblocked')
}

void main()

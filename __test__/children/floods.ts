// Sends a million records without awaiting one, then disconnects, and counts what became of each.
// Usage: floods.ts BROKERS TOPIC COUNT TIMEOUT_MS
import { kafkaService } from 'narad'

const [brokers = '', topic = '', count = '0', timeoutMs = '60000'] = process.argv.slice(2)

async function main(): Promise<void> {
  await kafkaService.init({ brokers, logLevel: 'silent' }).connectProducer()
  let [ok, failed] = [0, 0]
  const codes = new Set<string>()
  for (let index = 0; index < Number(count); index += 1) {
    kafkaService.send(topic, index, { key: index % 1_000 }).then(
      () => {
        ok += 1
      },
      (error: { code: string }) => {
        failed += 1
        codes.add(error.code)
      },
    )
  }
  const start = performance.now()
  const report = await kafkaService.disconnect({ timeoutMs: Number(timeoutMs) })
  const tookMs = performance.now() - start
  // Promises that disconnect has settled tell their callers in the same turn.
  await new Promise((resolve) => setImmediate(resolve))
  const { undelivered } = report
  console.log(JSON.stringify({ ok, failed, undelivered, codes: [...codes], tookMs }))
  console.log(`disconnected ${Date.now()}`)
}

void main()

// Sends records without awaiting one, then disconnects, and counts what became of each. Usage: floods.ts BROKERS TOPIC COUNT
import { kafkaService } from 'narad'

const [brokers = '', topic = '', count = '0'] = process.argv.slice(2)

async function main(): Promise<void> {
  await kafkaService.init({ brokers, logLevel: 'silent' }).connectProducer()
  let [ok, failed] = [0, 0]
  const countUp = () => {
    ok += 1
  }
  const countFailure = () => {
    failed += 1
  }
  for (let index = 0; index < Number(count); index += 1) {
    kafkaService.send(topic, index, { key: index % 1_000 }).then(countUp, countFailure)
  }
  const { undelivered } = await kafkaService.disconnect({ timeoutMs: 120_000 })
  console.log(JSON.stringify({ ok, failed, undelivered }))
}

void main()

// One measurement in a process of its own: `node measure.mjs '<spec as JSON>'` prints one JSON line.
import { readFileSync } from 'node:fs'
import { consume, consumeGroups } from '../rows/consume.mjs'
import { produce } from '../rows/produce.mjs'

const kinds = { consume, produce, groups: consumeGroups }

const spec = JSON.parse(process.argv[2])
const { connect } = await import(`../clients/${spec.module}.mjs`)
const client = await connect({ brokers: spec.brokers, options: spec.options })
const result = await kinds[spec.kind](client, spec, usageNow)
await client.close()
process.stdout.write(`${JSON.stringify({ client: spec.client, row: spec.row, ...result })}\n`)

/** Processor time since the process began, the peak of resident memory, and the threads of now. */
function usageNow() {
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, ...memoryAndThreads() }
}

function memoryAndThreads() {
  if (process.platform !== 'linux') return { peakRssBytes: process.resourceUsage().maxRSS * 1024 }
  // not maxRSS: Linux carries that one over from the parent process
  const status = readFileSync('/proc/self/status', 'utf8')
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { peakRssBytes: field('VmHWM') * 1024, threads: field('Threads') }
}

// Lets records pass an executor while the handler of one hangs, and tells how many blocks of their batches are left.
// Usage: node --expose-gc hangs.ts TIMEOUT_MS
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Executor } from '../../lib/consumer/executor.ts'
import { batchOf } from '../helpers/native-batch.ts'
import { FakeClock, PARKS, runnerBed } from '../helpers/runner-bed.ts'

const BATCHES = 200
const RECORDS = 1_000
const timeoutMs = Number(process.argv[2])

async function main(): Promise<void> {
  const clock = new FakeClock()
  const { options, completions } = runnerBed({ delivery: { ...PARKS, timeoutMs }, clock })
  const hung: unknown[] = []
  const handler = (value: unknown, context: unknown) => {
    if (value !== 7 || hung.length > 0) return undefined
    hung.push(context)
    return new Promise(() => {})
  }
  const executor = new Executor({ ...options, handler, concurrency: 16 })
  const blocks: Array<WeakRef<object>> = []
  for (let id = 1; id <= BATCHES; id += 1) {
    completions.expect(id, RECORDS)
    const batch = batchOf(
      id,
      Array.from({ length: RECORDS }, (_, lane) => ({ lane, offset: id * RECORDS + lane, value: String(lane) })),
    )
    blocks.push(new WeakRef(batch.block))
    executor.accept(batch)
    await nextTurn()
    clock.advance(1_000)
  }
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
  clock.advance(1_000)
  await nextTurn()
  globalThis.gc?.()
  await nextTurn()
  globalThis.gc?.()
  const left = blocks.filter((block) => block.deref() !== undefined).length
  console.log(`result ${JSON.stringify({ left, done: completions.counts.done, hung: hung.length })}`)
}

void main()

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Runner } from '../../lib/consumer/runner.ts'
import { type BatchRecord, batchOf } from './native-batch.ts'
import type { FakeClock, runnerBed } from './runner-bed.ts'

/** More turns of the event loop than anything takes that a runner does without waiting for time. */
const TURNS = 8

/** Until nothing happens any more without time passing. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurn()
}

/** Hands records to a runner, and lets time pass for it, each until it is quiet. */
export function drive(runner: Runner, clock: FakeClock, number: ReturnType<typeof runnerBed>['number']) {
  const accept = async (records: readonly BatchRecord[]) => {
    runner.accept(batchOf(...number(records)))
    await quiet()
  }
  const pass = async (ms: number) => {
    clock.advance(ms)
    await quiet()
  }
  return { accept, pass }
}

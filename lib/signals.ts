import { hold, release } from './keep-alive.ts'

/** What is done once on a signal; the process is kept alive until it has settled. */
type End = (signal: NodeJS.Signals) => Promise<unknown>

/** What each signal ends, so that the process has one listener for a signal however many services ask for it. */
const ends = new Map<NodeJS.Signals, Set<End>>()
let isEnding = false

/** Calls `end` on the first of these signals; a second one ends the process at once. Returns what takes it back. */
export function endOn(signals: readonly NodeJS.Signals[], end: End): () => void {
  for (const signal of signals) {
    const known = ends.get(signal)
    if (known !== undefined) known.add(end)
    else {
      ends.set(signal, new Set([end]))
      process.on(signal, onSignal)
    }
  }
  return () => {
    for (const signal of signals) {
      const known = ends.get(signal)
      if (known?.delete(end) !== true || known.size > 0) continue
      ends.delete(signal)
      process.off(signal, onSignal)
    }
  }
}

/** The exit code is set and not forced: others may have something to end as well, and the process ends when all have. */
function onSignal(signal: NodeJS.Signals, number: number): void {
  const code = 128 + number
  if (isEnding) process.exit(code)
  isEnding = true
  process.exitCode = code
  hold(onSignal)
  const all = [...(ends.get(signal) ?? [])].map((end) => end(signal))
  void Promise.allSettled(all).then(() => {
    isEnding = false
    release(onSignal)
  })
}

import { durationText } from './durations.ts'

const PROGRESS_MS = 500
const BAR_CELLS = 20

/**
 * Shows a line on a terminal that is written over and over; nothing where stderr is a file.
 *
 * @returns Takes the line away.
 */
export function showProgress(text: () => string): () => void {
  if (!process.stderr.isTTY) return () => {}
  const timer = setInterval(() => process.stderr.write(`\r\x1b[K${text()}`), PROGRESS_MS).unref()
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\x1b[K')
  }
}

/** A bar for work of which it is known how much there is, such as `[#####---------------]  25 %`. */
export function progressBar(done: number, total: number): string {
  const part = total > 0 ? Math.min(1, done / total) : 0
  const cells = Math.floor(part * BAR_CELLS)
  const percent = String(Math.floor(part * 100)).padStart(3)
  return `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}] ${percent} %`
}

/** Shows for how long something has gone on that the brokers do in one piece. */
export async function whileShown<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now()
  const hide = showProgress(() => `narad: ${what}, for ${durationText(performance.now() - start)}`)
  try {
    return await work()
  } finally {
    hide()
  }
}

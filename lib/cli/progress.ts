const PROGRESS_MS = 500

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

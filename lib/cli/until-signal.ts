/**
 * Runs until SIGTERM or SIGINT, then ends what runs. A second signal does not wait for it.
 *
 * @param end Resolves when everything is closed.
 */
export function untilSignal(end: () => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const onSignal = (signal: NodeJS.Signals) => {
      process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
      end().then(() => resolve(), reject)
    }
    process.once('SIGTERM', onSignal)
    process.once('SIGINT', onSignal)
  })
}

/** Aborts at SIGTERM or SIGINT, for work that ends by itself. A second signal does not wait for it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  void untilSignal(async () => stop.abort())
  return stop.signal
}

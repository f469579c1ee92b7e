import { setTimeout as delay } from 'node:timers/promises'

/** Waits until the handlers of an example have done their work. A real service runs until a signal ends it. */
export async function until(isDone, timeoutMs = 20_000) {
  const end = performance.now() + timeoutMs
  while (!isDone()) {
    if (performance.now() > end) throw new Error(`not everything was handled within ${timeoutMs} ms`)
    await delay(10)
  }
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { waitFor } from './wait.ts'

/** Collects garbage until all that is referred to is gone; `what` reads after "waiting for". */
export async function waitForCollection(dropped: readonly WeakRef<object>[], what: string): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const areCollected = () => {
    collect()
    return dropped.every((weak) => weak.deref() === undefined)
  }
  await waitFor(areCollected, { what })
}

import type { KafkaError } from '../errors.ts'
import { EmbeddedCluster } from './cluster.ts'

/** A share of the broker behind `brokers: 'embedded'`. */
export interface EmbeddedBrokerLease {
  /** `host:port`, as clients take it. */
  readonly bootstrap: string
  /** Gives the share back. With the last one the broker stops, and its records are gone. A second call does nothing. */
  release(): Promise<void>
}

let cluster: EmbeddedCluster | undefined
let leases = 0

/**
 * The one embedded broker of this process, started at the first call: services that say `brokers: 'embedded'` see each
 * other's records.
 *
 * @param onError Called for each error of the broker until the share is released. Must not throw.
 * @throws {@link EmbeddedBrokerError} where it cannot be started, {@link NativeLoadError} where there is no native part.
 */
export async function acquireEmbeddedBroker(onError: (error: KafkaError) => void): Promise<EmbeddedBrokerLease> {
  cluster ??= EmbeddedCluster.start(1)
  const shared = cluster
  const silence = shared.onError(onError)
  leases += 1
  let released: Promise<void> | undefined
  return {
    bootstrap: shared.bootstrap,
    release: () => {
      released ??= release(shared, onError).finally(silence)
      return released
    },
  }
}

/** What was lost up to the last moment is told to whoever leaves last. */
async function release(shared: EmbeddedCluster, onError: (error: KafkaError) => void): Promise<void> {
  leases -= 1
  if (leases > 0) return
  cluster = undefined
  await shared.stop().catch(onError)
}

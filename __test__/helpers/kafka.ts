// Real Kafka for tests.
import { type Cluster, type ClusterOptions, startCluster } from '../../scripts/kafka/cluster.mjs'
import { kafkaMissing } from '../../scripts/kafka/install.mjs'
import { skipIf } from './requirement.ts'
import type { Scope } from './scope.ts'

export { createTopic } from '../../scripts/kafka/protocol.mjs'

export interface SharedKafka {
  /** For the `skip` option of `describe` or `test`. */
  readonly skip: string | false
  /** The bootstrap list, once the cluster answers. */
  brokers(): Promise<string>
}

let startedHere: Promise<Cluster> | undefined

/**
 * The cluster that tests share: KAFKA_BROKERS, else NARAD_TEST_KAFKA, which the test runner sets, else one that this
 * process starts on first use (a test file that is run alone) and that ends with it.
 */
export function sharedKafka(env: NodeJS.ProcessEnv = process.env): SharedKafka {
  const given = givenBrokers(env)
  if (given !== undefined) return { skip: false, brokers: async () => given }
  const missing = kafkaMissing()
  return {
    skip: skipIf(missing && `KAFKA_BROKERS is not set, and no Kafka can be started: ${missing}`, env),
    brokers: async () => {
      startedHere ??= startCluster()
      return (await startedHere).brokers
    },
  }
}

function givenBrokers(env: NodeJS.ProcessEnv): string | undefined {
  const real = (brokers: string | undefined) => (brokers === 'embedded' || brokers === '' ? undefined : brokers)
  return real(env.KAFKA_BROKERS) ?? real(env.NARAD_TEST_KAFKA)
}

/** The `skip` option of tests that kill brokers: a cluster from outside is not theirs to break. */
export function ownClusterSkip(env: NodeJS.ProcessEnv = process.env): string | false {
  const missing = kafkaMissing()
  return skipIf(missing && `no Kafka can be started: ${missing}`, env)
}

/** A cluster of the test's own, stopped when its scope ends. */
export async function ownCluster(scope: Scope, options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster(options)
  scope.after(() => cluster.stop())
  return cluster
}

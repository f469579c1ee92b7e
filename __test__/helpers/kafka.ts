// Real Kafka for tests.
import { type Cluster, type ClusterOptions, startCluster } from '../../scripts/kafka/cluster.mjs'
import { kafkaMissing } from '../../scripts/kafka/install.mjs'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { skipIf } from './requirement.ts'
import type { Scope } from './scope.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

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

export interface ProxiedCluster {
  cluster: Cluster
  /** One before each broker; index = broker id. */
  proxies: TcpProxy[]
  /** The bootstrap list through the proxies. */
  brokers: string
}

/** A cluster of the test's own whose brokers tell clients the ports of TCP proxies. */
export async function proxiedCluster(scope: Scope, options: ClusterOptions = {}): Promise<ProxiedCluster> {
  const advertisedPorts = await freePorts(options.brokers ?? 1)
  const cluster = await ownCluster(scope, { ...options, advertisedPorts })
  const proxies: TcpProxy[] = []
  for (const [id, port] of advertisedPorts.entries()) {
    const target = cluster.ports[id]
    if (target === undefined) throw new Error(`broker ${id} has no port`)
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: target }, port })
    scope.after(() => proxy.stop())
    proxies.push(proxy)
  }
  return { cluster, proxies, brokers: advertisedPorts.map((port) => `localhost:${port}`).join(',') }
}

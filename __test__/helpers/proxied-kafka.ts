import { type Cluster, startCluster } from '../../scripts/kafka/cluster.mjs'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A broker behind a bad network: its `brokers` lead through the proxy, its `internalBrokers` do not. */
export interface ProxiedKafka {
  readonly brokers: string
  readonly internalBrokers: string
  readonly proxy: TcpProxy
  stop(): Promise<void>
}

export async function startProxiedKafka(): Promise<ProxiedKafka> {
  const [port, advertised] = (await freePorts(2)) as [number, number]
  const proxy = await startTcpProxy({ port: advertised, target: { host: '127.0.0.1', port } })
  let cluster: Cluster
  try {
    cluster = await startCluster({ port, advertisedPorts: [advertised] })
  } catch (error) {
    await proxy.stop()
    throw error
  }
  return {
    brokers: proxy.address,
    internalBrokers: cluster.internalBrokers,
    proxy,
    stop: async () => {
      await proxy.stop()
      await cluster.stop()
    },
  }
}

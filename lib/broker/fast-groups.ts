import { isEmbedded } from './cluster.ts'

/** Properties that librdkafka refuses beside `group.protocol=consumer`. */
const CLASSIC_ONLY = ['partition.assignment.strategy', 'session.timeout.ms', 'heartbeat.interval.ms']

/**
 * A consumer's properties for an embedded cluster, with the group protocol of KIP-848; for any other cluster as they
 * are, and also where the protocol is set.
 *
 * In a classic group of the embedded broker each rebalance but the first lasts `session.timeout.ms` less a second,
 * which is 44 s by default: for a second member, and for one that joins after the last has left. With KIP-848 it is
 * a fifth of a second.
 */
export function withFastGroups(properties: Readonly<Record<string, string>>): Record<string, string> {
  const { 'bootstrap.servers': bootstrap, 'group.protocol': protocol } = properties
  if (bootstrap === undefined || protocol !== undefined || !isEmbedded(bootstrap)) return { ...properties }
  const rest = Object.entries(properties).filter(([name]) => !CLASSIC_ONLY.includes(name))
  return { ...Object.fromEntries(rest), 'group.protocol': 'consumer' }
}

// @ts-check

/** @typedef {{ name: string, protocol: string, port: number }} Listener */
/**
 * @typedef {{ port: number, internalPort: number, controllerPort: number, advertisedPort: number,
 *   listeners: Listener[] }} Node
 */

/**
 * The text of one broker's server.properties. `nodes` lists every node of the cluster; a node's id is its index.
 *
 * Clients use the listener PLAINTEXT, brokers among themselves INTERNAL: so a proxy can stand before the clients' one
 * (`advertisedPort`) without replication going through it.
 * @param {object} options
 * @param {number} options.id
 * @param {Node[]} options.nodes
 * @param {string} options.logDir
 * @param {Record<string, string>} options.properties
 */
export function serverProperties({ id, nodes, logDir, properties }) {
  const node = nodes[id]
  if (!node) throw new Error(`no node ${id}`)
  const replicas = String(nodes.length)
  const minInSync = nodes.length > 1 ? '2' : '1'
  const all = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': nodes.map(({ controllerPort }, i) => `${i}@localhost:${controllerPort}`).join(','),
    listeners: [
      `PLAINTEXT://127.0.0.1:${node.port}`,
      `INTERNAL://127.0.0.1:${node.internalPort}`,
      `CONTROLLER://127.0.0.1:${node.controllerPort}`,
      ...node.listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
    ].join(','),
    'advertised.listeners': [
      `PLAINTEXT://localhost:${node.advertisedPort}`,
      `INTERNAL://localhost:${node.internalPort}`,
      ...node.listeners.map(({ name, port }) => `${name}://localhost:${port}`),
    ].join(','),
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      ...node.listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logDir,

    'auto.create.topics.enable': 'true',
    'num.partitions': '3',
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    // Records with the timestamps that tests give them, however old, stay.
    'log.retention.ms': '-1',

    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    // Kafka creates these topics when the first group or transaction comes; 50 partitions take seconds.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.num.partitions': '4',

    // Both group protocols, classic and KIP-848, are on by default in Kafka 4.
    'group.initial.rebalance.delay.ms': '0',
    // Lets tests ask for short sessions; the defaults of what clients do not ask for stay Kafka's.
    'group.min.session.timeout.ms': '1000',
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.min.heartbeat.interval.ms': '100',

    // A killed broker counts as alive, and cannot come back, until its session is over: 9 s by default.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    // The default of 128 MiB would fill a quarter of the heap.
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
    ...properties,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}

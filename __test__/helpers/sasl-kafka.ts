// Kafka whose clients log in with SASL/PLAIN, and may do only what they were granted.
import { type Cluster, startCluster } from '../../scripts/kafka/cluster.mjs'
import { javaTool } from '../../scripts/kafka/tools.mjs'

export interface SaslOptions {
  /** Passwords by user name. They have no rights but what `grant` gives. */
  users: Record<string, string>
  /** Broker configuration that goes over the built-in one. */
  properties?: Record<string, string>
}

export interface Right {
  user: string
  /** Kafka's names of the operations, such as `Write` or `Describe`. */
  operations: readonly string[]
  topic?: string
  group?: string
}

/** Its `brokers` ask for a login; on `internalBrokers` everyone may do everything. */
export interface SaslCluster extends Cluster {
  grant(right: Right): Promise<void>
  revoke(right: Right): Promise<void>
}

export async function startSaslCluster({ users, properties = {} }: SaslOptions): Promise<SaslCluster> {
  const logins = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`)
  const cluster = await startCluster({
    properties: {
      'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins.join(' ')};`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      ...properties,
    },
  })
  const change = async (action: '--add' | '--remove', { user, operations, topic, group }: Right) => {
    const args = ['--bootstrap-server', cluster.internalBrokers, action, '--force', '--allow-principal', `User:${user}`]
    for (const operation of operations) args.push('--operation', operation)
    if (topic !== undefined) args.push('--topic', topic)
    if (group !== undefined) args.push('--group', group)
    await javaTool('org.apache.kafka.tools.AclCommand', args)
  }
  return Object.assign(cluster, {
    grant: (right: Right) => change('--add', right),
    revoke: (right: Right) => change('--remove', right),
  })
}

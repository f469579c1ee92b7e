// A cluster with a listener for each way to be secure, and for some that are wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, startCluster } from '../../scripts/kafka/cluster.mjs'
import { javaTool } from '../../scripts/kafka/tools.mjs'
import { Authority, type Issued } from './certificates.ts'

const LISTENERS = {
  /** TLS. */
  TLS: 'SSL',
  /** TLS with a certificate of the client. */
  MUTUAL: 'SSL',
  /** TLS with the certificate of another host. */
  OTHERHOST: 'SSL',
  /** TLS with a certificate that has expired. */
  EXPIRED: 'SSL',
  /** A login with each mechanism, over TLS. */
  LOGIN: 'SASL_SSL',
  /** A login with PLAIN alone, without TLS. */
  OPENLOGIN: 'SASL_PLAINTEXT',
} as const

export type ListenerName = keyof typeof LISTENERS

export interface SecureKafka {
  readonly cluster: Cluster
  /** The authority of the brokers. */
  readonly ca: string
  /** One that knows nobody. */
  readonly otherCa: string
  /** A certificate for clients, whose key is encrypted with the password. */
  readonly client: Issued
  stop(): Promise<void>
}

const JAAS = 'org.apache.kafka.common.security'

/** @param user Who may log in, by each mechanism; the password also opens the client's key. */
export async function startSecureKafka(user: { name: string; password: string }): Promise<SecureKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'narad-certificates-'))
  const ca = new Authority(folder, 'authority')
  const otherCa = new Authority(folder, 'stranger')
  const good = ca.issue('broker')
  const client = ca.issue('client', { passphrase: user.password })
  const certificates: Partial<Record<ListenerName, Issued>> = {
    TLS: good,
    MUTUAL: good,
    LOGIN: good,
    OTHERHOST: ca.issue('other', { host: 'other.example' }),
    EXPIRED: ca.issue('expired', { expired: true }),
  }
  const properties: Record<string, string> = {}
  const set = (listener: ListenerName, values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values))
      properties[`listener.name.${listener.toLowerCase()}.${name}`] = value
  }
  for (const [listener, { keystore }] of Object.entries(certificates)) {
    set(listener as ListenerName, { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': keystore })
  }
  set('MUTUAL', {
    'ssl.client.auth': 'required',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca.certificate,
  })
  const plain = `${JAAS}.plain.PlainLoginModule required user_${user.name}="${user.password}";`
  set('OPENLOGIN', { 'sasl.enabled.mechanisms': 'PLAIN', 'plain.sasl.jaas.config': plain })
  set('LOGIN', {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'plain.sasl.jaas.config': plain,
    'scram-sha-256.sasl.jaas.config': `${JAAS}.scram.ScramLoginModule required;`,
    'scram-sha-512.sasl.jaas.config': `${JAAS}.scram.ScramLoginModule required;`,
    // takes any token that is well-formed and not expired, without a signature
    'oauthbearer.sasl.jaas.config': `${JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  })
  const cluster = await startCluster({ listeners: LISTENERS, properties })
  const stop = async () => {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const entity = ['--entity-type', 'users', '--entity-name', user.name]
    const server = ['--bootstrap-server', cluster.internalBrokers]
    // one at a time: Kafka refuses two of one user in a request
    for (const bits of [256, 512]) {
      const scram = `SCRAM-SHA-${bits}=[password=${user.password}]`
      await javaTool('kafka.admin.ConfigCommand', [...server, '--alter', '--add-config', scram, ...entity])
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { cluster, ca: ca.certificate, otherCa: otherCa.certificate, client, stop }
}

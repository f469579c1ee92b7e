import { KafkaError } from '../kafka-error.ts'
import type { ResolvedConfig } from './types.ts'

type Security = Pick<ResolvedConfig, 'ssl' | 'sasl'>

/** What librdkafka says when a setting does not fit its broker, and what to do about it. */
const HINTS: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /connecting to a PLAINTEXT broker|closed by peer.*SSL_HANDSHAKE/,
    'The listener seems to speak no TLS: take the port of one that does, or set ssl to false.',
  ],
  [
    /alert (?:bad certificate|certificate required|unknown ca)|client SSL authentication might be required/,
    'The broker wants a certificate of the client that it trusts: set ssl.cert and ssl.key.',
  ],
  [
    /supported mechanisms: *(?:\(|$)/,
    'The listener takes no login: take the port of one that does, or leave sasl and all KAFKA_SASL_… variables out.',
  ],
  [/ssl\.key\.(?:location|pem) failed/, 'The key is no PEM key, or ssl.passphrase is not what it is encrypted with.'],
]

/** Adds to an error of connecting what in the settings of TLS and SASL may be behind it. */
export function withSecurityHint(error: unknown, security: Security): unknown {
  if (!(error instanceof KafkaError)) return error
  const { message, stack } = error
  const hint = HINTS.find(([text]) => text.test(message))?.[1] ?? silence(error, security)
  if (hint === undefined) return error
  error.message = `${message}${/[.!?]$/.test(message) ? '' : '.'} ${hint}`
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message)
  return error
}

/** A broker that expects something else closes the connection without a word. */
function silence({ code, kafkaCode }: KafkaError, { ssl, sasl }: Security): string | undefined {
  if (code !== 'NARAD_CONNECTION_TIMEOUT' || kafkaCode !== '_ALL_BROKERS_DOWN') return undefined
  const wanted = [...(ssl === false ? ['TLS (ssl)'] : []), ...(sasl === false ? ['a login (sasl)'] : [])]
  if (wanted.length === 0) return undefined
  return `They take connections and close them: the listener may want ${wanted.join(' or ')}.`
}

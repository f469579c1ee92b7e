import { lookup } from 'node:dns/promises'
import { readFileSync, statSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { systemAuthorities } from '../config/system-authorities.ts'
import type { ResolvedConfig } from '../index.ts'

/** An address as it is given. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What a step has found. */
export interface Finding {
  /** `warning`: whether it matters depends on what the service is to do. */
  readonly outcome: 'ok' | 'warning' | 'failed'
  readonly detail: string
  /** What to do about it. */
  readonly remedy?: string
}

const TIMEOUT_MS = 5_000

export async function resolveName({ host }: Address): Promise<Finding> {
  try {
    const found = await lookup(host, { all: true })
    return { outcome: 'ok', detail: `${host} is ${found.map(({ address }) => address).join(', ')}` }
  } catch (error) {
    return {
      outcome: 'failed',
      detail: `${host} is no name that this machine can resolve (${(error as NodeJS.ErrnoException).code})`,
      remedy:
        'mistyped, or known only elsewhere: names of containers hold within their network alone, and those of a VPN while it is up',
    }
  }
}

/** Opens a connection, which the caller ends. */
export async function openPort({ host, port }: Address): Promise<Finding & { socket?: Socket }> {
  const socket = connect({ host, port, timeout: TIMEOUT_MS })
  try {
    await settled(socket, 'connect')
    return { outcome: 'ok', detail: `port ${port} of ${host} takes connections`, socket }
  } catch (error) {
    socket.destroy()
    const { code } = error as NodeJS.ErrnoException
    const isRefused = code === 'ECONNREFUSED'
    return {
      outcome: 'failed',
      detail: `port ${port} of ${host} ${isRefused ? 'refuses connections: nothing listens there' : `does not answer (${code ?? (error as Error).message})`}`,
      remedy: isRefused
        ? 'start the broker, or look up its port; within a container, localhost is the container itself'
        : 'a firewall, a security group or a network in between drops packets: let this port through',
    }
  }
}

/** Speaks TLS on the connection, as the configuration says. */
export async function startTls(
  { host }: Address,
  socket: Socket,
  ssl: Exclude<ResolvedConfig['ssl'], false>,
): Promise<Finding & { socket?: Socket }> {
  const secure = connectTls({
    ...tlsOptions(ssl),
    ...{ socket, host, timeout: TIMEOUT_MS },
    // an address is no name that a server could choose a certificate by
    ...(isIP(host) === 0 && { servername: host }),
  })
  try {
    await settled(secure, 'secureConnect')
    const { subject, valid_to: until } = secure.getPeerCertificate()
    const detail = `${secure.getProtocol()}, certificate of ${subject?.CN ?? host} until ${until}`
    return { outcome: 'ok', detail, socket: secure }
  } catch (error) {
    secure.destroy()
    const { code, message } = error as NodeJS.ErrnoException
    return {
      outcome: 'failed',
      detail: `${message}${code === undefined ? '' : ` (${code})`}`,
      remedy: tlsRemedy(code ?? ''),
    }
  }
}

function tlsOptions(ssl: Exclude<ResolvedConfig['ssl'], false>): ConnectionOptions {
  const { ca, cert, key, passphrase, rejectUnauthorized } = ssl
  const given = ca === undefined ? systemCas() : pem(ca)
  return {
    rejectUnauthorized,
    ...(given !== undefined && { ca: given }),
    ...(cert && { cert: pem(cert) }),
    ...(key && { key: pem(key) }),
    ...(passphrase && { passphrase: passphrase.reveal() }),
  }
}

type Pem = NonNullable<Exclude<ResolvedConfig['ssl'], false>['ca']>

function pem(source: Pem): string | undefined {
  return 'pem' in source ? source.pem.reveal() : textOf(source.path)
}

/** Undefined for a folder of certificates, which Node does not take. */
function textOf(path: string): string | undefined {
  return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined
}

/** What the service trusts as well: Node would take its own. */
function systemCas(): string | undefined {
  const { location, pem: text } = systemAuthorities()
  const texts = [location === undefined ? undefined : textOf(location), text].filter((one) => one !== undefined)
  return texts.length === 0 ? undefined : texts.join('\n')
}

function tlsRemedy(code: string): string {
  if (code === 'CERT_HAS_EXPIRED')
    return 'the certificate of the broker has expired: renew it, or look at the clock of this machine'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'the certificate is for other names: use one of them in brokers, or have this name put into it'
  }
  if (/SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_UNTRUSTED/.test(code)) {
    return 'the authority that signed the certificate is not known here: give its certificate as ssl.ca (KAFKA_SSL_CA)'
  }
  if (/WRONG_VERSION|EPROTO|ECONNRESET|PACKET_LENGTH/.test(code)) {
    return 'the port does not speak TLS: set ssl: false (KAFKA_SSL=false), or use the port of the TLS listener'
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE/.test(code)) {
    return 'the broker wants a certificate of the client: give ssl.cert and ssl.key (KAFKA_SSL_CERT, KAFKA_SSL_KEY)'
  }
  return 'look at ssl.ca, ssl.cert and ssl.key, and at the port'
}

/** Rejects at an error, the end of the connection, or a silence. */
function settled(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => {
      socket.setTimeout(0)
      resolve()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })))
    socket.once('timeout', () =>
      reject(Object.assign(new Error(`no answer in ${TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' })),
    )
  })
}

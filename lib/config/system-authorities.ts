import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Authorities to trust: of a file or a folder, and in PEM text, either or both. */
export interface Authorities {
  readonly location?: string
  readonly pem?: string
}

/** Where systems have them; librdkafka's list (`rd_kafka_ssl_probe_and_set_default_ca_location`). */
const PLACES = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/certs',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
  '/private/etc/ssl/cert.pem',
]

/**
 * The authorities of the system, for where none are given. OpenSSL is linked statically, so its own paths mean nothing
 * here. Other programs are told in variables where to look, and so is this: `SSL_CERT_FILE` and `SSL_CERT_DIR` are
 * OpenSSL's, and take the place of the system's; what `NODE_EXTRA_CA_CERTS` has, which is Node's, is trusted as well. A
 * system without any, as small containers are, has those that Node comes with.
 */
export function systemAuthorities(env: NodeJS.ProcessEnv = process.env, places = PLACES): Authorities {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders, NODE_EXTRA_CA_CERTS: extra } = env
  const told = [file, ...(folders?.split(':') ?? [])].filter((place) => place !== undefined && place !== '') as string[]
  const location = [...told, ...places].find(hasSomething)
  const texts = [...(location === undefined ? ofNode() : []), ...(extra === undefined ? [] : certificatesOf(extra))]
  return { ...(location !== undefined && { location }), ...(texts.length > 0 && { pem: texts.join('\n') }) }
}

function hasSomething(path: string): boolean {
  try {
    return statSync(path).isDirectory() ? readdirSync(path).length > 0 : certificatesOf(path).length > 0
  } catch {
    return false
  }
}

/** The text of a file with certificates; Node says itself where it cannot read the one that it was told of. */
function certificatesOf(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8')
    return /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(text) ? [text] : []
  } catch {
    return []
  }
}

/** Loaded when it is needed: `node:tls` takes ten milliseconds. */
function ofNode(): readonly string[] {
  const { rootCertificates } = require('node:tls') as typeof import('node:tls')
  return rootCertificates
}

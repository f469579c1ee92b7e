import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { ConfigError } from '../errors.ts'
import { quote } from '../escape.ts'
import { Secret } from '../redact.ts'
import { OPTIONS, type OptionName } from './options.ts'
import { type Authorities, systemAuthorities } from './system-authorities.ts'
import type { PemSource, ResolvedSasl, ResolvedSsl, SaslMechanism } from './types.ts'
import { type Given, parseBoolean, parseChoice, parseString, wrong } from './values.ts'

/** Finds what input or environment give for an option, or undefined. */
export type Find = (name: OptionName) => Given | undefined

const BEGIN = '-----BEGIN '
const MAX_PATH = 1024

/**
 * TLS from the options `ssl` and `ssl.…`: on when `ssl` is true or an object, or when a certificate or key is given by
 * a variable and nothing says `false`, because a plaintext connection is not what that variable asks for.
 *
 * @throws {@link ConfigError} for an unreadable file, a certificate without its key, or the reverse.
 */
export function resolveSsl(find: Find): ResolvedSsl | false {
  const ssl = find('ssl')
  const isObject = ssl !== undefined && typeof ssl.value === 'object' && ssl.value !== null
  const on = ssl === undefined || isObject ? undefined : parseBoolean(ssl)
  if (on === false) return false
  const given = { ca: find('ssl.ca'), cert: find('ssl.cert'), key: find('ssl.key') }
  const anyFile = Object.values(given).some((one) => one !== undefined)
  if (on === undefined && !isObject && !anyFile) return false

  const { cert, key } = given
  const alone =
    cert !== undefined && key === undefined ? cert : key !== undefined && cert === undefined ? key : undefined
  if (alone !== undefined) {
    throw new ConfigError(`${alone.where} needs its counterpart: give ssl.cert and ssl.key together, or neither.`)
  }
  const passphrase = find('ssl.passphrase')
  if (passphrase !== undefined && key === undefined) {
    throw new ConfigError(`${passphrase.where} is given, but there is no ssl.key that it could open.`)
  }
  const reject = find('ssl.rejectUnauthorized')
  return Object.freeze({
    ...(given.ca && { ca: authority(given.ca) }),
    ...(cert && { cert: source('ssl.cert', cert) }),
    ...(key && { key: source('ssl.key', key) }),
    ...(passphrase && { passphrase: new Secret(parseString(OPTIONS['ssl.passphrase'], passphrase)) }),
    rejectUnauthorized: reject === undefined ? true : parseBoolean(reject),
  })
}

/**
 * SASL from the options `sasl` and `sasl.…`: on when any of them is given.
 *
 * @throws {@link ConfigError} when a mechanism lacks its user name or password, or has what it does not take.
 */
export function resolveSasl(find: Find, properties: Readonly<Record<string, unknown>>): ResolvedSasl | false {
  const sasl = find('sasl')
  if (sasl?.value === false) return false
  if (sasl !== undefined && (typeof sasl.value !== 'object' || sasl.value === null || Array.isArray(sasl.value))) {
    throw wrong(sasl, 'must be an object or false', true)
  }
  const token = find('sasl.token')
  const given = { mechanism: find('sasl.mechanism'), username: find('sasl.username'), password: find('sasl.password') }
  if (sasl === undefined && Object.values(given).every((one) => one === undefined)) return false

  const spec = OPTIONS['sasl.mechanism']
  const mechanism = (given.mechanism ? parseChoice(spec, given.mechanism) : spec.default) as SaslMechanism
  if (mechanism === 'oauthbearer') {
    const extra = given.username ?? given.password
    if (extra === undefined) return Object.freeze({ mechanism, ...tokenProvider(token, properties) })
    throw new ConfigError(`${extra.where} is given, but the mechanism oauthbearer takes no user name and password.`)
  }
  if (token !== undefined)
    throw new ConfigError(`${token.where} is given, but it is for the mechanism oauthbearer alone.`)
  const { username, password } = given
  if (username === undefined || password === undefined) {
    const missing = [
      ...(username === undefined ? ['a user name (sasl.username or KAFKA_SASL_USERNAME)'] : []),
      ...(password === undefined ? ['a password (sasl.password or KAFKA_SASL_PASSWORD)'] : []),
    ].join(' and ')
    throw new ConfigError(
      `The SASL mechanism ${mechanism} needs ${missing}. Without SASL, leave sasl and all KAFKA_SASL_… variables out.`,
    )
  }
  return Object.freeze({
    mechanism,
    username: parseString(OPTIONS['sasl.username'], username),
    password: new Secret(parseString(OPTIONS['sasl.password'], password)),
  })
}

/** Where tokens come from: a function, or librdkafka itself. */
function tokenProvider(
  token: Given | undefined,
  properties: Readonly<Record<string, unknown>>,
): Pick<ResolvedSasl, 'token'> {
  if (token === undefined) {
    if (Object.keys(properties).some((name) => /^(?:enable\.)?sasl\.oauthbearer\./.test(name))) return {}
    throw new ConfigError(
      'The SASL mechanism oauthbearer needs sasl.token, a function that gives tokens, or sasl.oauthbearer.… under "librdkafka".',
    )
  }
  if (typeof token.value === 'function') return { token: token.value as () => unknown }
  throw wrong(token, 'must be a function that gives a token', true)
}

/** librdkafka's properties for TLS and SASL, secrets in clear: for the native client alone. */
export function securityProperties(ssl: ResolvedSsl | false, sasl: ResolvedSasl | false): Record<string, string> {
  const protocol =
    sasl === false ? (ssl === false ? 'plaintext' : 'ssl') : ssl === false ? 'sasl_plaintext' : 'sasl_ssl'
  return {
    'security.protocol': protocol,
    ...(ssl !== false && sslProperties(ssl)),
    ...(sasl !== false && {
      'sasl.mechanism': sasl.mechanism.toUpperCase(),
      ...(sasl.username !== undefined && { 'sasl.username': sasl.username }),
      ...(sasl.password !== undefined && { 'sasl.password': sasl.password.reveal() }),
    }),
  }
}

function sslProperties(ssl: ResolvedSsl): Record<string, string> {
  return {
    ...(ssl.ca === undefined ? authorityProperties(systemAuthorities()) : pemProperties('ssl.ca', ssl.ca)),
    ...(ssl.cert && pemProperties('ssl.certificate', ssl.cert)),
    ...(ssl.key && pemProperties('ssl.key', ssl.key)),
    ...(ssl.passphrase && { 'ssl.key.password': ssl.passphrase.reveal() }),
    'enable.ssl.certificate.verification': String(ssl.rejectUnauthorized),
  }
}

/** librdkafka trusts what both have. */
function authorityProperties({ location, pem }: Authorities): Record<string, string> {
  return {
    ...(location !== undefined && { 'ssl.ca.location': location }),
    ...(pem !== undefined && { 'ssl.ca.pem': pem }),
  }
}

function pemProperties(prefix: string, from: PemSource): Record<string, string> {
  return 'pem' in from ? { [`${prefix}.pem`]: from.pem.reveal() } : { [`${prefix}.location`]: from.path }
}

/** Several authorities become one text, as librdkafka takes one property. */
function authority(given: Given): PemSource {
  if (!Array.isArray(given.value)) return source('ssl.ca', given)
  const texts = given.value.map((value: unknown, index) => {
    const one = source('ssl.ca', { ...given, value, where: `${given.where}[${index}]` })
    return 'pem' in one ? one.pem.reveal() : readFileSync(one.path, 'utf8')
  })
  if (texts.length === 0) throw wrong(given, 'must name at least one certificate')
  return Object.freeze({ pem: new Secret(texts.join('\n')) })
}

function source(name: 'ssl.ca' | 'ssl.cert' | 'ssl.key', given: Given): PemSource {
  const value = Buffer.isBuffer(given.value) ? given.value.toString('utf8') : given.value
  if (typeof value !== 'string' || value.trim() === '' || value.includes('\0')) {
    throw wrong(given, 'must be a path or PEM text', true)
  }
  if (value.includes(BEGIN)) return Object.freeze({ pem: new Secret(unfold(value)) })
  const path = value.trim()
  checkReadable(name, path, given.where)
  return Object.freeze({ path })
}

/** Variables often hold PEM with `\n` written out, because many tools cannot put a line break into one. */
function unfold(pem: string): string {
  return pem.includes('\n') ? pem : pem.replaceAll('\\n', '\n')
}

function checkReadable(name: OptionName, path: string, where: string): void {
  try {
    accessSync(path, constants.R_OK)
    if (name === 'ssl.ca' || statSync(path).isFile()) return
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw unreadable(path, where, code)
  }
  throw unreadable(path, where, 'not a file')
}

/** The file system's own error is no cause here: it repeats the path, which may be a key that lost its first line. */
function unreadable(path: string, where: string, problem: string): ConfigError {
  const plainPath = path.length <= MAX_PATH && /^(?:[./~]|[a-zA-Z]:)|\.[a-zA-Z0-9]{1,5}$/.test(path)
  const shown = plainPath ? quote(path, MAX_PATH) : 'given (not shown, it does not look like a path)'
  return new ConfigError(
    `${where} cannot be read from the file ${shown}: ${problem}. Give the path of a readable PEM file, or its text from "${BEGIN.trim()}…" on.`,
  )
}

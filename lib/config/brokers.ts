import { addEmbeddedElsewhere } from '../broker/elsewhere.ts'
import { ConfigError } from '../errors.ts'
import { quote } from '../escape.ts'

/** Before the address of an embedded broker that another process runs. */
const EMBEDDED = 'embedded://'
const DEFAULT_PORT = 9092
const MAX_PORT = 65_535
const HOST = /^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,253}[a-zA-Z0-9.])?$/

/**
 * Checks and completes a list of brokers: `host`, `host:port`, `[IPv6]`, `[IPv6]:port`, separated by commas or in an
 * array. Empty entries are left out, as Java's clients do. `embedded://host:port` is an embedded broker of another
 * process.
 *
 * @param where What the list is called in an error.
 * @throws {@link ConfigError} that names the entry and what is wrong with it.
 */
export function parseBrokers(value: unknown, where: string): readonly string[] | 'embedded' {
  const entries = (Array.isArray(value) ? value : [value])
    .flatMap((entry: unknown) => {
      if (typeof entry === 'string') return entry.split(',')
      throw new ConfigError(`${where} must be a string or an array of strings, such as "localhost:9092".`)
    })
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  if (entries.length === 0) throw new ConfigError(`${where} names no broker: write host:port, or "embedded".`)
  if (!entries.includes('embedded')) return Object.freeze(entries.map((entry) => parseBroker(entry, where)))
  if (entries.length === 1) return 'embedded'
  throw new ConfigError(`${where} mixes "embedded" with addresses: use one or the other.`)
}

function parseBroker(entry: string, where: string): string {
  if (entry.startsWith(EMBEDDED)) {
    const address = parseBroker(entry.slice(EMBEDDED.length), where)
    addEmbeddedElsewhere(address)
    return address
  }
  const { host, port } = split(entry, where)
  if (port === undefined) return `${host}:${DEFAULT_PORT}`
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
  if (number >= 1 && number <= MAX_PORT) return `${host}:${number}`
  throw invalid(entry, where, `the port must be a number from 1 to ${MAX_PORT}`)
}

function split(entry: string, where: string): { host: string; port: string | undefined } {
  if (entry.includes('@')) throw invalid(entry, where, 'user names and passwords go into the option sasl')
  if (entry.includes('://')) throw invalid(entry, where, 'leave the protocol out: the options ssl and sasl say it')
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(entry)
  if (bracketed !== null) {
    const [, address = '', port] = bracketed
    if (isIPv6(address)) return { host: `[${address}]`, port }
    throw invalid(entry, where, 'there is no IPv6 address in the brackets')
  }
  if (isIPv6(entry)) throw invalid(entry, where, `write an IPv6 address in brackets: [${entry}]:${DEFAULT_PORT}`)
  const [host = '', port, ...rest] = entry.split(':')
  if (rest.length > 0) throw invalid(entry, where, 'there is more than one colon')
  if (host === '') throw invalid(entry, where, 'the host is missing')
  if (!HOST.test(host) || host.includes('..')) throw invalid(entry, where, 'that is no host name')
  return { host, port }
}

function invalid(entry: string, where: string, problem: string): ConfigError {
  // What stands before an @ is most likely a user name and a password.
  const shown = entry.includes('@') ? `[redacted]${entry.slice(entry.lastIndexOf('@'))}` : entry
  return new ConfigError(`${where} has the entry ${quote(shown, 100)}: ${problem}. Expected host:port.`)
}

/** By the parser of URLs: loading `node:net` for its `isIPv6` would be a good part of the time that importing narad takes. */
function isIPv6(text: string): boolean {
  const [address = '', zone, ...rest] = text.split('%')
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) || rest.length > 0) return false
  return (zone === undefined || /^[\w.-]+$/.test(zone)) && URL.canParse(`http://[${address}]`)
}

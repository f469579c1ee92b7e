import { ConfigError } from '../errors.ts'
import { quote } from '../escape.ts'
import { isSecretName, Secret } from '../redact.ts'
import { suggest } from '../suggest.ts'
import { OPTION_OF_PROPERTY, OPTIONS, type OptionName } from './options.ts'
import type { Find } from './security.ts'
import { checkProperty } from './unsafe-properties.ts'
import { type Given, wrong } from './values.ts'

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>

/** Where values of options come from, in order: the input, properties under `librdkafka`, the environment. */
export interface Sources {
  readonly find: Find
  /** What was given under `librdkafka` beside the spellings of options. */
  readonly properties: Readonly<Record<string, string | Secret>>
}

/** Names that other clients have for an option and that spelling does not lead to. */
const FOREIGN_NAMES: Readonly<Record<string, OptionName>> = {
  bootstrapServers: 'brokers',
  'bootstrap.servers': 'brokers',
  'metadata.broker.list': 'brokers',
  'group.id': 'group',
  consumerGroup: 'group',
  groupId: 'group',
  fromBeginning: 'autoOffsetReset',
  requestTimeout: 'sendTimeoutMs',
  retries: 'maxRetries',
  retry: 'maxRetries',
  maxBytes: 'prefetchBytes',
  tls: 'ssl',
}

/**
 * Opens the sources of a configuration.
 *
 * @throws {@link ConfigError} for an input that is no object, an unknown option, or a property that is unknown,
 * refused, or given beside the option that means the same.
 */
export function openSources(input: unknown, env: Env): Sources {
  const options = asOptions(input, 'The configuration', '')
  const parents = {
    ssl: isObject(options.ssl) ? asOptions(options.ssl, 'Option "ssl"', 'ssl.') : {},
    sasl: isObject(options.sasl) ? asOptions(options.sasl, 'Option "sasl"', 'sasl.') : {},
  }
  const { aliases, properties } = readProperties(options.librdkafka)
  const find: Find = (name) => {
    const [parent, child] = name.split('.') as ['ssl' | 'sasl', string | undefined]
    const value = child === undefined ? own(options, name) : own(parents[parent], child)
    const alias = aliases.get(name)
    if (value === undefined) return alias ?? fromEnv(name, env)
    if (alias === undefined) return { value, where: `Option "${name}"`, text: false }
    throw new ConfigError(`Option "${name}" and ${alias.where} mean the same: give only one of them.`)
  }
  return { find, properties }
}

function asOptions(input: unknown, where: string, prefix: string): Readonly<Record<string, unknown>> {
  if (input === undefined) return {}
  if (!isObject(input)) throw wrong({ value: input, where, text: false }, 'must be an object', true)
  for (const name of Object.keys(input)) {
    if (!name.includes('.') && Object.hasOwn(OPTIONS, prefix + name)) continue
    throw unknownOption(name, prefix)
  }
  return input
}

function unknownOption(name: string, prefix: string): ConfigError {
  const depth = prefix === '' ? 1 : 2
  const known = Object.keys(OPTIONS)
    .filter((option) => option.startsWith(prefix) && option.split('.').length === depth)
    .map((option) => option.slice(prefix.length))
  const foreign =
    OPTION_OF_PROPERTY.get(name) ??
    (Object.hasOwn(FOREIGN_NAMES, name) ? FOREIGN_NAMES[name] : undefined) ??
    (Object.keys(OPTIONS) as OptionName[]).find((option) => OPTIONS[option].env?.includes(name))
  const near = (prefix === '' ? foreign : undefined) ?? suggest(name, known)
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${prefix}${near}"?`
  return new ConfigError(`There is no option ${quote(prefix + name, 100)}: ${hint}`, { code: 'NARAD_UNKNOWN_OPTION' })
}

function fromEnv(name: OptionName, env: Env): Given | undefined {
  for (const variable of OPTIONS[name].env ?? []) {
    const value = env[variable]
    if (value === undefined || value.trim() === '') continue
    return { value, where: `Environment variable ${variable}`, text: true }
  }
  return undefined
}

function readProperties(given: unknown): {
  aliases: ReadonlyMap<OptionName, Given>
  properties: Readonly<Record<string, string | Secret>>
} {
  const aliases = new Map<OptionName, Given>()
  const properties: Record<string, string | Secret> = {}
  if (given !== undefined && !isObject(given)) {
    throw wrong({ value: given, where: 'Option "librdkafka"', text: false }, 'must be an object', true)
  }
  for (const [property, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue
    checkProperty(property)
    const where = `librdkafka[${quote(property)}]`
    const text = propertyText(property, value, where)
    const option = OPTION_OF_PROPERTY.get(property)
    if (option === undefined) {
      properties[property] = isSecretName(property) ? new Secret(text) : text
      continue
    }
    const twin = aliases.get(option)
    if (twin !== undefined) throw new ConfigError(`${where} and ${twin.where} mean the same: give only one of them.`)
    aliases.set(option, { value: text, where, text: true })
  }
  return { aliases, properties: Object.freeze(properties) }
}

function propertyText(property: string, value: unknown, where: string): string {
  const given = { value, where, text: false }
  const secret = isSecretName(property)
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (typeof value !== 'string') throw wrong(given, 'must be a string, a number or a boolean', secret)
  if (value.includes('\0')) throw wrong(given, 'must not hold the character NUL', secret)
  return value
}

function own(source: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(source, name) ? source[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

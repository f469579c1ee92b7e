import { type ResolvedCodec, resolveCodec } from '../codec.ts'
import { ConfigError } from '../errors.ts'
import { isLogger, type Logger } from '../logger.ts'
import { parseBrokers } from './brokers.ts'
import { OPTIONS, type OptionName } from './options.ts'
import { type Find, resolveSasl, resolveSsl } from './security.ts'
import { type Env, openSources, type Sources } from './sources.ts'
import type { KafkaConfig, ResolvedConfig } from './types.ts'
import {
  type Given,
  parseBoolean,
  parseChoice,
  parseInteger,
  parseSignals,
  parseString,
  parseTopic,
  wrong,
} from './values.ts'

/**
 * The configuration of a service: input over environment over defaults. Everything is checked before anything
 * connects, and nothing is adjusted in silence.
 *
 * @param env Default: the variables of the process.
 * @throws {@link ConfigError} that says what is wrong, where it was given and what it may be.
 */
export function resolveConfig(input?: KafkaConfig, env: Env = process.env): ResolvedConfig {
  const sources = openSources(input, env)
  const config = readOptions(sources, env.NODE_ENV === 'development')
  checkTogether(config, sources.find)
  return Object.freeze({ ...config, ...security(config, sources.find, input) })
}

/**
 * Checks what is wrong whatever the environment says, which may not be there yet: the names of options, and each value
 * by itself.
 *
 * @throws {@link ConfigError}
 */
export function checkConfig(input: KafkaConfig): void {
  readOptions(openSources(input, {}), false)
}

/** All options but those of {@link security}, each checked by itself. */
function readOptions({ find, properties }: Sources, development: boolean): ResolvedConfig {
  const given = (name: OptionName): Given => find(name) ?? byDefault(name, development)
  const integer = (name: OptionName): number => parseInteger(OPTIONS[name], given(name))
  const boolean = (name: OptionName): boolean => parseBoolean(given(name))
  // The table's words are held to the type's by the tests.
  const choice = <Word extends string>(name: OptionName): Word => parseChoice(OPTIONS[name], given(name)) as Word
  const text = <Name extends OptionName>(name: Name): Partial<Record<Name, string>> => {
    const found = find(name)
    return found === undefined ? {} : ({ [name]: parseString(OPTIONS[name], found) } as Record<Name, string>)
  }

  const brokers = given('brokers')
  return {
    brokers: parseBrokers(brokers.value, brokers.where),
    clientId: parseString(OPTIONS.clientId, given('clientId')),
    ssl: false,
    sasl: false,
    ...text('group'),
    autoOffsetReset: choice('autoOffsetReset'),
    maxRetries: integer('maxRetries'),
    ...dlqTopic(find),
    enableMiddleware: boolean('enableMiddleware'),
    connectionTimeoutMs: integer('connectionTimeoutMs'),
    disconnectTimeoutMs: integer('disconnectTimeoutMs'),
    handleSignals: parseSignals(given('handleSignals')),
    logLevel: choice('logLevel'),
    devMode: choice('devMode'),
    ...logger(find),
    codec: codec(given('codec')),
    compression: choice('compression'),
    lingerMs: integer('lingerMs'),
    sendTimeoutMs: integer('sendTimeoutMs'),
    maxRecordBytes: integer('maxRecordBytes'),
    sendBufferBytes: integer('sendBufferBytes'),
    sendBufferRecords: integer('sendBufferRecords'),
    sessionTimeoutMs: integer('sessionTimeoutMs'),
    heartbeatIntervalMs: integer('heartbeatIntervalMs'),
    maxPollIntervalMs: integer('maxPollIntervalMs'),
    prefetchBytes: integer('prefetchBytes'),
    commitIntervalMs: integer('commitIntervalMs'),
    ...(find('groupProtocol') !== undefined && { groupProtocol: choice('groupProtocol') }),
    ...text('groupInstanceId'),
    librdkafka: properties,
  }
}

function byDefault(name: OptionName, development: boolean): Given {
  const { default: usual, developmentDefault } = OPTIONS[name]
  const value = development ? (developmentDefault ?? usual) : usual
  return { value, where: `The default of "${name}"`, text: false }
}

/** The embedded broker is reached within the process, in plaintext: variables meant for a cluster do not concern it. */
function security(
  config: ResolvedConfig,
  find: Find,
  input: KafkaConfig | undefined,
): Pick<ResolvedConfig, 'ssl' | 'sasl'> {
  if (config.brokers !== 'embedded') return { ssl: resolveSsl(find), sasl: resolveSasl(find, config.librdkafka) }
  for (const name of ['ssl', 'sasl'] as const) {
    const value = input?.[name]
    if (value === undefined || value === false) continue
    throw new ConfigError(`Option "${name}" cannot be used with the embedded broker, which speaks plaintext alone.`)
  }
  return { ssl: false, sasl: false }
}

function dlqTopic(find: Find): { dlqTopic?: string } {
  const given = find('dlqTopic')
  return given === undefined ? {} : { dlqTopic: parseTopic(given) }
}

function logger(find: Find): { logger?: Logger } {
  const given = find('logger')
  if (given === undefined) return {}
  if (isLogger(given.value)) return { logger: given.value }
  throw wrong(given, 'must have the functions debug, info, warn and error, as a pino logger has')
}

function codec(given: Given): ResolvedCodec {
  return resolveCodec(given.value, (message) => new ConfigError(`${given.where}: ${message}`))
}

/** What librdkafka would refuse late or with less to say, or, for the buffer, wait for without end. */
function checkTogether(config: ResolvedConfig, find: Find): void {
  const { lingerMs, sendTimeoutMs, maxRecordBytes, sendBufferBytes } = config
  const { sessionTimeoutMs, heartbeatIntervalMs, maxPollIntervalMs } = config
  if (sendTimeoutMs <= lingerMs) {
    throw new ConfigError(`sendTimeoutMs (${sendTimeoutMs}) must be greater than lingerMs (${lingerMs}).`)
  }
  if (sendBufferBytes < maxRecordBytes) {
    throw new ConfigError(`sendBufferBytes (${sendBufferBytes}) must be at least maxRecordBytes (${maxRecordBytes}).`)
  }
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    throw new ConfigError(
      `heartbeatIntervalMs (${heartbeatIntervalMs}) must be less than sessionTimeoutMs (${sessionTimeoutMs}).`,
    )
  }
  if (maxPollIntervalMs < sessionTimeoutMs) {
    throw new ConfigError(
      `maxPollIntervalMs (${maxPollIntervalMs}) must be at least sessionTimeoutMs (${sessionTimeoutMs}).`,
    )
  }
  if (config.groupProtocol !== 'consumer') return
  for (const name of ['sessionTimeoutMs', 'heartbeatIntervalMs'] as const) {
    const given = find(name)
    if (given === undefined) continue
    throw new ConfigError(`${given.where} has no effect with groupProtocol "consumer": the broker sets it.`)
  }
}

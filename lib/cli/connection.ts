import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { KafkaConfig, KafkaService } from '../index.ts'
import { loadEnvFile } from './env-file.ts'
import { UsageError } from './exit.ts'

/** The options of every command that talks to a cluster. */
export interface ConnectionFlags {
  brokers?: string
  X?: string[]
  config?: string
  env: boolean
  verbose?: boolean
}

export function withConnection(command: Command): Command {
  return command
    .option('-b, --brokers <list>', 'brokers, comma-separated (default: KAFKA_BROKERS, or localhost:9092)')
    .option('-X <property=value>', 'a property of librdkafka; may be repeated', gather)
    .option('--config <file>', 'options of the service as JSON, as for createKafkaService()')
    .option('--no-env', 'leave .env of the working directory alone')
    .option('-v, --verbose', 'log what the client does, on stderr')
}

/** An option that may be given several times. */
export function gather(value: string, all: string[] = []): string[] {
  return [...all, value]
}

/** A service for a command. Nothing is connected yet. */
export async function openService(flags: ConnectionFlags, extra: KafkaConfig = {}): Promise<KafkaService> {
  if (flags.env) loadEnvFile()
  const { createKafkaService } = await import('../index.ts')
  return createKafkaService({ ...configOf(flags), ...extra }).init()
}

/** Runs a command with a service, and disconnects it whatever comes. */
export async function withService(
  flags: ConnectionFlags,
  work: (service: KafkaService) => Promise<void>,
): Promise<void> {
  const service = await openService(flags)
  try {
    await work(service)
  } finally {
    await service.disconnect()
  }
}

function configOf({ brokers, X: properties, config, verbose }: ConnectionFlags): KafkaConfig {
  const given = config === undefined ? {} : readConfig(config)
  return {
    // whoever runs a command wants it to be done, or to fail
    devMode: 'off',
    ...(process.env['KAFKA_LOG_LEVEL'] === undefined && { logLevel: 'warn' }),
    ...given,
    ...(verbose && { logLevel: 'debug' }),
    ...(brokers !== undefined && { brokers }),
    ...(properties !== undefined && { librdkafka: { ...given.librdkafka, ...asProperties(properties) } }),
  }
}

function readConfig(file: string): KafkaConfig {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KafkaConfig
  } catch (error) {
    throw new UsageError(`--config: ${(error as Error).message}`)
  }
}

function asProperties(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => splitPair(pair, '-X')))
}

/** @throws {@link UsageError} for what is no `name=value`. */
export function splitPair(pair: string, option: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)]
  throw new UsageError(`${option} needs name=value, but got "${pair}"`)
}

import { inspect } from 'node:util'
import { escapeControls, escapeLines } from '../escape.ts'
import type { KafkaError } from '../index.ts'
import { redactText } from '../redact.ts'

/** What the command ends with, so that scripts can tell what to do. */
export const EXIT = {
  done: 0,
  /** It was begun and failed: a record was refused, a handlers file threw. */
  failed: 1,
  /** An option or an argument is wrong; nothing was done. */
  usage: 2,
  /** No broker could be reached, or it refused who asks. */
  connection: 3,
  /** `narad lag --fail-above`: a group is further behind. */
  behind: 4,
  /** `narad why`: something blocks a group. */
  blocked: 5,
} as const

/** The commands for whose missing topic the remedy may be to create it. */
const MAKING = ['consume', 'replay']

/** A mistake in how the command was called. */
export class UsageError extends Error {}

const CONNECTION = ['ConnectionError', 'AuthenticationError', 'AuthorizationError', 'NotConnectedError']
const USAGE = ['ConfigError', 'ArgumentError', 'TopicError']

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  const { name } = error as KafkaError
  if (CONNECTION.includes(name)) return EXIT.connection
  return USAGE.includes(name) ? EXIT.usage : EXIT.failed
}

/** The command that was given, such as `topics`, and some of its options. */
export interface Asked {
  readonly command: string
  readonly brokers: string | undefined
  /** The topic that it writes to. */
  readonly into: string | undefined
  readonly verbose: boolean | undefined
}

/** One line, and one of what helps: whoever types a command looks for what to do. Stacks are for `--verbose`. */
export function tellError(error: unknown, asked?: Asked): void {
  const { message, code } = error as KafkaError
  const text = escapeControls(redactText(error instanceof Error ? message : String(error)))
  process.stderr.write(`narad: ${text}${code === undefined || text.includes(code) ? '' : ` (${code})`}\n`)
  const hint = asked && hintOf(error as KafkaError, asked)
  if (hint !== undefined) process.stderr.write(`narad: ${escapeControls(redactText(hint))}\n`)
  if (!asked?.verbose && process.env['KAFKA_LOG_LEVEL'] !== 'debug') return
  process.stderr.write(`${escapeLines(redactText(inspect(error)))}\n`)
}

function hintOf({ code, topic }: KafkaError, { command, brokers, into }: Asked): string | undefined {
  if (code !== 'NARAD_UNKNOWN_TOPIC') return undefined
  const there = brokers === undefined ? '' : ` -b ${brokers}`
  const isTarget = topic !== undefined && topic === into
  const list = `"narad ${command === 'dlq' && !isTarget ? 'dlq' : 'topics'} list${there}" shows those that are there`
  if (topic === undefined || !(isTarget || MAKING.includes(command))) return list
  const isEmbedded = (brokers ?? process.env['KAFKA_BROKERS'])?.startsWith('embedded')
  return `${list}; ${isEmbedded ? 'the first record sent' : `"narad topics create ${topic} --execute${there}"`} makes it`
}

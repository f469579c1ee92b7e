import { escapeControls } from '../escape.ts'
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

/** One line, without a stack: whoever types a command looks for what to do. */
export function tellError(error: unknown): void {
  const { message, code } = error as KafkaError
  const text = escapeControls(redactText(error instanceof Error ? message : String(error)))
  process.stderr.write(`narad: ${text}${code === undefined || text.includes(code) ? '' : ` (${code})`}\n`)
}

import { ERROR_CODES, type ErrorClassName, type NaradErrorCode } from './error-codes.ts'
import { escapeForLog } from './escape.ts'
import type { RecordMetadata } from './message.ts'
import { redactText, withoutSecrets } from './redact.ts'

/** What an error may be given beside its message. Fields that are left out do not appear on the error. */
export interface KafkaErrorFields {
  /** Default: the class's own code. */
  code?: NaradErrorCode | undefined
  /** Default: what the table says of the code. */
  retriable?: boolean | undefined
  /** Default: what the table says of the code. */
  fatal?: boolean | undefined
  cause?: unknown
  topic?: string | undefined
  partition?: number | undefined
  offset?: number | undefined
  key?: string | Buffer | null | undefined
  group?: string | undefined
  kafkaCode?: string | undefined
  maybeInLog?: boolean | undefined
}

/** An error as JSON: without stack, with its causes, and with nothing secret. */
export interface KafkaErrorJson {
  name: string
  code: NaradErrorCode
  message: string
  retriable: boolean
  fatal: boolean
  topic?: string
  partition?: number
  offset?: number
  key?: string | null
  group?: string
  kafkaCode?: string
  maybeInLog?: boolean
  results?: Array<RecordMetadata | KafkaErrorJson>
  retryAfterMs?: number
  remoteName?: string
  remoteCode?: string
  cause?: unknown
}

const CONTEXT_FIELDS = ['topic', 'partition', 'offset', 'key', 'group', 'kafkaCode', 'maybeInLog'] as const

/**
 * Gives a class its name, and an `instanceof` that looks for a brand and not for the prototype, so that it also holds
 * for errors that another copy of the package made.
 */
export function brand(errorClass: typeof KafkaError, name: ErrorClassName): void {
  const symbol = Symbol.for(`narad.${name}`)
  Object.defineProperty(errorClass.prototype, symbol, { value: true })
  // The bundler renames a class that names itself, and Node shows an uncaught error under the name of its class.
  Object.defineProperty(errorClass, 'name', { value: name, configurable: true })
  Object.defineProperty(errorClass.prototype, 'name', { value: name, writable: true, configurable: true })
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A class that a user derives inherits this, but has no brand of its own.
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this, value)
      return typeof value === 'object' && value !== null && symbol in value
    },
  })
}

/**
 * The parent of every error that narad raises. `code` is stable and documented in docs/errors.md; messages are for
 * people and may change.
 *
 * `instanceof` also holds for an error that another copy of the package made. Neither message, JSON nor
 * `util.inspect` shows secrets.
 */
export class KafkaError extends Error {
  /** @internal The code of an error that names none. */
  static readonly defaultCode: NaradErrorCode = 'NARAD_INTERNAL'

  static {
    brand(KafkaError, 'KafkaError')
  }

  /** What went wrong, as a stable code. */
  declare readonly code: NaradErrorCode
  /** Whether the same call may succeed later with nothing changed. */
  declare readonly retriable: boolean
  /** Whether the producer or consumer that raised it is of no use any more. */
  declare readonly fatal: boolean
  declare readonly topic?: string
  declare readonly partition?: number
  declare readonly offset?: number
  declare readonly key?: string | Buffer | null
  declare readonly group?: string
  /** librdkafka's name of the error, such as `MSG_SIZE_TOO_LARGE`, where the native client raised it. */
  declare readonly kafkaCode?: string
  /** On a failed send: whether the record may be in the log all the same, so that sending it again may duplicate it. */
  declare readonly maybeInLog?: boolean

  constructor(message: string, fields: KafkaErrorFields = {}) {
    super(redactText(message), fields.cause === undefined ? undefined : { cause: withoutSecrets(fields.cause) })
    this.code = fields.code ?? new.target.defaultCode
    const entry = ERROR_CODES[this.code]
    this.retriable = fields.retriable ?? entry.retriable
    this.fatal = fields.fatal ?? entry.fatal
    for (const field of CONTEXT_FIELDS) {
      if (fields[field] !== undefined) Object.assign(this, { [field]: fields[field] })
    }
  }

  /** The error for a structured log: all its fields and causes, without stacks. */
  toJSON(): KafkaErrorJson {
    const { name, code, message, retriable, fatal } = this
    const json: KafkaErrorJson = { name, code, message, retriable, fatal }
    for (const field of CONTEXT_FIELDS) {
      if (this[field] !== undefined) Object.assign(json, { [field]: this[field] })
    }
    if (this.key !== undefined) json.key = this.key === null ? null : escapeForLog(this.key)
    if (this.cause !== undefined) json.cause = causeToJson(this.cause, 0)
    return json
  }
}

const MAX_CAUSES = 5

/** A cause for JSON: name, message and code of an error, the text of anything else. */
function causeToJson(cause: unknown, depth: number): unknown {
  try {
    return readCause(cause, depth)
  } catch {
    return '[could not be read]'
  }
}

function readCause(cause: unknown, depth: number): unknown {
  if (cause instanceof KafkaError) return cause.toJSON()
  if (!(cause instanceof Error)) {
    return typeof cause === 'object' ? Object.prototype.toString.call(cause) : redactText(String(cause))
  }
  const json: Record<string, unknown> = { name: cause.name, message: redactText(String(cause.message)) }
  if ('code' in cause && typeof cause.code === 'string') json.code = cause.code
  if (cause.cause !== undefined && depth < MAX_CAUSES) json.cause = causeToJson(cause.cause, depth + 1)
  return json
}

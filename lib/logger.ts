import { escapeControls } from './escape.ts'
import { isSecretName, REDACTED, redactText } from './redact.ts'

/** How much is logged: each level includes those after it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** `silent` logs nothing at all. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The levels that an entry can have. */
export type EntryLevel = Exclude<LogLevel, 'silent'>

/** Pino's order of arguments: the fields first, or a message alone. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/** Where narad logs. A pino logger has this shape, and so has any object with these four functions. */
export interface Logger {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}

/** A {@link Logger} behind narad's own level, from which secrets and control characters are gone. */
export interface NaradLogger extends Logger {
  readonly level: LogLevel
  /** Whether entries of this level are written, so that a busy path need not gather their fields. */
  enabled(level: EntryLevel): boolean
}

export interface LoggerOptions {
  level: LogLevel
  /** Where entries go. Default: one line each on stderr. */
  logger?: Logger | undefined
  /** Takes the lines of the default logger; for tests. */
  write?: ((line: string) => void) | undefined
}

const ENTRY_LEVELS: readonly EntryLevel[] = ['debug', 'info', 'warn', 'error']
const MAX_DEPTH = 6

/**
 * The logger that all of narad uses. It applies the level, takes secrets out (fields named like one, PEM blocks,
 * user info of URLs) and never throws: a logger that does must not stop the delivery of records.
 */
export function createLogger(options: LoggerOptions): NaradLogger {
  const least = LOG_LEVELS.indexOf(options.level)
  const enabled = (level: EntryLevel): boolean => LOG_LEVELS.indexOf(level) >= least
  const write = options.write ?? ((line: string) => process.stderr.write(line))
  const emit = options.logger === undefined ? toLines(write) : toLogger(options.logger, write)
  const method = (level: EntryLevel): LogMethod => {
    if (!enabled(level)) return () => {}
    return (first: object | string, message?: string) => {
      if (typeof first === 'string') emit(level, redactText(first), undefined)
      else emit(level, redactText(message ?? ''), readableFields(first))
    }
  }
  return {
    level: options.level,
    enabled,
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

/** Whether a value can be used as a {@link Logger}. */
export function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false
  return ENTRY_LEVELS.every((level) => typeof (value as Partial<Logger>)[level] === 'function')
}

/**
 * A copy of log fields as plain data in which fields named like a secret are replaced and text is redacted. Errors
 * become name, code, message, stack and cause; cycles and deep nesting are cut.
 */
export function redactFields(fields: object): Record<string, unknown> {
  const source = fields instanceof Error ? { err: fields } : fields
  return redactObject(source, new Set([source]), 0)
}

/** {@link redactFields}, whatever the fields do: getters and toJSON are foreign code, which may throw. */
export function readableFields(first: object): Record<string, unknown> {
  try {
    return redactFields(first)
  } catch {
    return { fields: '[could not be read]' }
  }
}

type Emit = (level: EntryLevel, message: string, fields: Record<string, unknown> | undefined) => void

function toLines(write: (line: string) => void): Emit {
  return (level, message, fields) => {
    const text = escapeControls(message)
    const data = fields === undefined ? '' : ` ${escapeControls(JSON.stringify(fields))}`
    write(`${new Date().toISOString()} ${level.padEnd(5)} narad: ${text}${data}\n`)
  }
}

function toLogger(logger: Logger, write: (line: string) => void): Emit {
  const fallback = toLines(write)
  return (level, message, fields) => {
    try {
      if (fields === undefined) logger[level](message)
      else logger[level](fields, message)
    } catch (error) {
      fallback('error', 'The logger given to narad threw', redactFields({ err: error }))
      fallback(level, message, fields)
    }
  }
}

function redactObject(source: object, seen: Set<object>, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(source)) {
    // Defined and not assigned: `__proto__` is a name like others.
    Object.defineProperty(copy, name, {
      value: isSecretName(name) && value !== undefined ? REDACTED : redactValue(value, seen, depth),
      enumerable: true,
    })
  }
  return copy
}

function redactValue(value: unknown, seen: Set<object>, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (typeof value === 'function') return '[function]'
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return '[circular]'
  if (depth >= MAX_DEPTH) return '[nested too deep]'
  const path = new Set(seen).add(value)
  if (value instanceof Error) return redactError(value, path, depth + 1)
  if (value instanceof Uint8Array) return `[${value.length} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (Array.isArray(value)) return value.map((item) => redactValue(item, path, depth + 1))
  if (value instanceof Set) return [...value].map((item) => redactValue(item, path, depth + 1))
  if (value instanceof Map) return redactObject(Object.fromEntries(value), path, depth + 1)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return redactValue(value.toJSON(), path, depth + 1)
  }
  return redactObject(value, path, depth + 1)
}

function redactError(error: Error, path: Set<object>, depth: number): Record<string, unknown> {
  const { name, message, stack } = error
  const copy: Record<string, unknown> = { type: name, message: redactText(message) }
  if (stack !== undefined) copy.stack = redactText(stack)
  return Object.assign(
    copy,
    redactObject(error, path, depth),
    error.cause === undefined ? {} : { cause: redactValue(error.cause, path, depth) },
  )
}

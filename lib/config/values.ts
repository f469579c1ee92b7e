import { constants } from 'node:os'
import { describeType, describeValue } from '../describe.ts'
import { ConfigError } from '../errors.ts'
import { topicNameProblem } from '../topics.ts'
import type { OptionSpec } from './options.ts'

/** A value that was given for an option, and where. */
export interface Given {
  readonly value: unknown
  /** What the place is called in an error: an option, a variable, or a property under `librdkafka`. */
  readonly where: string
  /** Whether the value is text that has still to be read, as variables are, and not a value of the option's type. */
  readonly text: boolean
}

const TRUE = ['true', '1', 'yes']
const FALSE = ['false', '0', 'no']
const UNIT_HINTS = { ms: 'milliseconds', bytes: 'bytes', records: 'records' } as const
const MAX_STRING = 32_767
const USUAL_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** No process gets to see these. */
const UNSTOPPABLE: readonly string[] = ['SIGKILL', 'SIGSTOP']

/** @throws {@link ConfigError} unless the value is true or false; a variable may also say 1, 0, yes or no in any letter case. */
export function parseBoolean(given: Given): boolean {
  if (!given.text) {
    if (typeof given.value === 'boolean') return given.value
    throw wrong(given, 'must be true or false (a boolean)')
  }
  const word = String(given.value).trim().toLowerCase()
  if (TRUE.includes(word)) return true
  if (FALSE.includes(word)) return false
  throw wrong(given, `must be one of ${[...TRUE, ...FALSE].join(', ')}`)
}

/** @throws {@link ConfigError} unless the value is a whole number within the limits of the option. */
export function parseInteger(spec: OptionSpec, given: Given): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = spec
  const unit = spec.unit === undefined ? '' : ` of ${UNIT_HINTS[spec.unit]}`
  const text = given.text ? String(given.value).trim() : ''
  const number = given.text ? (/^[+-]?\d{1,16}$/.test(text) ? Number(text) : undefined) : given.value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max) return number
  throw wrong(given, `must be a whole number${unit} from ${min} to ${max}, written without a unit`)
}

/** @throws {@link ConfigError} unless the value is one of the option's words, in any letter case. */
export function parseChoice(spec: OptionSpec, given: Given): string {
  const choices = spec.choices ?? []
  const word = typeof given.value === 'string' ? given.value.trim().toLowerCase() : ''
  if (choices.includes(word)) return word
  throw wrong(given, `must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}`)
}

/** @throws {@link ConfigError} unless the value is true, false, or an array of signals that a process can handle. */
export function parseSignals(given: Given): false | readonly NodeJS.Signals[] {
  const { value } = given
  if (value === false || (Array.isArray(value) && value.length === 0)) return false
  if (value === true) return USUAL_SIGNALS
  if (Array.isArray(value) && value.every(isSignal)) return Object.freeze([...new Set(value)])
  throw wrong(given, 'must be true, false or an array of signals that can be handled, such as "SIGTERM"')
}

function isSignal(name: unknown): name is NodeJS.Signals {
  return typeof name === 'string' && Object.hasOwn(constants.signals, name) && !UNSTOPPABLE.includes(name)
}

/** @throws {@link ConfigError} unless the value is text without control characters; secrets may hold any but NUL. */
export function parseString(spec: OptionSpec, given: Given): string {
  const secret = spec.secret === true
  if (typeof given.value !== 'string') throw wrong(given, 'must be a string', secret)
  const text = given.text && !secret ? given.value.trim() : given.value
  if (text === '') throw wrong(given, 'must not be empty', secret)
  if (text.length > MAX_STRING) throw wrong(given, `must not have more than ${MAX_STRING} characters`, true)
  if (secret ? text.includes('\0') : /\p{Cc}|\p{Cs}/u.test(text)) {
    throw wrong(given, 'must not hold control characters', secret)
  }
  return text
}

/** @throws {@link ConfigError} unless the value is a topic name that Kafka allows. */
export function parseTopic(given: Given): string {
  const topic = typeof given.value === 'string' && given.text ? given.value.trim() : given.value
  const problem = topicNameProblem(topic)
  if (problem === undefined) return String(topic)
  throw new ConfigError(`${given.where} ${problem}.`)
}

/** The error for a value that is not what it must be; a secret's value does not show in it. */
export function wrong(given: Given, rule: string, secret = false): ConfigError {
  return new ConfigError(
    `${given.where} ${rule}, but is ${secret ? `${describeType(given.value)} (not shown)` : describeValue(given.value)}.`,
  )
}

// Checking the options that a call is given.
import { describeValue } from './describe.ts'
import { ArgumentError, ConfigError } from './errors.ts'
import { quote } from './escape.ts'
import { suggest } from './suggest.ts'

/**
 * An object that has options of these names alone.
 *
 * @throws {@link ArgumentError}; for an unknown name {@link ConfigError} `NARAD_UNKNOWN_OPTION` with the nearest known one.
 */
export function checkOptions(input: unknown, known: readonly string[], where: string): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ArgumentError(`The options of ${where} must be an object, but are ${describeValue(input)}.`)
  }
  for (const name of Object.keys(input)) {
    if (known.includes(name)) continue
    const near = suggest(name, known)
    const hint = near === undefined ? `There are: ${known.join(', ')}.` : `Did you mean "${near}"?`
    throw new ConfigError(`Unknown option ${quote(name, 60)} of ${where}. ${hint}`, { code: 'NARAD_UNKNOWN_OPTION' })
  }
  return input as Record<string, unknown>
}

/**
 * An option that may be left out.
 *
 * @throws {@link ArgumentError} that says `what` it must be.
 */
export function optional(value: unknown, name: string, what: string, fits: (value: unknown) => boolean): unknown {
  if (value === undefined || fits(value)) return value
  throw new ArgumentError(`Option "${name}" must be ${what}, but is ${describeValue(value)}.`)
}

/**
 * A whole number, `usual` where none is given.
 *
 * @throws {@link ArgumentError} for one below `least` or above `most`.
 */
export function integer(value: unknown, name: string, least: number, most: number, usual: number): number {
  if (value === undefined) return usual
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
  throw new ArgumentError(
    `Option "${name}" must be a whole number from ${least} to ${most}, but is ${describeValue(value)}.`,
  )
}

/**
 * Whether something is to be done, false where nothing is given.
 *
 * @throws {@link ArgumentError}
 */
export function flag(value: unknown, name: string): boolean {
  return optional(value, name, 'true or false', (given) => typeof given === 'boolean') === true
}

/**
 * The option `partitions`, undefined for all.
 *
 * @throws {@link ArgumentError}
 */
export function partitionNumbers(partitions: unknown): number[] | undefined {
  const isPartition = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isPartition)
  return optional(partitions, 'partitions', 'an array of partition numbers', isList) as number[] | undefined
}

import { checkOptions, optional } from '../options.ts'
import type { DeadLetter } from './letter.ts'

/** Which letters are meant: those for which everything that is given holds. */
export interface LetterFilter {
  /** `permanent` or `transient`. */
  class?: string
  /** Name of the error. */
  name?: string
  /** The event type of the record. */
  type?: string
  /** The record's key, as text. */
  key?: string
  /** The group that could not handle it. */
  group?: string
  /** The id of the fingerprint, or its beginning. */
  fingerprint?: string
  /** That failed last at this time or later. */
  since?: Date
  /** That failed last before this time. */
  until?: Date
}

const TEXTS = ['class', 'name', 'type', 'key', 'group', 'fingerprint'] as const
const TIMES = ['since', 'until'] as const

/** @throws {@link ArgumentError} */
export function letterFilter(input: unknown): (letter: DeadLetter) => boolean {
  const given = checkOptions(input ?? {}, [...TEXTS, ...TIMES], 'the filter')
  for (const name of TEXTS) optional(given[name], name, 'a string', (value) => typeof value === 'string')
  const isTime = (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime())
  for (const name of TIMES) optional(given[name], name, 'a Date', isTime)
  const { since, until, ...texts } = given as LetterFilter
  const fits = ([name, text]: [string, string]): ((letter: DeadLetter) => boolean) => {
    switch (name) {
      case 'class':
        return (letter) => letter.class === text
      case 'name':
        return ({ error }) => error.name === text
      case 'type':
        return ({ fingerprint }) => fingerprint.type === text
      case 'key':
        return ({ key }) => key?.toString() === text
      case 'group':
        return ({ group }) => group === text
      default:
        return ({ fingerprint }) => fingerprint.id.startsWith(text)
    }
  }
  const tests = Object.entries(texts)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(fits)
  if (since !== undefined) tests.push(({ lastFailure }) => lastFailure >= since.getTime())
  if (until !== undefined) tests.push(({ lastFailure }) => lastFailure < until.getTime())
  return (letter) => tests.every((test) => test(letter))
}

import { type Command, Option } from 'commander'
import type { LetterFilter } from '../index.ts'
import { UsageError } from './exit.ts'

/** Which letters a command is about. */
export interface LetterFlags {
  class?: string
  name?: string
  type?: string
  key?: string
  group?: string
  fingerprint?: string
  since?: string
  until?: string
}

export function withLetterFilter(command: Command): Command {
  return command
    .addOption(new Option('--class <class>', 'only letters of this class').choices(['permanent', 'transient']))
    .option('--name <name>', 'only those whose error has this name')
    .option('--type <type>', 'only those of this event type: the header x-event-type, or "type" of the value')
    .option('-k, --key <text>', 'only those of this key')
    .option('-g, --group <name>', 'only those of this group')
    .option('--fingerprint <id>', 'only those with this fingerprint, as stats shows it')
    .option('--since <time>', 'only those that failed at this time or later, such as 2026-01-31T10:00:00Z')
    .option('--until <time>', 'only those that failed before this time')
}

/** @throws {@link UsageError} for what is no time. */
export function letterFilterOf(flags: LetterFlags): LetterFilter {
  const { class: class_, name, type, key, group, fingerprint, since, until } = flags
  const given = {
    class: class_,
    name,
    type,
    key,
    group,
    fingerprint,
    since: timeOf('--since', since),
    until: timeOf('--until', until),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** @throws {@link UsageError} for what is no time. */
export function timeOf(option: string, value: string | undefined): Date | undefined {
  if (value === undefined) return undefined
  const date = new Date(value)
  if (Number.isNaN(date.getTime()))
    throw new UsageError(`${option} must be a time such as 2026-01-31T10:00:00Z, but is "${value}"`)
  return date
}

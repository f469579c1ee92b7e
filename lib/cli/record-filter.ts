import type { RecordContext } from '../index.ts'
import { UsageError } from './exit.ts'

/** What a record must have to be shown. All of them must hold. */
export interface FilterFlags {
  key?: string
  header?: string[]
  value?: string
}

/**
 * A key is equal to the text, a value holds it, and a header has the name, or the name and the value; `/…/` is a regular
 * expression for any of them.
 *
 * @throws {@link UsageError} for an expression that is none.
 */
export function recordFilter({ key, header = [], value }: FilterFlags): (record: RecordContext) => boolean {
  const tests: Array<(record: RecordContext) => boolean> = []
  if (key !== undefined) {
    const fits = match(key, (text) => text === key)
    tests.push((record) => record.key !== null && fits(record.key))
  }
  for (const one of header) {
    const [name = '', ...rest] = one.split('=')
    const wanted = rest.join('=')
    const fits = rest.length === 0 ? () => true : match(wanted, (text) => text === wanted)
    tests.push(({ rawHeaders }) => rawHeaders.some((found) => found[0] === name && fits(String(found[1] ?? ''))))
  }
  if (value !== undefined) {
    const fits = match(value, (text) => text.includes(value))
    tests.push(({ rawValue }) => rawValue !== null && fits(rawValue.toString()))
  }
  return (record) => tests.every((test) => test(record))
}

function match(pattern: string, otherwise: (text: string) => boolean): (text: string) => boolean {
  const [, source] = /^\/(.+)\/$/s.exec(pattern) ?? []
  if (source === undefined) return otherwise
  try {
    const expression = new RegExp(source, 'u')
    return (text) => expression.test(text)
  } catch (error) {
    throw new UsageError(`${pattern} is no regular expression: ${(error as Error).message}`)
  }
}

import { InvalidArgumentError } from 'commander'

/** A number of an option. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0.')
}

/** The numbers of an option that may be given several times. */
export function gatherNumbers(text: string, all: number[] = []): number[] {
  return [...all, wholeNumber(text)]
}

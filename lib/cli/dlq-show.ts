import { isUtf8 } from 'node:buffer'
import { escapeLines } from '../escape.ts'
import type { DeadLetter, DeadLetterDesk, LetterState } from '../index.ts'
import { type ConnectionFlags, withService } from './connection.ts'
import { type LetterFlags, letterFilterOf } from './dlq-filter.ts'
import { UsageError } from './exit.ts'
import { letterTest } from './letter-test.ts'
import { counted, jsonLine, type OutputFlags, printRows } from './output.ts'

export interface ShowFlags extends ConnectionFlags, LetterFlags, OutputFlags {
  number: number
  settled?: boolean
  asTest?: boolean
  handlers?: string
}

type Letter = DeadLetter & { readonly state: LetterState }

/** Shows a letter, or lists those that are left. */
export async function show(topic: string, place: string | undefined, flags: ShowFlags): Promise<void> {
  if (flags.handlers !== undefined && !flags.asTest) throw new UsageError('--handlers goes with --as-test')
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    const desk = deadLetterDesk(service)
    if (place === undefined && !flags.asTest) return list(desk, topic, flags)
    const letter = await find(desk, topic, place, flags)
    process.stdout.write(flags.asTest ? letterTest(letter, flags.handlers) : inFull(letter, flags))
  })
}

async function list(desk: DeadLetterDesk, topic: string, flags: ShowFlags): Promise<void> {
  const found: Letter[] = []
  for await (const letter of desk.letters(topic, { filter: letterFilterOf(flags), settled: flags.settled ?? false })) {
    found.push(letter)
    if (found.length >= flags.number) break
  }
  if (found.length === 0) await tellForeign(desk, topic)
  if (flags.output === 'json') return printRows(flags, found.map(asJson), {})
  printRows(flags, found, {
    LETTER: ({ partition, offset }) => `${partition}/${offset}`,
    FAILED: ({ lastFailure }) => new Date(lastFailure).toISOString(),
    STATE: ({ state }) => state,
    GROUP: ({ group }) => group,
    KEY: ({ key }) => (key === null ? '' : shorten(textOf(key), 24)),
    ATTEMPTS: ({ attempts }) => attempts,
    REPLAYS: ({ replays }) => replays,
    FINGERPRINT: ({ fingerprint }) => fingerprint.id,
    ERROR: ({ error }) => shorten(`${error.name}: ${error.message}`, 80),
  })
}

/** Says of a topic in which nothing was found that it is one of something else. */
export async function tellForeign(desk: DeadLetterDesk, topic: string): Promise<void> {
  const { letters, foreign } = await desk.plan(topic)
  if (letters > 0 || foreign === 0) return
  process.stderr.write(`narad: ${topic} has ${counted(foreign, 'record')}, but no dead letters of narad\n`)
}

async function find(desk: DeadLetterDesk, topic: string, place: string | undefined, flags: ShowFlags): Promise<Letter> {
  if (place !== undefined && !/^\d+\/\d+$/.test(place)) {
    throw new UsageError(`a letter is named by partition and offset, such as 0/42, and not by "${place}"`)
  }
  const isMeant = ({ partition, offset }: Letter) => place === undefined || `${partition}/${offset}` === place
  const options = { filter: letterFilterOf(flags), settled: place !== undefined || (flags.settled ?? false) }
  for await (const letter of desk.letters(topic, options)) if (isMeant(letter)) return letter
  throw new UsageError(`${topic} has no such letter${place === undefined ? '' : ` at ${place}`}`)
}

function inFull(letter: Letter, { output }: OutputFlags): string {
  if (output === 'json') return `${jsonLine(asJson(letter))}\n`
  const { source, error, fingerprint, key, value, headers } = letter
  const fields = {
    letter: `${letter.topic} [${letter.partition}] @ ${letter.offset}`,
    record: `${source.topic} [${source.partition}] @ ${source.offset}`,
    group: letter.group,
    state: letter.state,
    class: letter.class ?? '',
    attempts: `${letter.attempts} from ${iso(letter.firstFailure)} to ${iso(letter.lastFailure)}`,
    replays: String(letter.replays),
    fingerprint: [fingerprint.id, fingerprint.frame, fingerprint.type].filter((one) => one !== undefined).join('  '),
    error: error.stack ?? `${error.name}: ${error.message}`,
    key: key === null ? 'none' : textOf(key),
    headers: headers.map(([name, text]) => `${name}: ${text === null ? 'null' : textOf(text)}`).join('\n'),
    value: letter.isTruncated ? 'left out, because it was too large' : value === null ? 'none' : pretty(value),
  }
  const lines = Object.entries(fields).filter(([, text]) => text !== '')
  return lines
    .map(([name, text]) => `${name.padEnd(12)}${escapeLines(text).replaceAll('\n', `\n${' '.repeat(12)}`)}\n`)
    .join('')
}

/** For programs: bytes as in the rows of `consume --json`. */
function asJson({ key, value, headers, ...letter }: Letter): object {
  const bytes = (given: Buffer | null) =>
    given === null || isUtf8(given) ? (given?.toString() ?? null) : { base64: given.toString('base64') }
  return {
    ...letter,
    key: bytes(key),
    value: bytes(value),
    headers: headers.map(([name, text]) => [name, bytes(text)]),
  }
}

function pretty(value: Buffer): string {
  const text = textOf(value)
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Bytes that are no text in hexadecimal. */
function textOf(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : `0x${bytes.toString('hex')}`
}

function shorten(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

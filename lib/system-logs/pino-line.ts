import { readableFields } from '../logger.ts'
import { redactText } from '../redact.ts'

/** The levels of entries. */
export type SystemLogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

/** Pino's numbers: a level of one's own counts as the next one below it. */
const LEVELS: ReadonlyArray<readonly [least: number, level: SystemLogLevel]> = [
  [60, 'FATAL'],
  [50, 'ERROR'],
  [40, 'WARN'],
  [30, 'INFO'],
  [20, 'DEBUG'],
]

/** A line of pino's, or undefined for what is none. */
export function parsePino(
  line: string,
): { level: SystemLogLevel; message: string; data: Record<string, unknown>; time: Date } | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { level, time, msg, ...data } = parsed as Record<string, unknown>
  return {
    level: levelOf(level),
    message: typeof msg === 'string' ? redactText(msg) : '',
    data: readableFields(data),
    time: timeOf(time),
  }
}

/** A number, or a label where pino's `formatters.level` writes that. */
function levelOf(level: unknown): SystemLogLevel {
  if (typeof level === 'number') return LEVELS.find(([least]) => level >= least)?.[1] ?? 'TRACE'
  const label = String(level).toUpperCase()
  return LEVELS.find(([, name]) => name === label)?.[1] ?? (label === 'TRACE' ? 'TRACE' : 'INFO')
}

/** Milliseconds since the epoch, or what `pino.stdTimeFunctions.isoTime` writes. */
function timeOf(time: unknown): Date {
  const given = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN)
  return Number.isNaN(given.getTime()) ? new Date() : given
}

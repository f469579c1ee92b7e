import { describeValue } from './describe.ts'
import { ArgumentError } from './errors.ts'
import type { Health } from './health.ts'
import { checkOptions } from './options.ts'

/** What answers, and where. */
export interface HealthRouteOptions {
  /** Whose health it is. Default: the shared `kafkaService`. */
  service?: { health(): Health }
  /**
   * Where the routes are, below where they are mounted; false leaves one out.
   *
   * @defaultValue `{ health: '/health/kafka', live: '/health/live', ready: '/health/ready' }`
   */
  paths?: { health?: string | false; live?: string | false; ready?: string | false }
  /**
   * Whether answers say why, with the messages of errors, the names of groups and topics, and the keys of records that
   * block: for where not anyone may ask.
   *
   * @defaultValue `false`
   */
  details?: boolean
}

/** The answer to a probe. */
export interface HealthAnswer {
  readonly status: 200 | 503
  readonly body: object
}

/** A path, and what is answered there. */
export interface HealthRoute {
  readonly path: string
  answer(): HealthAnswer
}

/** Of every answer: how a service was is nothing to keep. */
export const NO_STORE = ['cache-control', 'no-store'] as const

const OPTIONS = ['service', 'paths', 'details']
const PATHS = { health: '/health/kafka', live: '/health/live', ready: '/health/ready' } as const
type Name = keyof typeof PATHS

/** What each route says of a service. The first says how it is, and is no probe. */
const ANSWERS: Readonly<Record<Name, (health: Health, details: boolean) => HealthAnswer>> = {
  health: ({ reasons, groups, ...rest }, details) => ({
    status: 200,
    body: details ? { ...rest, reasons, groups } : rest,
  }),
  live: ({ live, reasons }, details) => probe({ live }, live, reasons, details),
  ready: ({ ready, reasons }, details) => probe({ ready }, ready, reasons, details),
}

/**
 * @param fallback Whose health it is where the options name nobody.
 * @param others Options that belong to the framework.
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option.
 */
export function healthRoutes(
  options: unknown,
  where: string,
  fallback: { health(): Health },
  others: readonly string[] = [],
): HealthRoute[] {
  const given = checkOptions(options, [...OPTIONS, ...others], where)
  const { service = fallback, details = false } = given
  if (typeof (service as typeof fallback | null)?.health !== 'function') {
    throw new ArgumentError(`Option "service" of ${where} must have health(), but is ${describeValue(service)}.`)
  }
  if (typeof details !== 'boolean') {
    throw new ArgumentError(`Option "details" of ${where} must be true or false, but is ${describeValue(details)}.`)
  }
  const paths = checkOptions(given['paths'] ?? {}, Object.keys(PATHS), `the option "paths" of ${where}`)
  return (Object.keys(PATHS) as Name[]).flatMap((name) => {
    const path = paths[name] ?? PATHS[name]
    if (path === false) return []
    if (typeof path !== 'string' || !path.startsWith('/')) {
      const what = 'begin with "/", or be false'
      throw new ArgumentError(`Option "paths.${name}" of ${where} must ${what}, but is ${describeValue(path)}.`)
    }
    return [{ path, answer: () => ANSWERS[name]((service as typeof fallback).health(), details) }]
  })
}

function probe(body: object, isWell: boolean, reasons: readonly string[], details: boolean): HealthAnswer {
  return { status: isWell ? 200 : 503, body: details ? { ...body, reasons } : body }
}

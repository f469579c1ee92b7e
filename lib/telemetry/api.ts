import { ConfigError } from '../errors.ts'

/** The API of OpenTelemetry, which finds the SDK of the process; an optional dependency, loaded when it is used. */
export type OtelApi = typeof import('@opentelemetry/api')

/** @throws {@link ConfigError} where it is not installed. */
export function otelApi(): OtelApi {
  try {
    return require('@opentelemetry/api') as OtelApi
  } catch (cause) {
    throw new ConfigError('narad/opentelemetry needs a package that is not there: npm install @opentelemetry/api', {
      cause,
    })
  }
}

import { type HealthRouteOptions, healthRoutes, NO_STORE } from './health-routes.ts'
import { kafkaService } from './service.ts'

/** What is used of a request of Express. */
interface Request {
  readonly method: string
  /** Below where the middleware is mounted. */
  readonly path: string
}

/** What is used of a response of Express. */
interface Response {
  status(code: number): Response
  setHeader(name: string, value: string): unknown
  json(body: unknown): unknown
}

/**
 * Middleware for Express that answers the probes of an orchestrator: `GET /health/live`, `GET /health/ready`, and
 * `GET /health/kafka`, which says how the service is. It asks no broker. All other requests pass.
 *
 * @example
 * app.use(kafkaHealth())
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option.
 */
export function kafkaHealth(
  options: HealthRouteOptions = {},
): (request: Request, response: Response, next: () => void) => void {
  const routes = new Map(healthRoutes(options, 'kafkaHealth', kafkaService).map((route) => [route.path, route]))
  return ({ method, path }, response, next) => {
    const route = method === 'GET' || method === 'HEAD' ? routes.get(path) : undefined
    if (route === undefined) return next()
    const { status, body } = route.answer()
    response.setHeader(...NO_STORE)
    response.status(status).json(body)
  }
}

import { type HealthRouteOptions, healthRoutes, NO_STORE } from './health-routes.ts'
import { kafkaService } from './service.ts'

/** What is used of an instance of Fastify. */
interface Instance {
  get(path: string, handler: (request: unknown, reply: Reply) => unknown): unknown
}

/** What is used of a reply of Fastify. */
interface Reply {
  code(status: number): Reply
  header(name: string, value: string): Reply
  send(body: unknown): unknown
}

/** Options of `register` itself, which come with those of the plugin. */
const OF_REGISTER = ['prefix', 'logLevel', 'logSerializers']

/**
 * Plugin for Fastify that answers the probes of an orchestrator: `GET /health/live`, `GET /health/ready`, and
 * `GET /health/kafka`, which says how the service is. It asks no broker.
 *
 * @example
 * app.register(kafkaHealth)
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option.
 */
export async function kafkaHealth(instance: Instance, options: HealthRouteOptions): Promise<void> {
  for (const { path, answer } of healthRoutes(options, 'kafkaHealth', kafkaService, OF_REGISTER)) {
    instance.get(path, (_request, reply) => {
      const { status, body } = answer()
      reply.code(status).header(...NO_STORE)
      return reply.send(body)
    })
  }
}

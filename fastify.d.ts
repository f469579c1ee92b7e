// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { HealthRouteOptions } from './index.js';

/** What is used of an instance of Fastify. */
interface Instance {
    get(path: string, handler: (request: unknown, reply: Reply) => unknown): unknown;
}
/** What is used of a reply of Fastify. */
interface Reply {
    code(status: number): Reply;
    header(name: string, value: string): Reply;
    send(body: unknown): unknown;
}
/**
 * Plugin for Fastify that answers the probes of an orchestrator: `GET /health/live`, `GET /health/ready`, and
 * `GET /health/kafka`, which says how the service is. It asks no broker.
 *
 * @example
 * app.register(kafkaHealth)
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option.
 */
declare function kafkaHealth(instance: Instance, options: HealthRouteOptions): Promise<void>;

export {
  kafkaHealth,
};

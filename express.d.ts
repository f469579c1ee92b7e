// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { HealthRouteOptions } from './index.js';

/** What is used of a request of Express. */
interface Request {
    readonly method: string;
    /** Below where the middleware is mounted. */
    readonly path: string;
}
/** What is used of a response of Express. */
interface Response {
    status(code: number): Response;
    setHeader(name: string, value: string): unknown;
    json(body: unknown): unknown;
}
/**
 * Middleware for Express that answers the probes of an orchestrator: `GET /health/live`, `GET /health/ready`, and
 * `GET /health/kafka`, which says how the service is. It asks no broker. All other requests pass.
 *
 * @example
 * app.use(kafkaHealth())
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option.
 */
declare function kafkaHealth(options?: HealthRouteOptions): (request: Request, response: Response, next: () => void) => void;

export {
  kafkaHealth,
};

// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { Middleware } from './index.js';

/** Options of {@link opentelemetry}. */
interface OpenTelemetryOptions {
    /**
     * Whether the span of a handler is the child of the one under which its record was sent, and so of the same trace.
     * Without it the handler begins a trace, which has a link to the other one. Spans of batches always have links.
     *
     * @defaultValue `false`
     */
    parent?: boolean;
    /**
     * Whether each record of an array has a span of its own, to which that of its handler can be linked. Without it, all
     * records of a call have that of the call.
     *
     * @defaultValue `true`
     */
    createSpans?: boolean;
}
/**
 * Middleware that makes spans and metrics by OpenTelemetry's conventions for messaging, of sends, handlers and batches,
 * and hands their context on in headers. `use` it before all others, so that it is around them.
 *
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option, and where `@opentelemetry/api` is missing.
 */
declare function opentelemetry(options?: OpenTelemetryOptions): Middleware;

export {
  opentelemetry,
};

export type {
  OpenTelemetryOptions,
};

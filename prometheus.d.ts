// Generated from lib/ by `npm run generate`. Do not edit.
/// <reference types="node" />
import { Health, KafkaMetrics } from './index.js';

/** What is used of a metric by a registry of prom-client. */
interface RegisteredMetric {
    get(): Promise<unknown>;
    reset(): void;
}
/** Options of {@link collectKafkaMetrics}. */
interface CollectOptions {
    /** A registry of prom-client: usually its `register`. */
    register: {
        registerMetric(metric: RegisteredMetric): void;
    };
    /** Whose metrics they are. Default: the shared `kafkaService`. */
    service?: {
        health(): Health;
        metrics(): KafkaMetrics | undefined;
    };
}
/**
 * Shows the metrics and the health of a service in a registry of prom-client. They are read when the registry is
 * scraped, all at once; until then this costs nothing.
 *
 * @example
 * collectKafkaMetrics({ register })
 * @throws {@link ArgumentError}; {@link ConfigError} for an unknown option; what prom-client throws where the registry
 *   has such metrics already.
 */
declare function collectKafkaMetrics(options: CollectOptions): void;

export {
  collectKafkaMetrics,
};

export type {
  CollectOptions,
};

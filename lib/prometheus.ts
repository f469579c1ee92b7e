import { describeValue } from './describe.ts'
import { ArgumentError } from './errors.ts'
import type { Health } from './health.ts'
import { type Reading, type Sample, SERIES, type SeriesSpec } from './metrics/prometheus-series.ts'
import type { KafkaMetrics } from './metrics/types.ts'
import { checkOptions } from './options.ts'
import { kafkaService } from './service.ts'

/** What is used of a metric by a registry of prom-client. */
interface RegisteredMetric {
  get(): Promise<unknown>
  reset(): void
}

/** Options of {@link collectKafkaMetrics}. */
export interface CollectOptions {
  /** A registry of prom-client: usually its `register`. */
  register: { registerMetric(metric: RegisteredMetric): void }
  /** Whose metrics they are. Default: the shared `kafkaService`. */
  service?: { health(): Health; metrics(): KafkaMetrics | undefined }
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
export function collectKafkaMetrics(options: CollectOptions): void {
  const { register, service = kafkaService } = checkOptions(
    options,
    ['register', 'service'],
    'collectKafkaMetrics',
  ) as Partial<CollectOptions>
  if (typeof register?.registerMetric !== 'function') {
    const what = 'a registry of prom-client, such as its `register`'
    throw new ArgumentError(`Option "register" must be ${what}, but is ${describeValue(register)}.`)
  }
  if (typeof service?.metrics !== 'function' || typeof service.health !== 'function') {
    throw new ArgumentError(`Option "service" must have metrics() and health(), but is ${describeValue(service)}.`)
  }
  const read = oncePerScrape(() => ({ health: service.health(), metrics: service.metrics() }))
  for (const spec of SERIES) register.registerMetric(new Series(spec, read))
}

/** A registry asks all its metrics in one go: they share one reading, so that they are of one moment. */
function oncePerScrape(read: () => Reading): () => Reading {
  let current: Reading | undefined
  return () => {
    if (current === undefined) {
      current = read()
      queueMicrotask(() => {
        current = undefined
      })
    }
    return current
  }
}

/** What a registry of prom-client asks of a metric. */
class Series implements RegisteredMetric {
  /** prom-client takes `_total` off it where it writes the OpenMetrics format. */
  name: string
  readonly help: string
  readonly type: SeriesSpec['type']
  readonly aggregator: 'sum' | 'min'
  readonly #read: () => Sample[]

  constructor({ name, help, type, aggregator = 'sum', read }: SeriesSpec, reading: () => Reading) {
    this.name = name
    this.help = help
    this.type = type
    this.aggregator = aggregator
    this.#read = () => read(reading())
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#read() }
  }

  /** The numbers are the service's, and begin with it. */
  reset(): void {}
}

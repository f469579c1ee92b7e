/** A value of a metric, as prom-client's metrics give them. */
interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** Of histograms, which have several. */
  readonly metricName?: string
}

/** What is used of a metric. */
interface Metric {
  get(): Promise<unknown>
}

/** Metrics in Prometheus' text format, as the registry of prom-client writes them. */
export class MetricsPage {
  static readonly type = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #metrics: Metric[] = []

  registerMetric(metric: Metric): void {
    this.#metrics.push(metric)
  }

  async text(): Promise<string> {
    const blocks = await Promise.all(this.#metrics.map(blockOf))
    return blocks.join('')
  }
}

async function blockOf(metric: Metric): Promise<string> {
  const { name, help, type, values } = (await metric.get()) as {
    name: string
    help: string
    type: string
    values: readonly Value[]
  }
  const lines = values.map(
    ({ metricName = name, labels, value }) => `${metricName}${labelsOf(labels)} ${numberOf(value)}`,
  )
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}

function labelsOf(labels: Value['labels']): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Metric, Registry } from 'prom-client'
import { MetricsPage } from '../../lib/cli/metrics-page.ts'

test('the page of narad run is what the registry of prom-client writes', async () => {
  const metrics = [
    { name: 'a_total', help: 'A counter,\nwith a \\ in it', type: 'counter', values: [{ value: 1.5e-7, labels: {} }] },
    {
      name: 'b',
      help: 'A gauge',
      type: 'gauge',
      values: [
        { value: Number.POSITIVE_INFINITY, labels: { topic: 'a "quoted"\\\n topic', partition: 3 } },
        { value: -1, labels: { topic: 'ключ', partition: 0 } },
      ],
    },
    {
      name: 'c_seconds',
      help: 'A histogram',
      type: 'histogram',
      values: [
        { value: 1, labels: { le: 0.5 }, metricName: 'c_seconds_bucket' },
        { value: 2, labels: { le: '+Inf' }, metricName: 'c_seconds_bucket' },
        { value: 0.7, labels: {}, metricName: 'c_seconds_sum' },
      ],
    },
  ].map((metric) => ({
    ...metric,
    aggregator: 'sum',
    reset: () => {},
    get: async () => ({ ...metric, aggregator: 'sum' }),
  }))
  const [registry, page] = [new Registry(), new MetricsPage()]
  for (const metric of metrics) {
    registry.registerMetric(metric as unknown as Metric)
    page.registerMetric(metric)
  }
  const compact = (text: string) => text.replaceAll(/\n+/g, '\n').trim()
  assert.equal(compact(await page.text()), compact(await registry.metrics()))
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ArgumentError, BusinessError, ConfigError, type KafkaService, PermanentError, type RecordContext } from 'narad'
import { type CollectOptions, collectKafkaMetrics } from 'narad/prometheus'
import { TestBroker } from 'narad/testing'
import { AggregatorRegistry, type OpenMetricsContentType, Registry, type RegistryContentType } from 'prom-client'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { prometheusSkip, startPrometheus } from '../helpers/prometheus.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const ROOT = resolve(__dirname, '..', '..')
const GROUP = randomGroup()
const TOPIC = randomTopic()

/** The values of a scrape by the whole series, as it is written. */
async function scrape(registry: Registry<RegistryContentType>): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

/** A service that has sent, handled, retried, refused and parked something, and failed to send. */
async function busyService(scope: Scope): Promise<KafkaService> {
  const broker = await TestBroker.start({ topics: [{ name: TOPIC, partitions: 2 }] })
  scope.after(() => broker.stop())
  const service = await makeProducer(scope, { brokers: broker.brokers, commitIntervalMs: 10, maxRecordBytes: 2_000 })
  await service.connectConsumer(GROUP)
  const handler = (value: number, { attempt }: RecordContext) => {
    if (value === 1) throw new PermanentError('no such customer')
    if (value === 2) throw new BusinessError('sold out')
    if (value === 3 && attempt === 1) throw new Error('try again')
  }
  await service.subscribe<number>(TOPIC, handler, { retry: { initialDelayMs: 1 } })
  await service.send(
    TOPIC,
    Array.from({ length: 20 }, (_, index) => index),
    { key: String },
  )
  await assert.rejects(service.send(TOPIC, 'x'.repeat(3_000)))
  const isQuiet = () => {
    const [group] = service.metrics()?.groups ?? []
    return group?.topics[0]?.handled === 18 && group.partitions.every(({ lag }) => lag === 0)
  }
  await waitFor(isQuiet, { what: 'all to be handled' })
  return service
}

describe('narad/prometheus', () => {
  const cleanUps: Array<() => Promise<void>> = []
  let service: KafkaService
  before(async () => {
    service = await busyService({ after: (cleanUp) => cleanUps.unshift(cleanUp) })
  })
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })

  test('shows what metrics() and health() say, to the last number', async () => {
    const register = new Registry()
    const [metrics, health] = [service.metrics(), service.health()]
    assert.ok(metrics)
    collectKafkaMetrics({ register, service: { metrics: () => metrics, health: () => health } })
    const shown = await scrape(register)
    const expected = new Map<string, number>([
      ['narad_connected', 1],
      ['narad_live', 1],
      ['narad_ready', 1],
      ['narad_producer_queued_records', metrics.producer.queued],
    ])
    const expectHistogram = (name: string, labels: string, { bounds, buckets, count, sum }: Durations) => {
      for (const [index, le] of [...bounds, '+Inf'].entries()) {
        const below = buckets.slice(0, index + 1).reduce((all, one) => all + one, 0)
        expected.set(`${name}_bucket{${labels},le="${le}"}`, below)
      }
      expected.set(`${name}_sum{${labels}}`, sum)
      expected.set(`${name}_count{${labels}}`, count)
    }
    for (const { topic, sent, sentBytes, failed, inFlight, latency } of metrics.producer.topics) {
      const labels = `topic="${topic}"`
      expected.set(`narad_producer_sent_records_total{${labels}}`, sent)
      expected.set(`narad_producer_sent_bytes_total{${labels}}`, sentBytes)
      expected.set(`narad_producer_in_flight_records{${labels}}`, inFlight)
      for (const [code, count] of Object.entries(failed)) {
        expected.set(`narad_producer_failed_records_total{${labels},code="${code}"}`, count)
      }
      expectHistogram('narad_producer_latency_seconds', labels, latency)
    }
    assert.ok(expected.has(`narad_producer_failed_records_total{topic="${TOPIC}",code="NARAD_RECORD_TOO_LARGE"}`))
    for (const { group, commits, rebalances, held, topics, partitions } of metrics.groups) {
      const of = `group="${group}"`
      for (const [result, count] of Object.entries(commits)) {
        expected.set(`narad_group_commits_total{${of},result="${result}"}`, count)
      }
      for (const [kind, count] of Object.entries(rebalances)) {
        expected.set(`narad_group_rebalances_total{${of},kind="${kind}"}`, count)
      }
      expected.set(`narad_group_held_records{${of}}`, held)
      for (const { topic, failed, duration, ...counts } of topics) {
        const labels = `${of},topic="${topic}"`
        expected.set(`narad_group_received_records_total{${labels}}`, counts.received)
        expected.set(`narad_group_received_bytes_total{${labels}}`, counts.receivedBytes)
        expected.set(`narad_group_handled_records_total{${labels}}`, counts.handled)
        expected.set(`narad_group_retried_attempts_total{${labels}}`, counts.retried)
        expected.set(`narad_group_dead_letters_total{${labels}}`, counts.deadLettered)
        expected.set(`narad_group_dead_letter_failures_total{${labels}}`, counts.deadLetterFailures)
        expected.set(`narad_group_skipped_records_total{${labels}}`, counts.skipped)
        expected.set(`narad_group_stopped_partitions_total{${labels}}`, counts.stopped)
        for (const [name, count] of Object.entries(failed)) {
          expected.set(`narad_group_failed_attempts_total{${labels},class="${name}"}`, count)
        }
        expectHistogram('narad_group_handler_duration_seconds', labels, duration)
      }
      for (const { topic, partition, inFlight, lag } of partitions) {
        const labels = `${of},topic="${topic}",partition="${partition}"`
        expected.set(`narad_partition_in_flight_records{${labels}}`, inFlight)
        if (lag !== undefined) expected.set(`narad_partition_lag_records{${labels}}`, lag)
      }
    }
    assert.deepEqual([...shown.keys()].sort(), [...expected.keys()].sort())
    for (const [name, value] of expected) assert.equal(shown.get(name), value, name)
    assert.equal(shown.get(`narad_group_dead_letters_total{group="${GROUP}",topic="${TOPIC}"}`), 1)
  })

  test('has names that docs/metrics.md tells, and no others', async () => {
    const register = new Registry()
    collectKafkaMetrics({ register, service })
    const told = readFileSync(join(ROOT, 'docs', 'metrics.md'), 'utf8').matchAll(/^\| .*`(narad_\w+)/gm)
    const names = register.getMetricsAsArray().map(({ name }) => name)
    assert.deepEqual([...new Set([...told].map(([, name]) => name))].sort(), names.sort())
  })

  test('is asked once a scrape, and not before', async () => {
    const register = new Registry()
    const asked: string[] = []
    const counting: CollectOptions['service'] = {
      health: () => {
        asked.push('health')
        return service.health()
      },
      metrics: () => {
        asked.push('metrics')
        return service.metrics()
      },
    }
    collectKafkaMetrics({ register, service: counting })
    assert.deepEqual(asked, [])
    await register.metrics()
    assert.deepEqual(asked, ['health', 'metrics'])
    await register.getMetricsAsJSON()
    assert.equal(asked.length, 4)
  })

  test('keeps its numbers when the registry is reset, and has the labels of the registry', async () => {
    const register = new Registry()
    register.setDefaultLabels({ app: 'shop' })
    collectKafkaMetrics({ register, service })
    register.resetMetrics()
    assert.equal((await scrape(register)).get(`narad_producer_sent_records_total{topic="${TOPIC}",app="shop"}`), 20)
  })

  test('is OpenMetrics where the registry is', async () => {
    const register = new Registry<OpenMetricsContentType>()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    collectKafkaMetrics({ register, service })
    const text = await register.metrics()
    assert.match(text, /^# TYPE narad_producer_sent_records counter$/m)
    assert.ok(text.includes(`\nnarad_producer_sent_records_total{topic="${TOPIC}"} 20\n`), text)
    assert.ok(text.endsWith('# EOF\n'))
  })

  test('is summed over the processes of a cluster, which is as ready as the least ready of them', async () => {
    const ill = { health: () => ({ ...service.health(), ready: false }), metrics: () => service.metrics() }
    const registries = [service, ill].map((one) => {
      const register = new Registry()
      collectKafkaMetrics({ register, service: one })
      return register
    })
    const all = AggregatorRegistry.aggregate(await Promise.all(registries.map((one) => one.getMetricsAsJSON())))
    const shown = await scrape(all)
    assert.equal(shown.get(`narad_producer_sent_records_total{topic="${TOPIC}"}`), 40)
    assert.deepEqual([shown.get('narad_live'), shown.get('narad_ready')], [1, 0])
  })

  test('shows health alone where nothing is counted, and refuses what is wrong', async (t) => {
    const register = new Registry()
    const quiet = makeService(t, { brokers: 'localhost:1', enableMiddleware: false })
    collectKafkaMetrics({ register, service: quiet })
    assert.deepEqual(Object.fromEntries(await scrape(register)), { narad_connected: 0, narad_live: 1, narad_ready: 0 })
    // a second service would be added to the first in silence
    assert.throws(() => collectKafkaMetrics({ register, service }), /narad_connected has already been registered/)
    const wrong = (options: unknown) => () => collectKafkaMetrics(options as CollectOptions)
    assert.throws(wrong({}), ArgumentError)
    assert.throws(wrong(undefined), ArgumentError)
    assert.throws(wrong({ register, service: {} }), ArgumentError)
    assert.throws(wrong({ register, registry: register }), ConfigError)
  })

  test('gives each query of the dashboard something to show, and Prometheus understands the alerts', {
    skip: prometheusSkip(),
  }, async (t) => {
    const register = new Registry()
    collectKafkaMetrics({ register, service })
    const server = createServer(async (_request, response) => {
      response.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const query = await startPrometheus(t, `127.0.0.1:${(server.address() as AddressInfo).port}`)
    const samples = async () => (await query(`count_over_time(narad_live[1m])`))[0]?.value ?? 0
    await waitFor(async () => (await samples()) >= 3, { what: 'three scrapes', timeoutMs: 20_000, intervalMs: 100 })

    const dashboard = JSON.parse(readFileSync(join(ROOT, 'docs', 'grafana-dashboard.json'), 'utf8')) as Dashboard
    const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((one) => ({ title, ...one })))
    assert.ok(targets.length > 20)
    for (const { title, expr, legendFormat } of targets) {
      const found = await query(expr.replaceAll('$__rate_interval', '10s').replace(/\$(job|instance|group)\b/g, '.*'))
      assert.ok(found.length > 0, `${title} shows nothing: ${expr}`)
      for (const [, label = ''] of legendFormat.matchAll(/{{(\w+)}}/g)) {
        for (const { metric } of found) assert.ok(metric[label] !== undefined, `${title}: no ${label} in ${expr}`)
      }
    }
    for (const { name, query: variable } of dashboard.templating.list) {
      if (typeof variable === 'string') continue
      const [, selector = ''] = /^label_values\((.*), \w+\)$/.exec(variable.query) ?? []
      const found = await query(selector.replace(/\$(job|instance)\b/g, '.*'))
      assert.ok(found[0]?.metric[name] !== undefined, `nothing to choose as ${name}`)
    }
    for (const [, alert = ''] of readFileSync(join(ROOT, 'docs', 'metrics.md'), 'utf8').matchAll(
      /^ {2}expr: (.+)$/gm,
    )) {
      await query(alert)
    }
    const [letters] = await query(`narad_group_dead_letters_total{group="${GROUP}"}`)
    assert.equal(letters?.value, 1)
  })
})

interface Durations {
  bounds: readonly number[]
  buckets: number[]
  count: number
  sum: number
}

interface Dashboard {
  panels: Array<{ title: string; targets?: Array<{ expr: string; legendFormat: string }> }>
  templating: { list: Array<{ name: string; query: string | { query: string } }> }
}

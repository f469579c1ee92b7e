import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  type Attributes,
  type Context,
  context,
  metrics,
  propagation,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { type HistogramMetricData, MeterProvider, MetricReader, type SumMetricData } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import {
  ArgumentError,
  BusinessError,
  ConfigError,
  type KafkaService,
  message,
  PermanentError,
  type RecordContext,
  retry,
} from 'narad'
import { type OpenTelemetryOptions, opentelemetry } from 'narad/opentelemetry'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const exporter = new InMemorySpanExporter()
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const contexts = new AsyncLocalStorageContextManager().enable()

function spans(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name)
}

async function spansOnceThere(name: string, count: number): Promise<ReadableSpan[]> {
  await waitFor(() => spans(name).length >= count, { what: `${count} spans "${name}"` })
  assert.equal(spans(name).length, count)
  return spans(name)
}

async function only(name: string): Promise<ReadableSpan> {
  return (await spansOnceThere(name, 1))[0] as ReadableSpan
}

const idsOf = ({ traceId, spanId }: SpanContext) => ({ traceId, spanId })
const linksOf = ({ links }: ReadableSpan) => links.map((link) => idsOf(link.context))

/** `traceparent` of a span that is sampled. */
const header = (span: ReadableSpan) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`

describe('narad/opentelemetry', () => {
  let broker: TestBroker
  before(async () => {
    broker = await TestBroker.start()
    trace.setGlobalTracerProvider(tracers)
    context.setGlobalContextManager(contexts)
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
  })
  afterEach(() => exporter.reset())
  after(async () => {
    trace.disable()
    context.disable()
    propagation.disable()
    await tracers.shutdown()
    await broker.stop()
  })

  interface Bench {
    service: KafkaService
    topic: string
    group: string
  }

  async function bench(t: Scope, options?: OpenTelemetryOptions): Promise<Bench> {
    const [topic, group] = [randomTopic(), randomGroup()]
    await broker.createTopic(topic)
    const service = await makeProducer(t, { brokers: broker.brokers })
    service.use(opentelemetry(options))
    await service.connectConsumer(group)
    return { service, topic, group }
  }

  test('makes a span of a send, and one of its handler that begins a trace with a link to it', async (t) => {
    const { service, topic, group } = await bench(t)
    const received = new Received()
    // a span that is there while it subscribes has nothing to do with the records
    await tracers.getTracer('test').startActiveSpan('start-up', async (span) => {
      await service.subscribe(topic, received.handler)
      span.end()
    })
    const order = message({ id: 1 }).key('k').messageId('m-1').correlationId('c-1')
    await tracers.getTracer('test').startActiveSpan('request', async (span) => {
      await service.send(topic, order)
      span.end()
    })
    await received.count(1)
    const [request, send, process] = [
      await only('request'),
      await only(`send ${topic}`),
      await only(`process ${topic}`),
    ]
    assert.equal(send.kind, SpanKind.PRODUCER)
    assert.equal(send.parentSpanContext?.spanId, request.spanContext().spanId)
    const common = {
      'messaging.system': 'kafka',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.message.id': 'm-1',
      'messaging.message.conversation_id': 'c-1',
    }
    const ofSend = { 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' }
    assert.deepEqual({ ...send.attributes }, { ...common, ...ofSend })
    assert.equal(received.records[0]?.headers['traceparent'], header(send))
    assert.equal(process.kind, SpanKind.CONSUMER)
    assert.equal(process.parentSpanContext, undefined)
    assert.notEqual(process.spanContext().traceId, send.spanContext().traceId)
    assert.deepEqual(linksOf(process), [idsOf(send.spanContext())])
    const ofProcess = { 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' }
    assert.deepEqual({ ...process.attributes }, { ...common, ...ofProcess, 'messaging.consumer.group.name': group })
    assert.deepEqual([send.status.code, process.status.code], [SpanStatusCode.UNSET, SpanStatusCode.UNSET])
    assert.equal(process.instrumentationScope.schemaUrl, 'https://opentelemetry.io/schemas/1.44.0')
  })

  test('continues the trace of the sender with `parent`, through a handler that sends on, baggage included', async (t) => {
    const { service, topic } = await bench(t, { parent: true })
    const next = randomTopic()
    await broker.createTopic(next)
    const baggage: Array<string | undefined> = []
    const received = new Received()
    await service.subscribe(next, received.handler)
    await service.subscribe(topic, async () => {
      baggage.push(propagation.getActiveBaggage()?.getEntry('tenant')?.value)
      await new Promise((resolve) => setImmediate(resolve))
      await service.send(next, 'on')
    })
    const withBaggage: Context = propagation.setBaggage(
      context.active(),
      propagation.createBaggage({ tenant: { value: 'acme' } }),
    )
    await context.with(withBaggage, () => service.send(topic, 1))
    await received.count(1)
    const names = [`send ${topic}`, `process ${topic}`, `send ${next}`, `process ${next}`]
    const [send, process, sendOn, processOn] = await Promise.all(names.map(only))
    assert.ok(send && process && sendOn && processOn)
    assert.deepEqual(
      [process, sendOn, processOn].map(({ parentSpanContext }) => parentSpanContext?.spanId),
      [send, process, sendOn].map((span) => span.spanContext().spanId),
    )
    assert.equal(processOn.spanContext().traceId, send.spanContext().traceId)
    assert.deepEqual(linksOf(process), [idsOf(send.spanContext())])
    assert.deepEqual(baggage, ['acme'])
    assert.equal(received.records[0]?.headers['baggage'], 'tenant=acme')
  })

  test('hands baggage on to the handler also where its trace is another', async (t) => {
    const { service, topic } = await bench(t)
    const tenants: Array<string | undefined> = []
    await service.subscribe(topic, () => {
      tenants.push(propagation.getActiveBaggage()?.getEntry('tenant')?.value)
    })
    await service.send(topic, message(1).header('baggage', 'tenant=acme'))
    await waitFor(() => tenants.length === 1, { what: 'the record' })
    assert.deepEqual(tenants, ['acme'])
  })

  test('makes a span for each record of an array, and links the batch to those', async (t) => {
    const { service, topic, group } = await bench(t)
    await service.send(topic, [1, 2, null], { key: String })
    const received = new Received()
    const batch = { maxMessages: 3, maxWaitMs: 10_000 }
    await service.subscribe(topic, received.batchHandler, { batch, fromBeginning: true })
    await received.count(3)
    const creates = await spansOnceThere(`create ${topic}`, 3)
    const [send, process] = [await only(`send ${topic}`), await only(`process ${topic}`)]
    assert.deepEqual(
      [creates[0]?.kind, send.kind, process.kind],
      [SpanKind.PRODUCER, SpanKind.CLIENT, SpanKind.CONSUMER],
    )
    const created = creates.map((span) => idsOf(span.spanContext()))
    assert.deepEqual(linksOf(send), created)
    assert.deepEqual(linksOf(process), created)
    assert.deepEqual(
      creates.map(({ attributes }) => attributes['messaging.kafka.message.tombstone']),
      [undefined, undefined, true],
    )
    assert.equal(send.attributes['messaging.batch.message_count'], 3)
    const { attributes } = process
    assert.deepEqual(
      [attributes['messaging.batch.message_count'], attributes['messaging.destination.partition.id']],
      [3, '0'],
    )
    assert.equal(attributes['messaging.consumer.group.name'], group)
  })

  test('gives all records of an array the span of the call with `createSpans: false`', async (t) => {
    const { service, topic } = await bench(t, { createSpans: false })
    const received = new Received()
    await service.subscribe(topic, received.handler)
    await service.sendRecords(topic, [{ value: '1' }, { value: '2' }])
    await received.count(2)
    const send = await only(`send ${topic}`)
    assert.deepEqual([send.kind, send.links, spans(`create ${topic}`)], [SpanKind.PRODUCER, [], []])
    assert.deepEqual(
      received.records.map(({ headers }) => headers['traceparent']),
      [header(send), header(send)],
    )
  })

  test('leaves a context that a record has already, and links to it', async (t) => {
    const { service, topic } = await bench(t)
    const received = new Received()
    await service.subscribe(topic, received.handler)
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const traceparent = `00-${traceId}-${spanId}-01`
    await service.send(topic, message(1).header('traceparent', Buffer.from(traceparent)))
    await received.count(1)
    assert.equal(received.records[0]?.headers['traceparent'], traceparent)
    const [send, process] = [await only(`send ${topic}`), await only(`process ${topic}`)]
    assert.equal(send.kind, SpanKind.CLIENT)
    assert.deepEqual([linksOf(send), linksOf(process)], [[{ traceId, spanId }], [{ traceId, spanId }]])
  })

  test('says how attempts failed, without secrets, and counts what a handler refuses as no error', async (t) => {
    const { service, topic } = await bench(t)
    const handler = (value: string, { attempt }: RecordContext) => {
      if (value === 'verdict') return attempt === 1 ? retry({ afterMs: 1 }) : undefined
      if (value === 'business') throw new BusinessError('sold out')
      throw new PermanentError('cannot reach postgres://me:hunter2@db')
    }
    await service.subscribe<string>(topic, handler)
    await service.send(topic, 'verdict')
    await service.send(topic, 'business')
    await service.send(topic, 'permanent')
    const made = (await spansOnceThere(`process ${topic}`, 4)).map(({ attributes, status }) => ({
      offset: attributes['messaging.kafka.offset'],
      attempt: attributes['narad.record.attempt'],
      type: attributes['error.type'],
      status: status.code,
      message: status.message,
    }))
    const [failed, fine] = [SpanStatusCode.ERROR, SpanStatusCode.UNSET]
    const asked = 'The handler asked for a retry.'
    const hidden = 'cannot reach postgres://[redacted]@db'
    assert.deepEqual(
      made.sort((a, b) => Number(a.offset) - Number(b.offset) || Number(a.attempt ?? 1) - Number(b.attempt ?? 1)),
      [
        { offset: 0, attempt: undefined, type: 'NARAD_TRANSIENT', status: failed, message: asked },
        { offset: 0, attempt: 2, type: undefined, status: fine, message: undefined },
        { offset: 1, attempt: undefined, type: 'NARAD_BUSINESS', status: fine, message: undefined },
        { offset: 2, attempt: undefined, type: 'NARAD_PERMANENT', status: failed, message: hidden },
      ],
    )
  })

  test('marks a send that fails, and rejects as without it', async (t) => {
    const { service, topic } = await bench(t)
    await assert.rejects(service.send(topic, 'x'.repeat(2_000_000)), { code: 'NARAD_RECORD_TOO_LARGE' })
    const { attributes, status } = await only(`send ${topic}`)
    assert.deepEqual([attributes['error.type'], status.code], ['NARAD_RECORD_TOO_LARGE', SpanStatusCode.ERROR])
  })

  // Instruments of the first send were kept: made before the SDK had started, they measured nothing for ever.
  test('measures sends and handlers, also where the SDK starts after the first send', async (t) => {
    const { service, topic, group } = await bench(t)
    await service.send(topic, 'not measured')
    const reader = new Reader()
    const meters = new MeterProvider({ readers: [reader] })
    metrics.setGlobalMeterProvider(meters)
    t.after(async () => {
      metrics.disable()
      await meters.shutdown()
    })
    const handled: number[] = []
    await service.subscribe<number>(topic, (value) => {
      handled.push(value)
      if (value === 2) throw new BusinessError('sold out')
    })
    await service.send(topic, 0)
    await service.send(topic, [1, 2, 3])
    await assert.rejects(service.send(topic, ['small', 'x'.repeat(2_000_000)]))
    await waitFor(() => handled.length === 5, { what: 'five records' })
    await spansOnceThere(`process ${topic}`, 5)

    const { resourceMetrics } = await reader.collect()
    const points = (name: string) => {
      const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
      const metric = all.find(({ descriptor }) => descriptor.name === name) as SumMetricData | HistogramMetricData
      assert.ok(metric, name)
      const points = metric.dataPoints.toSorted(
        (a, b) => Object.keys(a.attributes).length - Object.keys(b.attributes).length,
      )
      return points.map(({ attributes, value }) => {
        const { 'messaging.system': system, 'messaging.destination.name': to, ...rest } = attributes as Attributes
        assert.deepEqual([system, to], ['kafka', topic])
        return [rest, typeof value === 'number' ? value : value.count]
      })
    }
    const send = { 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' }
    const process = {
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': group,
    }
    const tooLarge = { 'error.type': 'NARAD_RECORD_TOO_LARGE' }
    assert.deepEqual(points('messaging.client.sent.messages'), [
      [send, 5],
      [{ ...send, ...tooLarge }, 1],
    ])
    assert.deepEqual(points('messaging.client.operation.duration'), [
      [send, 2],
      // what the whole call rejects with
      [{ ...send, 'error.type': 'NARAD_SEND_FAILED' }, 1],
    ])
    assert.deepEqual(points('messaging.client.consumed.messages'), [[process, 5]])
    assert.deepEqual(points('messaging.process.duration'), [
      [process, 4],
      [{ ...process, 'error.type': 'NARAD_BUSINESS' }, 1],
    ])
  })

  test('refuses options that are wrong or unknown', () => {
    assert.throws(() => opentelemetry({ parent: 'yes' } as unknown as OpenTelemetryOptions), ArgumentError)
    assert.throws(() => opentelemetry({ parents: true } as OpenTelemetryOptions), ConfigError)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { describeMetrics } from '../behaviours/metrics.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService, Received } from '../helpers/service.ts'

const bed = embeddedBed()

describeMetrics(bed)

describe('What metrics() gives', () => {
  test('is empty while nothing was connected, also in log-only mode', async (t) => {
    const nothing = { producer: { queued: 0, topics: [] }, groups: [] }
    assert.deepEqual(makeService(t, {}).metrics(), nothing)
    const service = await makeProducer(t, { devMode: 'log' })
    await service.send('t', 1)
    assert.deepEqual(service.metrics(), nothing)
  })

  test('is what docs/metrics.md tells of, field by field', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers })
    const received = new Received<number>()
    await service.connectConsumer(randomGroup())
    await service.subscribe<number>(topic, received.handler)
    await service.send(topic, 1)
    await received.count(1)
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
    const names = [...page.matchAll(/^\| `([\w.[\]]+)` \|/gm)].map(([, path]) => path as string)
    // the table of Prometheus is another
    const told = names.filter((name) => !name.startsWith('narad_'))
    assert.deepEqual(told, pathsOf(service.metrics(), ''))
  })
})

/** The fields in order; of a list those of its first element. A histogram, and counts by code, are one field. */
function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return pathsOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null || 'buckets' in value || path === 'producer.topics[].failed')
    return [path]
  return Object.entries(value as object).flatMap(([key, inner]) => pathsOf(inner, path === '' ? key : `${path}.${key}`))
}

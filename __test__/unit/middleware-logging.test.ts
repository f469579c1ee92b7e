import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deadLetter, retry } from '../../lib/delivery/verdict.ts'
import { createLogger, LOG_LEVELS, type LogLevel } from '../../lib/logger.ts'
import { logging } from '../../lib/middleware/logging.ts'
import type { RecordMiddlewareContext } from '../../lib/middleware/middleware.ts'

const SECRET = 'canary-7f3a'
const record = (offset: number, partition = 0) => {
  const content = { key: SECRET, message: SECRET, headers: { h: SECRET } }
  return { topic: 't', partition, offset, group: 'g', attempt: 2, ...content } as unknown as RecordMiddlewareContext
}
const boom = new Error('boom')

function setUp(level: LogLevel = 'debug') {
  const lines: Array<{ fields: Record<string, unknown>; message: string }> = []
  const note = (fields: object, message = '') => lines.push({ fields: { ...fields }, message })
  const logger = { debug: note, info: note, warn: note, error: note } as never
  return { lines, middleware: logging(createLogger({ level, logger })) }
}

function told(lines: ReturnType<typeof setUp>['lines']) {
  return lines.map(({ fields: { durationMs, ...fields }, message }) => {
    assert.ok(typeof durationMs === 'number' && durationMs >= 0)
    return [message, fields]
  })
}

describe('logging', () => {
  test('tells of a record where it was and nothing of what it held', async () => {
    const { lines, middleware } = setUp()
    await middleware.consume?.(record(2), async () => SECRET)
    assert.deepEqual(told(lines), [
      ['Handled a record', { topic: 't', partition: 0, offset: 2, group: 'g', attempt: 2 }],
    ])
  })

  test('tells of a batch the ranges of each partition', async () => {
    const { lines, middleware } = setUp()
    const records = [record(0), record(1), record(2, 1)]
    const { signal } = new AbortController()
    await middleware.consumeBatch?.(
      { records, group: 'g', signal, ack: () => true, messages: [SECRET] },
      async () => {},
    )
    assert.deepEqual(told(lines), [
      [
        'Handled a batch of 3',
        {
          ranges: [
            { topic: 't', partition: 0, offset: 0, lastOffset: 1, records: 2 },
            { topic: 't', partition: 1, offset: 2, lastOffset: 2, records: 1 },
          ],
          failed: 0,
          group: 'g',
          attempt: 2,
        },
      ],
    ])
  })

  test('tells of a call to send where the records went', async () => {
    const { lines, middleware } = setUp()
    const sent = { value: SECRET, key: SECRET, headers: { h: SECRET }, partition: undefined, timestamp: undefined }
    const places = [3, 4].map((offset) => ({ topic: 't', partition: 1, offset, timestamp: 0 }))
    await middleware.send?.({ topic: 't', records: [sent] }, async () => places.slice(0, 1))
    await middleware.send?.({ topic: 't', records: [sent, sent] }, async () => places)
    assert.deepEqual(told(lines), [
      ['Sent a record', { topic: 't', partition: 1, offset: 3 }],
      ['Sent 2 records', { topic: 't', ranges: [{ topic: 't', partition: 1, offset: 3, lastOffset: 4, records: 2 }] }],
    ])
    assert.ok(!JSON.stringify(lines).includes(SECRET))
  })

  test('leaves failures to whoever knows what becomes of the record', async () => {
    const { lines, middleware } = setUp()
    const failed = () => Promise.reject(boom)
    await assert.rejects(async () => middleware.consume?.(record(0), failed), boom)
    await assert.rejects(async () => middleware.send?.({ topic: 't', records: [] }, failed), boom)
    await middleware.consume?.(record(0), async () => retry())
    const batch = {
      records: [record(0)],
      group: 'g',
      signal: new AbortController().signal,
      ack: () => true,
      messages: [SECRET],
    }
    await middleware.consumeBatch?.(batch, async () => deadLetter('bad'))
    assert.deepEqual(lines, [])
  })

  for (const level of LOG_LEVELS.filter((name) => name !== 'debug')) {
    test(`takes part in nothing at the level ${level}`, () => {
      assert.deepEqual(setUp(level).middleware, { name: 'logging' })
    })
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePino } from '../../lib/system-logs/pino-line.ts'

const parse = (line: object) => parsePino(JSON.stringify(line))

test('a level is known by its number or its label', () => {
  const levels = [10, 20, 30, 35, 40, 50, 60, 'warn', 'FATAL', 'trace', 'mine', undefined]
  assert.deepEqual(
    levels.map((level) => parse({ level })?.level),
    ['TRACE', 'DEBUG', 'INFO', 'INFO', 'WARN', 'ERROR', 'FATAL', 'WARN', 'FATAL', 'TRACE', 'INFO', 'INFO'],
  )
})

test('secrets are taken out of message and fields, and hostile names stay names', () => {
  const parsed = parsePino('{"level":30,"msg":"password=hunter2","token":"t","__proto__":{"a":1}}')
  assert.equal(parsed?.message.includes('hunter2'), false)
  assert.equal(JSON.stringify(parsed?.data), '{"token":"[redacted]","__proto__":{"a":1}}')
})

test('the time is in milliseconds or ISO, and now where it is neither', () => {
  assert.equal(parse({ time: 1_700_000_000_000 })?.time.getTime(), 1_700_000_000_000)
  assert.equal(parse({ time: '2024-05-01T00:00:00.000Z' })?.time.toISOString(), '2024-05-01T00:00:00.000Z')
  assert.ok(Math.abs((parse({ time: 'soon' })?.time.getTime() ?? 0) - Date.now()) < 60_000)
})

test('what is no line of pino is undefined', () => {
  for (const line of ['', 'text', '5', 'null', '{']) assert.equal(parsePino(line), undefined)
})

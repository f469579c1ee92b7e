import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SendError } from '../../lib/errors.ts'
import { createLogger, isLogger, type Logger, type LogLevel, redactFields } from '../../lib/logger.ts'

function lines(level: LogLevel = 'debug') {
  const written: string[] = []
  return { written, log: createLogger({ level, write: (line) => written.push(line) }) }
}

function recorder() {
  const calls: Array<[string, ...unknown[]]> = []
  const method =
    (level: string) =>
    (...args: unknown[]) =>
      void calls.push([level, ...args])
  const logger: Logger = { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') }
  return { calls, logger }
}

test('an entry is one line with time, level, message and fields', () => {
  const { written, log } = lines()
  log.info({ group: 'g', partitions: [0, 1] }, 'Joined')
  log.warn('Alone')
  assert.match(
    written[0] ?? '',
    /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}narad: Joined {"group":"g","partitions":\[0,1\]}\n$/,
  )
  assert.match(written[1] ?? '', /Z warn {2}narad: Alone\n$/)
})

test('entries below the level are not written, and silent writes none', () => {
  const cases: Array<[LogLevel, number]> = [
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ]
  for (const [level, count] of cases) {
    const { written, log } = lines(level)
    for (const entry of ['debug', 'info', 'warn', 'error'] as const) {
      log[entry]('x')
      assert.equal(
        log.enabled(entry),
        written.some((line) => line.includes(` ${entry} `)),
      )
    }
    assert.equal(written.length, count, level)
  }
})

test('line breaks, terminal sequences and lone surrogates in names cannot forge or break a line', () => {
  const { written, log } = lines()
  log.info({ topic: 'a\u2028b\u001b[2J\ud800', 'k\ney': 'v' }, 'Hello\r\n2026-01-01T00:00:00.000Z error narad: forged')
  assert.equal(written.length, 1)
  const line = written[0] ?? ''
  assert.equal(line.indexOf('\n'), line.length - 1)
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Zl}\p{Cs}]/u)
  assert.deepEqual(JSON.parse(line.slice(line.indexOf('{'))), { topic: 'a\u2028b\u001b[2J\ud800', 'k\ney': 'v' })
})

test('a logger in the shape of pino gets fields and message, below narad’s own level nothing', () => {
  const { calls, logger } = recorder()
  const log = createLogger({ level: 'info', logger })
  log.debug({ a: 1 }, 'hidden')
  log.info({ a: 1 }, 'shown')
  log.error('alone')
  assert.deepEqual(calls, [
    ['info', { a: 1 }, 'shown'],
    ['error', 'alone'],
  ])
})

test('a logger that throws does not disturb its caller, and its entries go to stderr', () => {
  const written: string[] = []
  const throwing = () => {
    throw new Error('disk full')
  }
  const logger = { debug: throwing, info: throwing, warn: throwing, error: throwing }
  createLogger({ level: 'info', logger, write: (line) => written.push(line) }).warn('Lost the broker')
  assert.match(written.join(''), /disk full.*\n.*Lost the broker\n$/)
})

test('fields that cannot be read do not disturb the caller', () => {
  const { written, log } = lines()
  const hostile = {
    get topic(): string {
      throw new Error('no')
    },
  }
  const circular: Record<string, unknown> = { big: 10n, fn: () => 1 }
  circular.self = circular
  log.info(hostile, 'a')
  log.info(circular, 'b')
  assert.match(written[0] ?? '', /could not be read/)
  assert.match(written[1] ?? '', /"big":"10","fn":"\[function\]","self":"\[circular\]"/)
})

test('errors keep name, code, stack and cause in fields', () => {
  const fields = redactFields(new SendError('no', { topic: 'orders', cause: new TypeError('why') }))
  const err = fields.err as Record<string, unknown>
  assert.equal(err.type, 'SendError')
  assert.equal(err.code, 'NARAD_SEND_FAILED')
  assert.equal(err.topic, 'orders')
  assert.match(String(err.stack), /^SendError: no\n/)
  assert.equal((err.cause as Record<string, unknown>).type, 'TypeError')
})

test('fields named like a secret are replaced, at every depth and in every container', () => {
  const fields = {
    config: { sasl: { username: 'u', password: 'hunter2' } },
    list: [{ token: 'hunter2' }],
    map: new Map([['client_secret', 'hunter2']]),
    url: 'kafka://u:hunter2@host',
    json: { toJSON: () => ({ passphrase: 'hunter2' }) },
    __proto__: { inherited: 'hunter2' },
  }
  const text = JSON.stringify(redactFields(fields))
  assert.ok(!text.includes('hunter2'), text)
  assert.ok(text.includes('"username":"u"'))
})

test('a field named __proto__ is a field and touches no prototype', () => {
  const copy = redactFields(JSON.parse('{"__proto__":{"a":1}}'))
  assert.equal(Object.getPrototypeOf(copy), Object.prototype)
  assert.equal(JSON.stringify(copy), '{"__proto__":{"a":1}}')
})

test('a logger needs the four functions', () => {
  assert.ok(isLogger(recorder().logger))
  assert.ok(isLogger(console))
  for (const value of [null, undefined, {}, { info() {} }, 'console']) assert.ok(!isLogger(value))
})

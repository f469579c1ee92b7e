import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as errors from '../../lib/errors.ts'
import {
  ArgumentError,
  BusinessError,
  ConfigError,
  FatalError,
  fromNative,
  InternalError,
  KafkaError,
  NotConnectedError,
  PermanentError,
  SendError,
  TransientError,
} from '../../lib/errors.ts'

const native = (fields: Partial<errors.NativeErrorFields> = {}) =>
  Object.assign(new Error('Broker: message too large'), {
    code: 'NARAD_RECORD_TOO_LARGE',
    kafkaCode: 'MSG_SIZE_TOO_LARGE',
    retriable: false,
    fatal: false,
    ...fields,
  })

test('an error takes retriable and fatal from the table unless it is told better', () => {
  assert.equal(new SendError('m').retriable, false)
  assert.equal(new SendError('m', { code: 'NARAD_SEND_TIMEOUT' }).retriable, true)
  assert.equal(new SendError('m', { retriable: true }).retriable, true)
  assert.equal(new FatalError('m').fatal, true)
})

test('context fields that are not known do not appear on the error', () => {
  const error = new ArgumentError('m', { topic: 'orders', partition: 0, key: null, group: undefined })
  assert.deepEqual(Object.keys(error), ['code', 'retriable', 'fatal', 'topic', 'partition', 'key'])
  assert.equal(error.partition, 0)
  assert.equal(error.key, null)
})

test('a send that timed out may be in the log unless it is known not to be', () => {
  assert.equal(new SendError('m', { code: 'NARAD_SEND_TIMEOUT' }).maybeInLog, true)
  assert.equal(new SendError('m', { code: 'NARAD_SEND_TIMEOUT', maybeInLog: false }).maybeInLog, false)
  assert.equal(new SendError('m').maybeInLog, undefined)
})

test('the message of a NotConnectedError always includes "not connected"', () => {
  // Callers of the services that narad replaces look for these words in the message.
  assert.match(new NotConnectedError('The producer is not connected: await connectProducer().').message, /^The prod/)
  assert.match(new NotConnectedError('call connectProducer() first').message, /not connected/)
  assert.match(fromNative({ ...native(), code: 'NARAD_NOT_CONNECTED', message: 'no' }).message, /not connected/)
})

test('instanceof holds for the class, its parent and Error, and not for siblings or look-alikes', () => {
  const error = new ConfigError('m')
  assert.ok(error instanceof ConfigError && error instanceof KafkaError && error instanceof Error)
  assert.ok(!(error instanceof SendError))
  assert.ok(!(new Error('m') instanceof KafkaError))
  for (const other of [null, undefined, 'NARAD_CONFIG_INVALID', { code: 'NARAD_CONFIG_INVALID' }]) {
    assert.ok(!((other as unknown) instanceof KafkaError))
  }
})

test('instanceof of a class that a user derives does not hold for its parent’s errors', () => {
  // A brand looked up through the constructor's prototype chain made every SendError an instance of the user's class.
  class OrderError extends SendError {}
  assert.ok(new OrderError('m') instanceof OrderError)
  assert.ok(new OrderError('m') instanceof SendError)
  assert.ok(!(new SendError('m') instanceof OrderError))
  assert.equal(new OrderError('m').code, 'NARAD_SEND_FAILED')
})

test('instanceof holds across two copies of the package', () => {
  const require = createRequire(import.meta.url)
  for (const path of ['../../lib/errors.ts', '../../lib/kafka-error.ts']) delete require.cache[require.resolve(path)]
  const copy: typeof errors = require('../../lib/errors.ts')
  assert.notEqual(copy.KafkaError, KafkaError)
  assert.ok(new copy.SendError('m') instanceof SendError)
  assert.ok(new copy.SendError('m') instanceof KafkaError)
  assert.ok(!(new copy.SendError('m') instanceof ConfigError))
  assert.ok(new ConfigError('m') instanceof copy.ConfigError)
})

test('a native error becomes the class of its code, with its fields, the context, and itself as the cause', () => {
  const raw = native({ topic: 'orders', partition: 2, offset: null })
  const error = fromNative(raw, { topic: 'ignored', key: 'k1', offset: 7 })
  assert.ok(error instanceof errors.RecordTooLargeError)
  assert.equal(error.cause, raw)
  const { message, code, kafkaCode, topic, partition, offset, key } = error
  assert.deepEqual(
    { message, code, kafkaCode, topic, partition, offset, key },
    {
      message: 'Broker: message too large',
      code: 'NARAD_RECORD_TOO_LARGE',
      kafkaCode: 'MSG_SIZE_TOO_LARGE',
      topic: 'orders',
      partition: 2,
      offset: 7,
      key: 'k1',
    },
  )
})

test('a native error without a cause of Kafka’s is as retriable as the table says', () => {
  // Of a subscription that timed out the error said that trying again was of no use.
  const timeout = { code: 'NARAD_SUBSCRIBE_TIMEOUT', message: 'm', retriable: false, fatal: false }
  assert.equal(fromNative(timeout).retriable, true)
  assert.equal(fromNative({ ...timeout, kafkaCode: 'GROUP_AUTHORIZATION_FAILED' }).retriable, false)
  assert.equal(fromNative({ ...timeout, fatal: true }).retriable, false)
})

test('a native error with a code that nobody knows is an internal error', () => {
  for (const code of ['GenericFailure', 'toString', '__proto__']) {
    const error = fromNative(native({ code }))
    assert.ok(error instanceof InternalError)
    assert.equal(error.code, 'NARAD_INTERNAL')
  }
})

test('the stack of a native error’s class shows the async caller and not the conversion', async () => {
  // A rejection from native code has no JavaScript frames at all.
  async function sendRecord(): Promise<never> {
    try {
      return await Promise.reject(native())
    } catch (raw) {
      throw fromNative(raw as errors.NativeErrorFields)
    }
  }
  async function placeOrder(): Promise<void> {
    await sendRecord()
  }
  const error: KafkaError = await placeOrder().then(
    () => assert.fail('it did not reject'),
    (reason) => reason,
  )
  assert.match(error.stack ?? '', /^RecordTooLargeError: Broker: message too large\n/)
  assert.match(error.stack ?? '', /sendRecord/)
  assert.match(error.stack ?? '', /placeOrder/)
  assert.doesNotMatch(error.stack ?? '', /fromNative|new KafkaError|kafka-error\.ts/)
})

test('a SendError of an array names the outcome of every record, in JSON too', () => {
  const sent = { topic: 'orders', partition: 0, offset: 5, timestamp: 1 }
  const error = new SendError('1 of 2 records failed', { results: [sent, new SendError('no', { key: 'k' })] })
  const json = JSON.parse(JSON.stringify(error))
  assert.deepEqual(json.results[0], sent)
  assert.equal(json.results[1].code, 'NARAD_SEND_FAILED')
  assert.equal(json.results[1].key, 'k')
})

test('JSON has name, code, message, context and causes, but no stack', () => {
  const cause = new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
  const json = JSON.parse(JSON.stringify(new KafkaError('m', { cause, key: Buffer.from('a\nb') })))
  assert.deepEqual(json, {
    name: 'KafkaError',
    code: 'NARAD_INTERNAL',
    message: 'm',
    retriable: false,
    fatal: false,
    key: 'a\\nb',
    cause: {
      name: 'TypeError',
      message: 'fetch failed',
      cause: { name: 'Error', message: 'refused', code: 'ECONNREFUSED' },
    },
  })
  assert.equal(JSON.parse(JSON.stringify(new KafkaError('m', { cause: Symbol('s') }))).cause, 'Symbol(s)')
})

test('inspection shows the class, the code and the cause', () => {
  const text = inspect(new SendError('no leader', { cause: new Error('why'), topic: 'orders' }))
  for (const part of ['SendError: no leader', "code: 'NARAD_SEND_FAILED'", "topic: 'orders'", '[cause]: Error: why']) {
    assert.ok(text.includes(part), `${part} is missing in ${text}`)
  }
})

test('what handlers throw says by itself what it means, and is of the family', () => {
  const cause = new Error('why')
  const permanent = new PermanentError('bad address', { cause })
  assert.ok(permanent instanceof KafkaError && permanent.cause === cause)
  assert.deepEqual([permanent.code, permanent.retriable], ['NARAD_PERMANENT', false])
  const transient = new TransientError('rate limited', { retryAfterMs: 5_000 })
  assert.deepEqual([transient.code, transient.retriable, transient.retryAfterMs], ['NARAD_TRANSIENT', true, 5_000])
  assert.equal(transient.toJSON().retryAfterMs, 5_000)
  assert.ok(!('retryAfterMs' in new TransientError('m')))
  const business = new BusinessError('sold out')
  assert.deepEqual([business.code, business.retriable], ['NARAD_BUSINESS', false])
})

test('a TransientError takes only a time that can be waited for', () => {
  for (const retryAfterMs of [0, 1.5, 2_147_483_647]) {
    assert.equal(new TransientError('m', { retryAfterMs }).retryAfterMs, retryAfterMs)
  }
  // a timer would take each of these for 1 ms
  for (const retryAfterMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5', null]) {
    assert.throws(
      () => new TransientError('m', { retryAfterMs: retryAfterMs as number }),
      (error) => error instanceof ArgumentError && error.message.startsWith('Field "retryAfterMs" of a TransientError'),
    )
  }
})

test('a cause without secrets is kept as it is, and one with secrets is replaced by a redacted copy', () => {
  const clean = new Error('disk full')
  assert.equal(new KafkaError('m', { cause: clean }).cause, clean)
  const leaking = Object.assign(new RangeError('login with password=hunter2 failed'), { code: 'E_LOGIN' })
  const error = new KafkaError('m', { cause: leaking })
  assert.ok(!inspect(error, { showHidden: true, depth: null }).includes('hunter2'))
  const { name, code } = error.cause as Error & { code: string }
  assert.deepEqual({ name, code }, { name: 'RangeError', code: 'E_LOGIN' })
})

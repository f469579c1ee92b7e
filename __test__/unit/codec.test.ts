import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type Codec, type ResolvedCodec, resolveCodec } from '../../lib/codec.ts'
import { ArgumentError, ConfigError, DecodeError, EncodeError } from '../../lib/errors.ts'

const TO = { topic: 'orders' }
const FROM = { topic: 'orders', partition: 2, offset: 7, timestamp: -1, headers: {} }
const json = resolveCodec('json')
const string = resolveCodec('string')
const buffer = resolveCodec('buffer')

function decode(codec: ResolvedCodec, bytes: Buffer | string): unknown {
  const value = Buffer.from(bytes)
  const arena = Buffer.concat([Buffer.from('before'), value, Buffer.from('after')])
  return codec.decode(arena, 6, 6 + value.length, FROM)
}

function encodeFails(codec: ResolvedCodec, value: unknown, message: RegExp): EncodeError {
  try {
    codec.encode(value, { ...TO, index: 3 })
  } catch (error) {
    assert.ok(error instanceof EncodeError)
    assert.equal(error.code, 'NARAD_ENCODE_FAILED')
    assert.equal(error.topic, 'orders')
    assert.match(error.message, /^The value of record 3 of the array for topic "orders" /)
    assert.match(error.message, message)
    return error
  }
  return assert.fail(`${inspect(value)} was encoded`)
}

function decodeFails(codec: ResolvedCodec, bytes: Buffer | string, message: RegExp): DecodeError {
  try {
    decode(codec, bytes)
  } catch (error) {
    assert.ok(error instanceof DecodeError)
    assert.equal(error.retriable, false)
    assert.deepEqual([error.topic, error.partition, error.offset], ['orders', 2, 7])
    assert.match(error.message, /^The value at "orders" \[2\] offset 7 /)
    assert.match(error.message, message)
    return error
  }
  return assert.fail('it was decoded')
}

test('json values come back as they were sent', () => {
  for (const value of [{ userId: 1, name: 'ключ 😀' }, [1, 'a', null], 'text', '', 0, false]) {
    assert.deepEqual(decode(json, json.encode(value, TO) ?? ''), value)
  }
})

test('null is a tombstone in every codec, and not the text "null"', () => {
  const own = resolveCodec({ encode: () => 'never', decode: () => 'never' })
  for (const codec of [json, string, buffer, own]) assert.equal(codec.encode(null, TO), null)
})

test('what JSON cannot carry is an error that names the record', () => {
  const circular: Record<string, unknown> = { a: 1 }
  circular.self = circular
  const cause = encodeFails(json, circular, /circular structure/).cause
  assert.ok(cause instanceof TypeError)
  encodeFails(json, undefined, /is undefined, which JSON does not have/)
  encodeFails(json, () => 1, /is a function/)
  encodeFails(json, Symbol('s'), /is a symbol/)
  encodeFails(json, { total: 10n }, /BigInt/)
  encodeFails(json, { toJSON: () => undefined }, /which JSON does not have/)
})

test('an error of the user’s toJSON is a typed error with the thrown one as its cause', () => {
  const thrown = new Error('not today')
  const value = {
    toJSON() {
      throw thrown
    },
  }
  assert.equal(encodeFails(json, value, /not today/).cause, thrown)
})

test('what JSON would silently write as nothing is refused', () => {
  // A forgotten await was sent as {}, and a Buffer as a list of numbers under indexes.
  encodeFails(json, Promise.resolve(1), /is a Promise: await it first/)
  encodeFails(json, new Map([['a', 1]]), /type "Map"/)
  encodeFails(json, new Set([1]), /type "Set"/)
  encodeFails(json, Buffer.from('a'), /use the codec "buffer"/)
  encodeFails(json, new Uint8Array(2), /use the codec "buffer"/)
})

test('a single value is named without an index', () => {
  assert.throws(() => json.encode(undefined, TO), { message: /^The value for topic "orders" is undefined/ })
})

test('broken JSON is a permanent error that does not repeat what was sent', () => {
  // V8 quotes a piece of the text in its message, and payloads do not belong into logs.
  for (const text of ['{"card":"4111-1111"', '4111-1111', 'x4111-1111', '["4111-1111",]', '"4111-1111\n"', '']) {
    const error = decodeFails(json, text, /is not JSON/)
    assert.ok(
      !inspect(error)
        .replaceAll(error.stack ?? '', '')
        .includes('4111'),
      inspect(error),
    )
    assert.ok(!error.message.includes('4111'), error.message)
  }
})

test('bytes that are not UTF-8 are an error and not replaced characters', () => {
  const bytes = Buffer.concat([Buffer.from('"a'), Buffer.from([0xff]), Buffer.from('"')])
  decodeFails(json, bytes, /is not valid UTF-8/)
  decodeFails(string, Buffer.from([0xc3]), /is not valid UTF-8/)
  assert.equal(decode(string, '\ufffd is a character too'), '\ufffd is a character too')
})

test('a byte order mark before JSON is ignored, and kept in text', () => {
  assert.deepEqual(decode(json, '\ufeff{"a":1}'), { a: 1 })
  decodeFails(json, '\ufeff{', /is not JSON/)
  assert.equal(decode(string, '\ufeffa'), '\ufeffa')
})

test('a __proto__ in the payload is a field and touches no prototype', () => {
  const value = decode(json, '{"__proto__":{"admin":true},"a":1}') as Record<string, unknown>
  assert.ok(Object.hasOwn(value, '__proto__'))
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(({} as Record<string, unknown>).admin, undefined)
})

test('deeply nested values are decoded, or are an error, but never crash', () => {
  const depth = 200_000
  const text = '['.repeat(depth) + ']'.repeat(depth)
  let value: unknown
  try {
    value = decode(json, text)
  } catch (error) {
    assert.ok(error instanceof DecodeError)
    return
  }
  encodeFails(json, value, /call stack/)
})

test('the string codec takes well-formed text alone', () => {
  assert.equal(string.encode('', TO), '')
  assert.equal(decode(string, ''), '')
  encodeFails(string, 1, /is a number/)
  encodeFails(string, undefined, /is undefined/)
  encodeFails(string, 'a\ud800', /lone surrogate/)
})

test('the buffer codec passes bytes without a copy', () => {
  const bytes = new Uint8Array([1, 2, 3]).subarray(1)
  const encoded = buffer.encode(bytes, TO)
  assert.ok(Buffer.isBuffer(encoded))
  assert.deepEqual([...encoded], [2, 3])
  assert.equal(encoded.buffer, bytes.buffer)
  assert.deepEqual(decode(buffer, Buffer.from([0, 255])), Buffer.from([0, 255]))
  encodeFails(buffer, 'text', /is a string, but the codec "buffer" takes/)
})

test('a codec of the user’s own is called with the record it is about', () => {
  const seen: unknown[] = []
  const reversed: Codec<string> = {
    name: 'reversed',
    encode(value, context) {
      seen.push(context)
      return [...value].reverse().join('')
    },
    decode(bytes, context) {
      seen.push(context)
      return bytes.toString('latin1')
    },
  }
  const codec = resolveCodec(reversed)
  assert.equal(codec.name, 'reversed')
  assert.equal(codec.encode('abc', { ...TO, index: 1 }), 'cba')
  assert.equal(decode(codec, 'cba'), 'cba')
  assert.deepEqual(seen, [{ topic: 'orders', index: 1 }, FROM])
})

test('a codec is called as a method, so that one may be a class', () => {
  class Counting {
    count = 0
    encode(): string {
      this.count += 1
      return String(this.count)
    }
    decode(): number {
      return this.count
    }
  }
  assert.equal(resolveCodec(new Counting()).encode({}, TO), '1')
})

test('a codec of the user’s own may make a tombstone, and its mistakes are typed errors', () => {
  const returning = (result: unknown) => resolveCodec({ encode: () => result, decode: () => result } as never)
  assert.equal(returning(null).encode(1, TO), null)
  assert.deepEqual(returning(new Uint8Array([1])).encode(1, TO), Buffer.from([1]))
  for (const result of [undefined, 1, {}, Promise.resolve('a')]) {
    encodeFails(returning(result), 1, /must return a string, bytes or null/)
  }
  decodeFails(returning(Promise.resolve(1)), 'a', /must be synchronous/)
  const thrown = new Error('schema 7 is unknown')
  const failing = resolveCodec({
    encode: () => {
      throw thrown
    },
    decode: () => {
      throw thrown
    },
  })
  assert.equal(encodeFails(failing, 1, /codec "custom": "schema 7 is unknown"/).cause, thrown)
  assert.equal(decodeFails(failing, 'a', /codec "custom": "schema 7 is unknown"/).cause, thrown)
})

test('what is no codec is an error that says which there are', () => {
  assert.throws(
    () => resolveCodec('jsno'),
    (error) => error instanceof ArgumentError && /did you mean "json"/.test(error.message),
  )
  for (const option of ['toString', '', undefined, null, {}, { encode() {} }, () => {}]) {
    assert.throws(() => resolveCodec(option), ArgumentError)
  }
  assert.throws(() => resolveCodec('xml', (message) => new ConfigError(message)), ConfigError)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEmbedded } from '../../lib/broker/cluster.ts'
import { parseBrokers } from '../../lib/config/brokers.ts'
import { ConfigError } from '../../lib/errors.ts'

const parse = (value: unknown) => parseBrokers(value, 'Option "brokers"')

test('brokers come as text or as an array, with or without a port', () => {
  assert.deepEqual(parse('localhost:9092,localhost:9093'), ['localhost:9092', 'localhost:9093'])
  assert.deepEqual(parse(' a , b:1 '), ['a:9092', 'b:1'])
  assert.deepEqual(parse(['a:1', 'b:2,c:3']), ['a:1', 'b:2', 'c:3'])
  assert.deepEqual(parse('kafka_1.internal.:65535'), ['kafka_1.internal.:65535'])
  assert.deepEqual(parse('10.0.0.1:09092'), ['10.0.0.1:9092'])
})

test('IPv6 addresses stand in brackets', () => {
  assert.deepEqual(parse('[::1]:9093,[fe80::1]'), ['[::1]:9093', '[fe80::1]:9092'])
  assert.deepEqual(parse('[::ffff:10.0.0.1]:1,[fe80::1%eth0]:2'), ['[::ffff:10.0.0.1]:1', '[fe80::1%eth0]:2'])
})

// Without knowing that it is embedded, a group waits for 44 s at its second rebalance.
test('an embedded broker of another process is known by its address', () => {
  assert.deepEqual(parse('embedded://127.0.0.1:40245'), ['127.0.0.1:40245'])
  assert.ok(isEmbedded('127.0.0.1:40245'))
  assert.ok(!isEmbedded('127.0.0.1:40246'))
  assert.throws(() => parse('embedded://'), /host is missing/)
})

test('empty entries are left out, as Java’s clients do', () => {
  assert.deepEqual(parse('a:1,,b:2,'), ['a:1', 'b:2'])
})

test('embedded stands alone', () => {
  assert.equal(parse('embedded'), 'embedded')
  assert.equal(parse(['embedded']), 'embedded')
  assert.throws(() => parse('embedded,localhost:9092'), /mixes "embedded" with addresses/)
})

test('what is no address is an error that shows the entry and what is wrong', () => {
  const cases: Array<[unknown, RegExp]> = [
    ['', /names no broker/],
    [' , ', /names no broker/],
    [[], /names no broker/],
    ['a:0', /"a:0": the port must be a number from 1 to 65535/],
    ['a:65536', /the port must be/],
    ['a:', /the port must be/],
    ['a:9092x', /the port must be/],
    [':9092', /the host is missing/],
    ['a b:1', /no host name/],
    ['-a:1', /no host name/],
    ['a..b:1', /no host name/],
    ['ключ:1', /no host name/],
    ['a\r\nb:1', /"a\\r\\nb:1"/],
    ['::1', /write an IPv6 address in brackets: \[::1\]:9092/],
    ['a:1:2', /more than one colon/],
    ['[a]:1', /no IPv6 address in the brackets/],
    ['[1:2]:1', /no IPv6 address in the brackets/],
    ['[::g]:1', /no IPv6 address in the brackets/],
    ['[::1%]:1', /no IPv6 address in the brackets/],
    ['[10.0.0.1]:1', /no IPv6 address in the brackets/],
    ['[::1', /more than one colon/],
    ['PLAINTEXT://a:1', /leave the protocol out/],
    [[5], /string or an array of strings/],
    [{}, /string or an array of strings/],
  ]
  for (const [value, message] of cases) {
    assert.throws(
      () => parse(value),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /^Option "brokers" /)
        assert.match(error.message, message)
        return true
      },
    )
  }
})

test('a user name and password in an address are refused and not shown', () => {
  for (const value of ['kafka://user:hunter2@a:1', 'user:hunter2@a:1', 'hunter2@a']) {
    assert.throws(
      () => parse(value),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.ok(!error.message.includes('hunter2'), error.message)
        assert.match(error.message, /go into the option sasl/)
        return true
      },
    )
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { naradPeer } from '../../lib/rpc/narad-peer.ts'
import { nestPeer } from '../../lib/rpc/nest-peer.ts'
import { failureOf, type Peer } from '../../lib/rpc/peer.ts'
import { springPeer } from '../../lib/rpc/spring-peer.ts'

const ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const REQUEST = { id: ID, topic: 'r.replies', partition: 258, deadlineMs: 1_700_000_000_000 }
const FAILURE = { name: 'RangeError', message: 'нет', code: 'E1' }

/** Headers as they are on the wire, in hex. */
function wire(headers: ReturnType<Peer['requestHeaders']>): Array<[string, string]> {
  return Object.entries(headers).map(([name, value]) => [name, Buffer.from(value as string).toString('hex')])
}

/** Headers as they are received. */
function received(headers: ReturnType<Peer['requestHeaders']>): Array<readonly [string, Buffer]> {
  return Object.entries(headers).map(([name, value]) => [name, Buffer.from(value as string)])
}

const hex = (text: string) => Buffer.from(text).toString('hex')

describe('the headers of Spring', () => {
  test('are those of ReplyingKafkaTemplate, byte for byte', () => {
    assert.deepEqual(wire(springPeer.requestHeaders(REQUEST)), [
      ['kafka_replyTopic', hex('r.replies')],
      ['kafka_replyPartition', '00000102'],
      ['kafka_correlationId', ID.toString('hex')],
    ])
    assert.deepEqual(wire(springPeer.replyHeaders(ID, undefined)), [['kafka_correlationId', ID.toString('hex')]])
    assert.equal(springPeer.newId().length, 16)
  })

  test('are read back, and a partition of another size is none', () => {
    const headers = received(springPeer.requestHeaders(REQUEST))
    assert.deepEqual(springPeer.readRequest(headers), { id: ID, topic: 'r.replies', partition: 258 })
    const text = headers.map(([name, value]) => [name, name.endsWith('Partition') ? Buffer.from('7') : value] as const)
    assert.equal(springPeer.readRequest(text)?.partition, Number.NaN)
    assert.equal(springPeer.readRequest(headers.slice(1)), undefined)
  })

  test('have errors under the names of narad', () => {
    const reply = received(springPeer.replyHeaders(ID, FAILURE))
    assert.deepEqual(
      reply.map(([name]) => name),
      ['kafka_correlationId', 'x-narad-error-name', 'x-narad-error-code', 'x-narad-error-message'],
    )
    assert.deepEqual(springPeer.readFailure(reply), FAILURE)
  })
})

describe('the headers of NestJS', () => {
  test('are those of its client and its server, byte for byte', () => {
    assert.deepEqual(wire(nestPeer.requestHeaders({ ...REQUEST, id: Buffer.from('id') })), [
      ['kafka_correlationId', hex('id')],
      ['kafka_replyTopic', hex('r.replies')],
      ['kafka_replyPartition', hex('258')],
    ])
    assert.deepEqual(wire(nestPeer.replyHeaders(Buffer.from('id'), undefined)), [
      ['kafka_correlationId', hex('id')],
      ['kafka_nest-is-disposed', '00'],
    ])
    assert.deepEqual(wire(nestPeer.replyHeaders(Buffer.from('id'), { name: 'E', message: 'm' })), [
      ['kafka_correlationId', hex('id')],
      ['kafka_nest-err', hex('{"status":"error","name":"E","message":"m"}')],
      ['kafka_nest-is-disposed', '00'],
    ])
    assert.match(nestPeer.newId().toString(), /^[0-9a-f-]{36}$/)
  })

  test('are read back, with errors of any kind', () => {
    const headers = received(nestPeer.requestHeaders(REQUEST))
    assert.deepEqual(nestPeer.readRequest(headers), { id: ID, topic: 'r.replies', partition: 258 })
    assert.deepEqual(nestPeer.readFailure(received(nestPeer.replyHeaders(ID, FAILURE))), FAILURE)
    const error = (text: string) => nestPeer.readFailure([['kafka_nest-err', Buffer.from(text)]])
    assert.deepEqual(error('There is no matching message handler'), {
      name: 'Error',
      message: 'There is no matching message handler',
      code: undefined,
    })
    assert.equal(error('{"status":"error","message":"Forbidden"}')?.message, 'Forbidden')
    assert.equal(error('[1]')?.message, '[1]')
    assert.equal(nestPeer.readFailure(headers), undefined)
  })

  test('come with values as NestJS writes and reads them', () => {
    const codec = resolveCodec(nestPeer.codec)
    const written = [null, 'text', 7, true, { a: 1 }, [1]].map((value) => codec.encode(value, { topic: 't' }))
    assert.deepEqual(written, [null, 'text', '7', 'true', '{"a":1}', '[1]'])
    const read = (text: string) => {
      const bytes = Buffer.from(text, 'latin1')
      return codec.decode(bytes, 0, bytes.length, {
        topic: 't',
        partition: 0,
        offset: 0,
        timestamp: 0,
        headers: {},
      })
    }
    assert.deepEqual(['text', '7', '{"a":1}', '[1]', '{no', ''].map(read), ['text', '7', { a: 1 }, [1], '{no', ''])
    assert.deepEqual(read('\0\x01'), Buffer.from([0, 1]))
  })
})

describe('the headers of narad', () => {
  test('are text, and are read back', () => {
    const request = { ...REQUEST, id: Buffer.from('id') }
    const headers = naradPeer.requestHeaders(request)
    assert.deepEqual(
      wire(headers).map(([name, value]) => [name, Buffer.from(value, 'hex').toString()]),
      [
        ['x-narad-request-id', 'id'],
        ['x-narad-reply-topic', 'r.replies'],
        ['x-narad-reply-partition', '258'],
        ['x-narad-deadline', '1700000000000'],
      ],
    )
    assert.deepEqual(naradPeer.readRequest(received(headers)), request)
    assert.deepEqual(naradPeer.readFailure(received(naradPeer.replyHeaders(ID, FAILURE))), FAILURE)
    assert.equal(naradPeer.readFailure(received(naradPeer.replyHeaders(ID, undefined))), undefined)
  })
})

test('an error crosses without secrets, with no more text than fits, and whatever its fields are', () => {
  const long = failureOf(Object.assign(new Error(`token=abc ${'é'.repeat(9_000)}`), { code: 42 }))
  assert.deepEqual([long.name, long.code], ['Error', '42'])
  assert.ok(Buffer.byteLength(long.message) <= 4 * 1024)
  assert.match(long.message, /^token=\[redacted\] é/)
  const hostile = Object.defineProperty(new Error('m'), 'name', {
    get() {
      throw new Error('no')
    },
  })
  assert.deepEqual(failureOf(hostile), { name: 'Error', message: 'm', code: undefined })
})

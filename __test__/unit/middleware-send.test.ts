import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { message, type RecordMetadata } from '../../lib/message.ts'
import type { Middleware } from '../../lib/middleware/middleware.ts'
import {
  encodeRecords,
  type SendContext,
  type SendRecord,
  sendChain,
  sendRecordsOf,
  sendRecordsOfRaw,
} from '../../lib/middleware/send.ts'
import { encodeValues, rawRecords, type SendOptions } from '../../lib/producer/columns.ts'

const json = resolveCodec('json')
const metadata: RecordMetadata = { topic: 't', partition: 0, offset: 1, timestamp: 2 }

function send(parts: Array<Middleware['send']>, values: unknown[] = [1]) {
  const delivered: SendRecord[][] = []
  const chain = sendChain(
    parts.map((part, index) => ({ name: `m${index}`, send: part as NonNullable<Middleware['send']> })),
  )
  assert.ok(chain)
  const result = chain('t', sendRecordsOf(values, {}), async (records) => {
    delivered.push([...records])
    return records.map(() => metadata)
  })
  return { result, delivered }
}

describe('sendChain', () => {
  test('is nothing where no middleware sends', () => {
    assert.equal(sendChain([{ name: 'consumes', consume() {} }, { name: 'logging' }]), undefined)
  })

  test('lets each middleware change the records, outermost first, and gives the metadata', async () => {
    const add =
      (name: string) =>
      ({ records }: SendContext, next: () => unknown) => {
        for (const record of records) record.headers[name] = Object.keys(record.headers).join()
        return next()
      }
    const { result, delivered } = send([add('a'), add('b')], [1, 2])
    assert.deepEqual(await result, [metadata, metadata])
    assert.deepEqual(
      delivered[0]?.map(({ value, headers }) => ({ value, ...headers })),
      [
        { value: 1, a: '', b: 'a' },
        { value: 2, a: '', b: 'a' },
      ],
    )
  })

  test('hands the records over in the turn of the call, so that sends keep their order', () => {
    const { delivered } = send([async (_context, next) => await next(), (_context, next) => next()])
    assert.equal(delivered.length, 1)
  })

  test('does not send what a middleware refuses', async () => {
    const refusal = new Error('no')
    const { result, delivered } = send([() => Promise.reject(refusal)])
    await assert.rejects(result, (error) => error === refusal)
    assert.deepEqual(delivered, [])
  })

  test('takes metadata of a middleware that does not send, and nothing less', async () => {
    assert.deepEqual(await send([() => [metadata]]).result, [metadata])
    for (const [given, what] of [
      [undefined, 'undefined'],
      [[], 'an array'],
      ['ok', '"ok"'],
    ] as const) {
      await assert.rejects(send([() => given]).result, {
        code: 'NARAD_INVALID_ARGUMENT',
        message: `Middleware "m0" must call next(), or give the metadata of each record, but gave ${what}.`,
      })
    }
  })

  test('does not take a failed send for a good one where a middleware caught the error', async () => {
    const boom = new Error('boom')
    const swallow: Middleware['send'] = async (_context, next) => {
      await next().catch(() => {})
    }
    await assert.rejects(send([swallow, () => Promise.reject(boom)]).result, (error) => error === boom)
    await assert.rejects(send([(_context, next) => void next(), () => Promise.reject(boom)]).result, boom)
  })

  test('does not let a middleware change how many records there are', async () => {
    const { result } = send([({ records }, next) => (records as SendRecord[]).push(records[0] as SendRecord) && next()])
    await assert.rejects(result, TypeError)
  })
})

describe('the records of a send', () => {
  const builder = message({ id: 1 })
    .key('own')
    .headers({ a: ['1', '2'], c: '3' })
    .partition(2)
    .timestamp(5)
  const cases: Array<[title: string, values: unknown[], options: SendOptions]> = [
    ['plain values', [1, 'two', null], {}],
    ['builders', [builder, message(2)], {}],
    ['options', [1, 2], { key: 7, headers: { a: 'x', b: null }, partition: 1, timestamp: new Date(9) }],
    ['a key for each value', [{ id: 1 }, { id: 2 }], { key: (value) => (value as { id: number }).id }],
    [
      'options under builders',
      [builder, 2],
      { key: 'common', headers: { a: 'x', b: 'y' }, partition: 1, timestamp: 4 },
    ],
  ]
  for (const [title, values, options] of cases) {
    test(`are encoded as they are without middleware: ${title}`, () => {
      const direct = encodeValues('t', values, true, options, json)
      assert.deepEqual({ ...encodeRecords('t', sendRecordsOf(values, options), true, json) }, { ...direct })
    })
  }

  test('of sendRecords are copies, and encoded as they are without middleware', () => {
    const headers = { a: ['1', '2'], ['__proto__']: 'x' }
    const given = [{ key: 'k', value: 'v', headers, partition: 1, timestamp: '7' }, { value: null }]
    const records = sendRecordsOfRaw(given)
    assert.deepEqual(rawRecords(records), rawRecords(given))
    assert.ok(records[0])
    records[0].headers.a = 'changed'
    assert.deepEqual(headers.a, ['1', '2'])
    assert.throws(() => sendRecordsOfRaw([{ value: 1 } as never]), /value of record 0/)
  })

  test('are checked after the middleware, and errors say which of an array it was', () => {
    const [record] = sendRecordsOf([1], {})
    const wrong: Array<[change: Partial<SendRecord>, alone: RegExp, ofArray: RegExp]> = [
      [{ key: {} as never }, /: The key must/, /The key of record 0 must/],
      [{ headers: { a: 1 as never } }, /in the headers must/, /in the headers of record 0 must/],
      [{ partition: -1 }, /: The partition must/, /The partition of record 0 must/],
      [{ timestamp: 0 }, /: The timestamp must/, /The timestamp of record 0 must/],
      [{ value: undefined }, /undefined/, /0/],
    ]
    for (const [change, alone, ofArray] of wrong) {
      const changed = [{ ...(record as SendRecord), ...change }]
      assert.throws(() => encodeRecords('t', changed, false, json), alone)
      assert.throws(() => encodeRecords('t', changed, true, json), ofArray)
    }
    assert.throws(() => sendRecordsOf([1], { headers: 'none' as never }), /headers must be an object/)
  })
})

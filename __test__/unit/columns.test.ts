import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveCodec } from '../../lib/codec.ts'
import { message } from '../../lib/message.ts'
import { encodeValues, rawRecords, type SendOptions } from '../../lib/producer/columns.ts'

const json = resolveCodec('json')
const encode = (values: unknown[], options: SendOptions = {}) => encodeValues('t', values, true, options, json)
const names = (list: ReadonlyArray<readonly [string, unknown]> | undefined) =>
  list?.map(([name, value]) => `${name}=${value}`)

describe('Columns', () => {
  test('that no record uses are left out', () => {
    const { values, keys, headers, partitions, timestamps } = encode([1, 'a', null])
    assert.deepEqual(
      [values, keys, headers, partitions, timestamps],
      [['1', '"a"', null], undefined, undefined, undefined, undefined],
    )
  })

  test('begin where the first record uses them', () => {
    const columns = encode([1, message(2).key('k').header('h', 'v').partition(3).timestamp(4), 5])
    assert.deepEqual(columns.keys, [null, 'k', null])
    assert.deepEqual(
      [columns.headers?.[0], names(columns.headers?.[1]), columns.headers?.[2]],
      [undefined, ['h=v'], undefined],
    )
    assert.deepEqual(
      [columns.partitions?.[0], columns.partitions?.[1], columns.partitions?.[2]],
      [undefined, 3, undefined],
    )
    assert.deepEqual(
      [columns.timestamps?.[0], columns.timestamps?.[1], columns.timestamps?.[2]],
      [undefined, 4, undefined],
    )
  })

  test('take the fields of options for every record, and those of a builder before them', () => {
    const own = message('b').key('own').header('a', 'own').header('c', 'own').partition(9).timestamp(9)
    const columns = encode(['a', own], { key: 'common', headers: { a: 'x', b: 'y' }, partition: 1, timestamp: 1 })
    assert.deepEqual(columns.keys, ['common', 'own'])
    assert.deepEqual(
      [columns.partitions, columns.timestamps],
      [
        [1, 9],
        [1, 9],
      ],
    )
    assert.deepEqual(columns.headers?.map(names), [
      ['a=x', 'b=y'],
      ['b=y', 'a=own', 'c=own'],
    ])
  })

  test('ask a key function with the value and its place, and not for a builder that has a key', () => {
    const asked: unknown[] = []
    const key = (value: unknown, index: number) => {
      asked.push([value, index])
      return index === 0 ? null : 7
    }
    const columns = encode(['a', message('b').key('own'), message('c'), 'd'], { key })
    assert.deepEqual(columns.keys, [null, 'own', '7', '7'])
    assert.deepEqual(asked, [
      ['a', 0],
      ['c', 2],
      ['d', 3],
    ])
  })

  test('hold bytes as they are, and a view of them for any typed array', () => {
    const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    const { values, keys } = rawRecords([{ value: bytes, key: bytes }])
    assert.deepEqual([values[0], keys?.[0]], [Buffer.from([2, 3]), Buffer.from([2, 3])])
  })

  test('keep headers that are pairs in their order, and refuse pairs that are none', () => {
    const pairs: Array<[string, string | null]> = [
      ['b', '1'],
      ['a', null],
      ['b', '2'],
    ]
    const { headers } = rawRecords([{ value: 'v', headers: pairs }])
    assert.deepEqual(names(headers?.[0]), ['b=1', 'a=null', 'b=2'])
    for (const wrong of [[['a']], [['a', 'b', 'c']], ['ab'], [['', 'b']], [[1, 'b']]]) {
      assert.throws(() => rawRecords([{ value: 'v', headers: wrong }]), { code: 'NARAD_INVALID_ARGUMENT' })
    }
  })

  test('of raw records keep what each one names', () => {
    const columns = rawRecords([
      { value: 'a' },
      { value: null, key: '', partition: 0, timestamp: '1700000000000', headers: { h: ['1', null, ''] } },
      { value: '', key: 5n },
    ])
    assert.deepEqual(columns.values, ['a', null, ''])
    assert.deepEqual(columns.keys, [null, '', '5'])
    assert.deepEqual(columns.partitions?.[1], 0)
    assert.deepEqual(columns.timestamps?.[1], 1_700_000_000_000)
    assert.deepEqual(names(columns.headers?.[1]), ['h=1', 'h=null', 'h='])
  })
})

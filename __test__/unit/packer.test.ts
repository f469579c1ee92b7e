import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HeaderList } from '../../lib/message.ts'
import { type Bytes, type Columns, Packer } from '../../lib/producer/packer.ts'

const NONE = { keys: undefined, headers: undefined, partitions: undefined, timestamps: undefined }

interface Unpacked {
  topic: number
  partition: number
  key: Buffer | null
  value: Buffer | null
  headers: Array<[name: string, value: string | null]>
}

/** What the native side reads, as src/core/producer/packed.rs describes it. */
function unpack(packer: Packer): Unpacked[] {
  const { arena } = packer
  const rows = [...packer.rows]
  const records: Unpacked[] = []
  let at = 0
  const take = (length: number) => {
    if (length < 0) return null
    at += length
    return Buffer.from(arena.subarray(at - length, at))
  }
  while (rows.length > 0) {
    const [topic = 0, partition = 0, keyLength = 0, valueLength = 0, headersLength = 0] = rows.splice(0, 5)
    const [key, value] = [take(keyLength), take(valueLength)]
    const end = at + headersLength
    const headers: Unpacked['headers'] = []
    while (at < end) {
      const [nameLength, length] = [arena.readInt32LE(at), arena.readInt32LE(at + 4)]
      at += 8
      headers.push([String(take(nameLength)), take(length)?.toString() ?? null])
    }
    records.push({ topic, partition, key, value, headers })
  }
  assert.equal(at, arena.length, 'the rows account for every byte')
  return records
}

function packed(columns: Partial<Columns> & Pick<Columns, 'values'>, packer = new Packer()): Unpacked[] {
  const whole = { ...NONE, ...columns }
  for (let index = 0; index < whole.values.length; index += 1) packer.add(7, whole, index)
  return unpack(packer)
}

const text = (bytes: Buffer | null | undefined) => bytes?.toString() ?? null

describe('Packer', () => {
  test('keeps key, value, headers and partition of each record in order', () => {
    const values: Bytes[] = ['a', Buffer.from('b'), 'c']
    const keys: Bytes[] = [Buffer.from('k0'), 'k1', null]
    const headers: HeaderList[] = [[], [['x', 'y']], [['x', null]]]
    const records = packed({ values, keys, headers, partitions: [undefined, 4, undefined] })
    assert.deepEqual(
      records.map(({ topic, partition, key, value, headers: list }) => [
        topic,
        partition,
        text(key),
        text(value),
        list,
      ]),
      [
        [7, -1, 'k0', 'a', []],
        [7, 4, 'k1', 'b', [['x', 'y']]],
        [7, -1, null, 'c', [['x', null]]],
      ],
    )
  })

  test('keeps null and empty apart for keys, values and headers', () => {
    const values: Bytes[] = [null, '', Buffer.alloc(0), 'x']
    const keys: Bytes[] = ['', null, Buffer.alloc(0), null]
    const empty: HeaderList = [
      ['', ''],
      ['n', null],
      ['e', Buffer.alloc(0)],
    ]
    const records = packed({ values, keys, headers: [undefined, empty, undefined, undefined] })
    assert.deepEqual(
      records.map(({ key, value }) => [text(key), text(value)]),
      [
        ['', null],
        [null, ''],
        ['', ''],
        [null, 'x'],
      ],
    )
    assert.deepEqual(records[1]?.headers, [
      ['', ''],
      ['n', null],
      ['e', ''],
    ])
  })

  // Text that outgrew twice the arena was given room for one byte a character. Where it was not ASCII, the write was
  // cut to exactly that length and taken for complete: half of a value was sent, and the send succeeded.
  for (const [name, character] of [
    ['two', 'é'],
    ['three', '語'],
    ['four', '\u{1f600}'],
  ] as const) {
    test(`keeps long text whole whose characters take ${name} bytes`, () => {
      for (const count of [131_073, 150_000, 200_000, 200_001, 300_000]) {
        for (const ascii of ['', 'x', 'xy', 'xyz']) {
          const value = ascii + character.repeat(count)
          assert.ok(packed({ values: [value] })[0]?.value?.equals(Buffer.from(value)), `${count} after ${ascii.length}`)
        }
      }
    })
  }

  test('keeps headers whole whose characters take up to four bytes and that outgrow the arena', () => {
    const headers: HeaderList = ['x', 'é', '語', '\u{1f600}'].flatMap((character): HeaderList => {
      const [name, long] = [character.repeat(300), character.repeat(70_001)]
      return [
        [name, long],
        [character, Buffer.from(long)],
        [`${character}-null`, null],
      ]
    })
    const records = packed({ values: ['a', 'b'], headers: [headers, [['after', 'whole']]] })
    assert.deepEqual(
      records[0]?.headers,
      headers.map(([name, value]) => [name, value?.toString() ?? null]),
    )
    assert.deepEqual(records[1]?.headers, [['after', 'whole']])
  })

  test('keeps records whole when text, bytes and headers alternate and the arena grows', () => {
    const packer = new Packer()
    for (let round = 0; round < 3; round += 1) {
      packer.clear()
      const values = Array.from({ length: 3_000 }, (_, index) => {
        const value = `${index}-${'ü'.repeat(index % 97)}`
        return index % 3 === 0 ? Buffer.from(value) : value
      })
      const keys = values.map((_, index) => (index % 5 === 0 ? null : `ключ-${index}`))
      const headers = values.map((_, index): HeaderList => (index % 7 === 0 ? [['h', `${index}`]] : []))
      const records = packed({ values, keys, headers }, packer)
      assert.equal(packer.records, values.length)
      records.forEach((record, index) => {
        assert.equal(text(record.value), values[index]?.toString())
        assert.equal(text(record.key), keys[index] ?? null)
        assert.equal(record.headers.length, index % 7 === 0 ? 1 : 0)
      })
    }
  })

  test('has no timestamps where no record has one, and 0 for those without', () => {
    const packer = new Packer()
    packed({ values: ['a', 'b'] }, packer)
    assert.equal(packer.timestamps, undefined)
    packer.clear()
    const values = Array.from({ length: 2_500 }, () => 'v')
    const timestamps = values.map((_, index) => (index % 2 === 1 ? 1_700_000_000_000 + index : undefined))
    packed({ values, timestamps }, packer)
    assert.deepEqual(
      Array.from(packer.timestamps ?? []),
      timestamps.map((timestamp) => timestamp ?? 0),
    )
    packer.clear()
    packed({ values: ['c', 'd'], timestamps: [undefined, 5] }, packer)
    assert.deepEqual(Array.from(packer.timestamps ?? []), [0, 5], 'nothing is left of the call before')
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConsoleConsumer, parseGroupDescription } from '../helpers/java-tools.ts'
import { parseLogDump } from '../helpers/kafka-log.ts'
import { encodeKcatInput, parseKcatOutput } from '../helpers/kcat.ts'

test('bytes that are no UTF-8 survive the JSON of kcat', () => {
  const line = '{"topic":"t","partition":2,"offset":7,"tstype":"create","ts":12,"broker":0,"key":"","payload":"'
  const stdout = Buffer.concat([Buffer.from(line), Buffer.from([0xff, 0xc3, 0xa9]), Buffer.from('\\u0000"}\n')])
  const expected = {
    topic: 't',
    partition: 2,
    offset: 7,
    timestamp: 12,
    key: Buffer.alloc(0),
    value: Buffer.from([0xff, 0xc3, 0xa9, 0]),
    headers: [],
  }
  assert.deepEqual(parseKcatOutput(stdout), [expected])
})

test('null, empty and repeated headers of kcat stay apart and in order', () => {
  const stdout = Buffer.from(
    '{"topic":"t","partition":0,"offset":0,"ts":1,"headers":["a",null,"b","","a","é"],"key":null,"payload":null}\n',
  )
  const [record] = parseKcatOutput(stdout)
  assert.equal(record?.key, null)
  assert.equal(record?.value, null)
  assert.deepEqual(record?.headers, [
    ['a', null],
    ['b', Buffer.alloc(0)],
    ['a', Buffer.from('é')],
  ])
})

test('records that kcat could not send as they are get refused', () => {
  assert.equal(encodeKcatInput([{ key: 'k', value: 'v' }, { value: 'w' }]).toString(), 'k\x1fv\x1ew\x1e')
  assert.throws(() => encodeKcatInput([{ value: null }, { value: '' }]), /null values and empty/)
  assert.throws(() => encodeKcatInput([{ value: 'a\x1eb' }]), /split/)
})

test('a record of the console consumer keeps null and empty apart', () => {
  const stdout =
    'CreateTime:12\x1fPartition:2\x1fOffset:3\x1fa:1:2\x1cb:\x1f\x1fv\x1eCreateTime:13\x1fPartition:0\x1fOffset:0\x1fNO_HEADERS\x1f\x1a\x1f\x1a\x1e'
  assert.deepEqual(parseConsoleConsumer(stdout), [
    {
      partition: 2,
      offset: 3,
      timestamp: 12,
      key: '',
      value: 'v',
      headers: [
        ['a', '1:2'],
        ['b', ''],
      ],
    },
    { partition: 0, offset: 0, timestamp: 13, key: null, value: null, headers: [] },
  ])
})

test('the description of a group gives its offsets by topic and partition', () => {
  const stdout = `
GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST        CLIENT-ID
g      t      10         -               2               -    -            -           -
g      t      9          1               2               1    c-1          /127.0.0.1  c
`
  assert.deepEqual(parseGroupDescription(stdout), [
    { topic: 't', partition: 9, committed: 1, end: 2, lag: 1, member: 'c-1' },
    { topic: 't', partition: 10, committed: null, end: 2, lag: null, member: null },
  ])
  assert.deepEqual(parseGroupDescription('\nError: Executing consumer group command failed\n'), [])
})

test('the dump of a log gives the batches of each file with their codecs', () => {
  const batch = (first: number, last: number, codec: string) =>
    `baseOffset: ${first} lastOffset: ${last} count: ${last - first + 1} producerId: -1 isControl: false position: 0 ` +
    `CreateTime: 1795267398740 size: 520 magic: 2 compresscodec: ${codec} crc: 1866872776 isvalid: true`
  const stdout = ['Dumping /a/t-0/0.log', 'Log starting offset: 0', batch(0, 2, 'gzip'), batch(3, 3, 'none')]
  assert.deepEqual(parseLogDump([...stdout, 'Dumping /a/u-1/5.log', batch(5, 5, 'zstd'), ''].join('\n')), [
    { file: '/a/t-0/0.log', firstOffset: 0, lastOffset: 2, codec: 'gzip' },
    { file: '/a/t-0/0.log', firstOffset: 3, lastOffset: 3, codec: 'none' },
    { file: '/a/u-1/5.log', firstOffset: 5, lastOffset: 5, codec: 'zstd' },
  ])
})

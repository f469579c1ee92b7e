import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKafkaService, type RecordContext, type RecordInput } from 'narad'
import type { Bed } from '../helpers/bed.ts'
import { narad, run } from '../helpers/command.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'

/** What is easily lost on the way through text. */
const HOSTILE: readonly RecordInput[] = [
  { key: null, value: null },
  { key: '', value: '' },
  { key: Buffer.from([0, 0xff, 0xfe, 0x0a, 0x0d]), value: Buffer.from([0x80, 0, 0x22, 0x5c, 0x0a]) },
  { key: '\u2028 "k"\\\n\t', value: '\ufeff{"a": 1.0, "b": "\\u0000"}\r\n' },
  { key: '{"base64":"AAAA"}', value: '{"base64":"AAAA"}' },
  { key: '__proto__', value: 'null' },
  {
    key: 'headers',
    value: '1e999',
    timestamp: 1_600_000_000_000,
    headers: [
      ['b', '1'],
      ['1', 'a number comes first in an object'],
      ['b', Buffer.from([0xff, 0])],
      ['__proto__', ''],
      ['a', null],
      ['b', null],
    ],
  },
  { key: 'large', value: Buffer.alloc(300_000, 0xe9) },
]

async function setUp(scope: Scope, bed: Bed, partitions = 1) {
  const [brokers, topic] = [await bed.brokers(), await bed.topic(partitions)]
  const service = await makeProducer(scope, { brokers })
  const env = { KAFKA_BROKERS: bed.address(brokers) }
  return { topic, service, env, brokers }
}

/** All of a record but its topic. */
function shape({ partition, offset, timestamp, rawKey, rawValue, rawHeaders }: RecordContext) {
  const hex = (bytes: Buffer | null) => bytes?.toString('hex') ?? null
  const headers = rawHeaders.map(([name, value]) => [name, hex(value)])
  return { partition, offset, timestamp, key: hex(rawKey), value: hex(rawValue), headers }
}

async function shapes(brokers: string, topic: string) {
  const service = createKafkaService({ brokers })
  const found: Array<ReturnType<typeof shape>> = []
  for await (const record of service.read(topic, { to: 'end', codec: 'buffer' })) found.push(shape(record))
  await service.disconnect()
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** What holds for looking at records with the command. */
export function describeViewing(bed: Bed): void {
  describe(`narad consume --topic on ${bed.name}`, { skip: bed.skip }, () => {
    test('--json into produce --json makes the same records: bytes, null and empty, headers in order, times, partitions', async (t) => {
      const { topic, service, env, brokers } = await setUp(t, bed, 3)
      const copy = await bed.topic(3)
      await service.disconnect()
      const raw = await createKafkaService({ brokers, enableMiddleware: false }).init().connectProducer()
      t.after(() => raw.disconnect())
      for (const partition of [2, 0]) {
        await raw.sendRecords(
          topic,
          HOSTILE.map((record) => ({ ...record, partition })),
        )
      }
      const shown = await run(t, ['consume', '-t', topic, '-e', '--json'], { env })
      assert.deepEqual([shown.code, shown.lines.length], [0, HOSTILE.length * 2], shown.stderr)
      const sent = await run(t, ['produce', '-t', copy, '--json'], { env, stdin: shown.lines.join('\n') })
      assert.equal(sent.code, 0, sent.stderr)
      const [before, after] = [await shapes(brokers, topic), await shapes(brokers, copy)]
      assert.equal(after.length, HOSTILE.length * 2)
      assert.deepEqual(after, before)
      const hostile = before.find(({ headers }) => headers.length > 0)
      assert.deepEqual(
        hostile?.headers.map(([name]) => name),
        ['b', '1', 'b', '__proto__', 'a', 'b'],
      )
      assert.equal(hostile?.timestamp, 1_600_000_000_000)
      const byKey = await run(t, ['produce', '-t', await bed.topic(), '--json', '--by-key'], {
        env,
        stdin: shown.lines.join('\n'),
      })
      assert.equal(byKey.code, 0, 'partition 2 is not there')
    })

    test('-o begins where it says in each partition, -e ends where the topic ends, -n after a number', async (t) => {
      const { topic, service, env } = await setUp(t, bed, 2)
      for (const partition of [0, 1]) {
        await service.send(
          topic,
          [0, 1, 2, 3, 4].map((index) => `${partition}${index}`),
          { partition, codec: 'string' },
        )
      }
      const values = async (...args: string[]) => {
        const { code, lines, stderr } = await run(t, ['consume', '-t', topic, '-e', ...args], { env })
        assert.equal(code, 0, stderr)
        return lines.toSorted().join(' ')
      }
      assert.equal(await values(), '00 01 02 03 04 10 11 12 13 14')
      assert.equal(await values('-o', '-2'), '03 04 13 14')
      assert.equal(await values('-o', '-99'), '00 01 02 03 04 10 11 12 13 14')
      assert.equal(await values('-o', '+4'), '04 14')
      assert.equal(await values('-o', '3', '-p', '1'), '13 14')
      assert.equal(await values('-o', 'end'), '')
      assert.equal(await values('-n', '2', '-p', '0'), '00 01')
      assert.equal(await values('-f', '%p/%o %S=%s;\\n', '-p', '1', '-n', '1'), '1/0 2=10;')
      assert.equal((await run(t, ['consume', '-t', topic, '-o', '9'], { env })).code, 1)
      assert.equal((await run(t, ['consume', '-t', topic, '-p', '9', '-e'], { env })).code, 2)
    })

    test('filters by key, header and value, as text or as an expression', async (t) => {
      const { topic, service, env } = await setUp(t, bed)
      await service.sendRecords(topic, [
        { key: 'order-1', value: '{"total":10}', headers: { type: 'created', region: 'eu' } },
        { key: 'order-12', value: '{"total":20}', headers: { type: 'paid' } },
        { key: null, value: null, headers: { type: ['created', 'paid'] } },
      ])
      const offsets = async (...args: string[]) => {
        const all = ['consume', '-t', topic, '-e', '-f', '%o\\n', ...args]
        return (await run(t, all, { env })).lines.join('')
      }
      assert.equal(await offsets('-k', 'order-1'), '0')
      assert.equal(await offsets('-k', '/^order-/'), '01')
      assert.equal(await offsets('-H', 'region'), '0')
      assert.equal(await offsets('-H', 'type=paid'), '12')
      assert.equal(await offsets('-H', 'type=/^c/', '--value', '"total"'), '0')
      assert.equal(await offsets('--value', '/total":2/'), '1')
    })

    test('without a group it shows what comes until SIGTERM; with one, the next call goes on behind what was shown', async (t) => {
      const { topic, service, env } = await setUp(t, bed)
      await service.send(topic, [1, 2, 3])
      const child = narad(t, ['consume', '-t', topic, '-o', '-1'], { env })
      await child.waitForLine('3')
      await service.send(topic, 4)
      await child.waitForLine('4')
      assert.deepEqual(await child.kill('SIGTERM'), { code: 0, signal: null })
      const member = ['consume', '-t', topic, '-g', randomGroup(), '--from-beginning', '-n']
      assert.deepEqual((await run(t, [...member, '2'], { env })).lines, ['1', '2'])
      assert.deepEqual((await run(t, [...member, '1'], { env })).lines, ['3'])
    })

    test('says at once that a topic is not there, and what to do, with 2', async (t) => {
      // After three seconds it said that the broker does not create topics, which nobody had asked it for.
      const { env } = await setUp(t, bed)
      const missing = randomTopic('missing')
      const start = performance.now()
      const { code, lines, stderr } = await run(t, ['consume', '-t', missing, '-e'], { env })
      assert.ok(performance.now() - start < 3_000, `took ${performance.now() - start} ms`)
      assert.deepEqual([code, lines], [2, []])
      const [what, hint] = stderr.split('\n')
      assert.equal(what, `narad: topic ${missing} cannot be used: it does not exist (NARAD_UNKNOWN_TOPIC)`)
      assert.match(hint ?? '', /^narad: "narad topics list" shows those that are there; .* makes it$/)
    })
  })
}

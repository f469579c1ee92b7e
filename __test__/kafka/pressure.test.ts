import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ClosedError, type KafkaService } from 'narad'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { startNode } from '../helpers/process.ts'
import { resources, resourcesSkip } from '../helpers/resources.ts'
import { makeProducer, readAll } from '../helpers/service.ts'

const BLOCKS = join(__dirname, '..', 'children', 'blocks.ts')
const DROPS = join(__dirname, '..', 'children', 'drops.ts')
const MIB = 1024 * 1024

const bed = kafkaBed()

/** How many records each partition holds, told by the offset of one more. */
async function ends(service: KafkaService, topic: string, partitions: number): Promise<number[]> {
  const sent = Array.from({ length: partitions }, (_, partition) => service.send(topic, 'end', { partition }))
  return (await Promise.all(sent)).map(({ offset }) => offset)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** Runs `work` and gives by how many bytes the process grew meanwhile, at its largest. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = resources().rssBytes
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, resources().rssBytes)
  }, 5)
  await work()
  clearInterval(timer)
  return most - before
}

describe('Under pressure', { skip: bed.skip }, () => {
  test('P2: sends wait while the queue is full, in order for each key, and all are acknowledged', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(3)]
    const service = await makeProducer(t, { brokers, sendBufferRecords: 100 })
    const [singles, keys, arrays] = [20_000, 50, 20]
    const sends: Array<Promise<unknown>> = []
    for (let id = 0; id < singles; id += 1) sends.push(service.send(topic, { id }, { key: `key-${id % keys}` }))
    for (let array = 0; array < arrays; array += 1) {
      const values = Array.from({ length: 500 }, (_, index) => ({ id: singles + array * 500 + index }))
      sends.push(service.send(topic, values, { key: ({ id }) => `key-${id % keys}` }))
    }
    await Promise.all(sends)
    const count = singles + arrays * 500
    const read = await readAll<{ id: number }>(t, brokers, topic, count)
    const last = new Map<string | null, number>()
    for (const { key, value } of read) {
      assert.ok(value.id > (last.get(key) ?? -1), `${value.id} came after ${last.get(key)} of ${key}`)
      last.set(key, value.id)
    }
    assert.deepEqual([last.size, new Set(read.map(({ value }) => value.id)).size], [keys, count])
  })

  test('P2: what waits is not copied, so that memory stays bounded', { skip: resourcesSkip }, async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const service = await makeProducer(t, { brokers, sendBufferRecords: 100, sendBufferBytes: 4 * MIB })
    const value = Buffer.alloc(50_000, 'x')
    const grown = await growth(async () => {
      const sends = Array.from({ length: 4_000 }, () => service.sendRecords(topic, [{ value }]))
      const results = await Promise.all(sends)
      assert.deepEqual(
        results.map(([result]) => result?.offset),
        Array.from({ length: 4_000 }, (_, offset) => offset),
      )
    })
    assert.ok(grown < 100 * MIB, `200 MB were sent, and the process grew by ${Math.round(grown / MIB)} MiB`)
  })

  // A million take 2.3 GB of heap and up to a minute under a test runner that watches every promise.
  test('P5: 200,000 sends that nobody awaited are all delivered by disconnect', async (t) => {
    const [brokers, topic, count] = [await bed.brokers(), await bed.topic(3), 200_000]
    const service = await makeProducer(t, { brokers })
    let acknowledged = 0
    for (let id = 0; id < count; id += 1) {
      void service.send(topic, id).then(() => {
        acknowledged += 1
      })
    }
    const report = await service.disconnect()
    assert.deepEqual([acknowledged, report], [count, { undelivered: 0, undeliveredByTopic: {}, groups: [] }])
    assert.equal(sum(await ends(await makeProducer(t, { brokers }), topic, 3)), count)
  })

  test('P5: those that disconnect has no time for are counted, and each is rejected', async (t) => {
    const [brokers, topic, count] = [await bed.brokers(), await bed.topic(3), 50_000]
    const service = await makeProducer(t, { brokers })
    let acknowledged = 0
    const failures: ClosedError[] = []
    for (let id = 0; id < count; id += 1) {
      void service.send(topic, id).then(
        () => {
          acknowledged += 1
        },
        (error) => failures.push(error),
      )
    }
    const start = performance.now()
    const { undelivered } = await service.disconnect({ timeoutMs: 50 })
    const took = performance.now() - start
    assert.ok(took < 15_000, `took ${took} ms, for the errors of ${undelivered} records`)
    assert.ok(undelivered > 0)
    assert.deepEqual([failures.length, acknowledged], [undelivered, count - undelivered])
    assert.ok(failures.every((error) => error instanceof ClosedError))
    const unsure = failures.filter(({ maybeInLog }) => maybeInLog).length
    const log = sum(await ends(await makeProducer(t, { brokers }), topic, 3))
    assert.ok(log >= acknowledged && log <= acknowledged + unsure, `${acknowledged} and ${unsure}, but ${log}`)
  })

  test('N1: an event loop that is blocked for longer than the session keeps its partitions, loses nothing and stays small', {
    skip: resourcesSkip,
  }, async (t) => {
    const [brokers, topic, count] = [await bed.brokers(), await bed.topic(3), 150_000]
    const producer = await makeProducer(t, { brokers })
    const padding = 'x'.repeat(1_000)
    await producer.send(topic, { id: 0 })
    const child = startNode(t, BLOCKS, { args: [brokers, topic, randomGroup(), '12000', String(count)] })
    await child.waitForLine('blocked', 20_000)
    const before = resources(child.pid).rssBytes
    for (let id = 1; id < count; id += 5_000) {
      const values = Array.from({ length: Math.min(5_000, count - id) }, (_, index) => ({ id: id + index, padding }))
      await producer.send(topic, values)
    }
    await child.waitForLine('unblocked', 20_000)
    const grown = resources(child.pid).rssBytes - before
    assert.ok(grown < 64 * MIB, `150 MB were waiting, and the process grew by ${Math.round(grown / MIB)} MiB`)
    const result = await child.waitForLine('result', 30_000)
    assert.match(result, new RegExp(`"seen":${count},"repeated":0`))
    assert.match(result, /"unfinished":0,"leftGroup":true/)
    const events = child.lines.filter((line) => /^(rebalance|error)/.test(line))
    assert.deepEqual(events[0], 'rebalance assigned 3')
    assert.deepEqual(
      events.slice(1).filter((line) => !line.startsWith('rebalance revoked')),
      [],
    )
    assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
  })

  // The native side held the function for its events, and that the client: none was ever collected, and the threads
  // of each stayed.
  test('N3: services that are dropped and collected end their threads, deliver what was sent, and freeze nothing', {
    skip: resourcesSkip,
  }, async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const child = startNode(t, DROPS, { args: [brokers, topic, '10'], nodeArgs: ['--expose-gc'] })
    const line = await child.waitForLine('result', 50_000)
    const result = JSON.parse(line.slice('result '.length)) as Record<string, number>
    const { before = 0, used = 0, threads = 0, longestMs = 0, handled = 0 } = result
    assert.ok(used >= before + 20, `${line} ${child.lines[0]}`)
    assert.ok(threads <= before, `${line} ${child.lines[0]}`)
    assert.ok(longestMs < 500, line)
    assert.equal(handled, 22, `the subscription that nobody names goes on: ${line} ${child.lines[0]}`)
    assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
  })
})

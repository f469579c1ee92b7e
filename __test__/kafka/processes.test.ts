import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { type NodeProcess, startNode } from '../helpers/process.ts'
import { makeProducer, makeService, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const SENDS = join(__dirname, '..', 'children', 'sends.ts')
const CONSUMES = join(__dirname, '..', 'children', 'consumes.ts')
/** What a process may take from its last piece of work to its end. */
const END_MS = 2_000

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const named = (child: NodeProcess, word: string) =>
  child.lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]))

/** Milliseconds from the moment that the child named in its line `disconnected …` to its end. */
async function endsAfterDisconnect(child: NodeProcess): Promise<number> {
  const line = await child.waitForLine('disconnected ', 30_000)
  const end = await child.ended
  assert.deepEqual(end, { code: 0, signal: null }, child.stderr)
  return Date.now() - Number(line.split(' ')[1])
}

const bed = kafkaBed()

describe('A process', { skip: bed.skip }, () => {
  test('P7: ends by itself when its sends are settled, which keep it alive until then', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const child = startNode(t, SENDS, { args: [brokers, topic, '20000', 'end'] })
    await child.waitForLine('sent', 20_000)
    const end = await child.ended
    assert.deepEqual(end, { code: 0, signal: null }, child.stderr)
    assert.equal(named(child, 'acknowledged').length, 20_000)
    assert.equal(child.stderr, '')
  })

  test('P7: with an idle producer ends by itself', async (t) => {
    const child = startNode(t, SENDS, { args: [await bed.brokers(), await bed.topic(), '0', 'end'] })
    await child.waitForLine('sent', 20_000)
    const start = performance.now()
    assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
    assert.ok(performance.now() - start < END_MS)
  })

  test('P7: with a consumer stays alive, and ends within two seconds of disconnect', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic(2)]
    const child = startNode(t, CONSUMES, { args: [brokers, topic, randomGroup(), '500'] })
    await child.waitForLine('subscribed', 20_000)
    const ended = await Promise.race([child.ended, delay(1_500, 'alive')])
    assert.equal(ended, 'alive')
    const producer = await makeProducer(t, { brokers })
    await producer.send(topic, numbers(500), { key: String })
    assert.ok((await endsAfterDisconnect(child)) < END_MS)
    assert.equal(named(child, 'handled').length, 500)
  })

  test('P7: that disconnects with sends pending ends within two seconds, with all of them settled', async (t) => {
    const [brokers, topic] = [await bed.brokers(), await bed.topic()]
    const child = startNode(t, SENDS, { args: [brokers, topic, '20000', 'disconnect'] })
    assert.ok((await endsAfterDisconnect(child)) < END_MS)
    assert.equal(named(child, 'acknowledged').length, 20_000)
  })

  const ends: Array<[how: string, then: string, end: { code: number | null; signal: string | null }]> = [
    ['process.exit', 'exit', { code: 3, signal: null }],
    ['an uncaught exception', 'throw', { code: 1, signal: null }],
    ['SIGTERM', 'wait', { code: null, signal: 'SIGTERM' }],
    ['SIGKILL', 'wait', { code: null, signal: 'SIGKILL' }],
  ]
  for (const [how, then, expected] of ends) {
    test(`P6: that ends by ${how} with sends pending loses no acknowledged record`, async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const child = startNode(t, SENDS, { args: [brokers, topic, '100000', then] })
      await child.waitForLine('acknowledged', 20_000)
      if (then === 'wait') await child.kill(how as 'SIGTERM' | 'SIGKILL')
      const start = performance.now()
      assert.deepEqual(await child.ended, expected, child.stderr)
      assert.ok(performance.now() - start < 5_000)
      if (then === 'throw') assert.match(child.stderr, /uncaught on purpose/)
      else assert.equal(child.stderr, '')
      const acknowledged = named(child, 'acknowledged')
      assert.ok(acknowledged.length > 0)
      const end = (await (await makeProducer(t, { brokers })).send(topic, -1)).offset
      const log = new Set((await readAll<number>(t, brokers, topic, end + 1)).map(({ value }) => value))
      assert.equal(log.size, end + 1, 'no record is there twice')
      assert.deepEqual(
        acknowledged.filter((value) => !log.has(value)),
        [],
      )
    })
  }

  test('N4: that is killed in mid-batch has its unfinished records handled again, and none is lost', async (t) => {
    const [brokers, topic, group] = [await bed.brokers(), await bed.topic(3), randomGroup()]
    const producer = await makeProducer(t, { brokers })
    await producer.send(topic, numbers(5_000), { key: String })
    const child = startNode(t, CONSUMES, { args: [brokers, topic, group] })
    await waitFor(() => named(child, 'handled').length > 1_000, { what: 'a thousand records', timeoutMs: 20_000 })
    await child.kill('SIGKILL')
    const [started, first] = [new Set(named(child, 'started')), new Set(named(child, 'handled'))]
    assert.ok(started.size > first.size, 'records were being handled')
    const received = new Received<number>()
    // A member that was killed holds the group up until its session ends: subscribe rejected before, and a service that
    // was started again and again left one more such member each time.
    const next = makeService(t, { brokers, autoOffsetReset: 'earliest', connectionTimeoutMs: 1_000 })
    await next.connectConsumer(group)
    await next.subscribe<number>(topic, received.handler)
    const missing = () => numbers(5_000).filter((value) => !first.has(value) && !received.values.includes(value))
    await waitFor(() => first.size + received.records.length >= 5_000 && missing().length === 0, {
      what: 'every record to be handled',
      intervalMs: 200,
      timeoutMs: 20_000,
    })
    assert.ok(received.records.length < 5_000, 'it went on from a commit and not from the beginning')
  })
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { type NodeProcess, startNode } from '../helpers/process.ts'
import { makeProducer, makeService, Received, readAll } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const CHILD = join(__dirname, '..', 'children', 'signals.ts')
const RECORDS = 64

const named = (child: NodeProcess, word: string) =>
  child.lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]))

const bed = kafkaBed()

describe('A process whose services handle signals', { skip: bed.skip }, () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`P6: ends by itself on ${signal} with ${code}, once its handlers have ended and its sends are acknowledged`, async (t) => {
      const [brokers, source, target] = [await bed.brokers(), await bed.topic(3), await bed.topic()]
      const group = randomGroup()
      const producer = await makeProducer(t, { brokers })
      const values = Array.from({ length: RECORDS }, (_, index) => index)
      await producer.send(source, values, { key: String })
      const child = startNode(t, CHILD, { args: [brokers, source, target, group, 'ends'] })
      await child.waitForLine('acknowledged ', 20_000)
      await child.waitForLine('started ', 20_000)
      const start = performance.now()
      assert.deepEqual(await child.kill(signal), { code, signal: null }, child.stderr)
      assert.ok(performance.now() - start < 5_000)
      assert.match(child.stderr, new RegExp(`${signal}: disconnecting, within 10000 ms[^]*${signal}: disconnected`))
      assert.doesNotMatch(child.stderr, /work left/)

      const [started, handled] = [named(child, 'started'), named(child, 'handled')]
      assert.ok(started.length > 0)
      assert.deepEqual(started.sort(), handled.sort(), 'what had begun has ended')
      const end = (await producer.send(target, {})).offset
      const log = await readAll<{ sent?: number; handled?: number }>(t, brokers, target, end + 1)
      const sent = new Set(log.map(({ value }) => value.sent))
      assert.deepEqual(
        named(child, 'acknowledged').filter((value) => !sent.has(value)),
        [],
      )

      const rest = new Received<number>()
      const next = makeService(t, { brokers })
      await next.connectConsumer(group)
      await next.subscribe<number>(source, rest.handler, { fromBeginning: true })
      await rest.count(RECORDS - handled.length)
      assert.deepEqual([...handled, ...rest.values].sort(), [...values].sort(), 'each record was handled once')
    })
  }

  test('ends at once on a second signal, while a handler hangs', async (t) => {
    const [brokers, source, target] = [await bed.brokers(), await bed.topic(), await bed.topic()]
    await (await makeProducer(t, { brokers })).send(source, 1)
    const child = startNode(t, CHILD, { args: [brokers, source, target, randomGroup(), 'hangs'] })
    await child.waitForLine('acknowledged ', 20_000)
    await child.waitForLine('started ', 20_000)
    process.kill(child.pid, 'SIGTERM')
    await waitFor(() => child.stderr.includes('SIGTERM: disconnecting'), { what: 'the first signal to be seen' })
    const start = performance.now()
    assert.deepEqual(await child.kill('SIGTERM'), { code: 143, signal: null }, child.stderr)
    assert.ok(performance.now() - start < 1_000)
  })
})

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { ConnectionWatch } from '../../lib/connection-watch.ts'

const PAUSE_MS = 250

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const broker = { answers: true, asked: 0, fails: false }
  const changes: boolean[] = []
  const watch = new ConnectionWatch(
    async () => {
      broker.asked += 1
      if (broker.fails) throw new Error('cannot start a thread')
      return broker.answers
    },
    (isConnected) => changes.push(isConnected),
  )
  const probe = async () => {
    t.mock.timers.tick(PAUSE_MS)
    for (let turn = 0; turn < 10; turn += 1) await null
  }
  return { broker, changes, watch, probe }
}

describe('ConnectionWatch', () => {
  test('is connected from the start, and asks nobody while nothing is suspicious', async (t) => {
    const { broker, watch, probe } = setUp(t)
    for (const code of ['UNKNOWN_TOPIC_OR_PART', '_MSG_TIMED_OUT', undefined, null]) watch.suspect(code)
    await probe()
    assert.deepEqual([watch.isConnected, broker.asked], [true, 0])
  })

  test('an error of the transport with a broker that answers changes nothing', async (t) => {
    const { broker, changes, watch, probe } = setUp(t)
    watch.suspect('_TRANSPORT')
    await probe()
    await probe()
    assert.deepEqual([watch.isConnected, broker.asked, changes], [true, 1, []])
  })

  test('a loss is told once and the return once, whatever errors come between', async (t) => {
    const { broker, changes, watch, probe } = setUp(t)
    broker.answers = false
    for (const code of ['_TRANSPORT', '_ALL_BROKERS_DOWN', '_RESOLVE']) watch.suspect(code)
    await probe()
    assert.deepEqual([watch.isConnected, changes], [false, [false]])
    for (let round = 0; round < 5; round += 1) {
      watch.suspect('_TRANSPORT')
      await probe()
    }
    assert.deepEqual(changes, [false])
    broker.answers = true
    await probe()
    assert.deepEqual([watch.isConnected, changes], [true, [false, true]])
    const { asked } = broker
    await probe()
    assert.equal(broker.asked, asked, 'a broker that answers is left in peace')
    broker.answers = false
    watch.suspect('_TRANSPORT')
    await probe()
    assert.deepEqual(changes, [false, true, false])
  })

  // Nobody caught it: the process ended, or the service was never seen as connected again.
  test('a probe that fails changes nothing and is tried again', async (t) => {
    const { broker, changes, watch, probe } = setUp(t)
    broker.fails = true
    watch.suspect('_TRANSPORT')
    await probe()
    await probe()
    assert.deepEqual([watch.isConnected, broker.asked > 1, changes], [true, true, []])
    Object.assign(broker, { fails: false, answers: false })
    await probe()
    broker.fails = true
    await probe()
    assert.deepEqual([watch.isConnected, changes], [false, [false]])
    Object.assign(broker, { fails: false, answers: true })
    await probe()
    assert.deepEqual([watch.isConnected, changes], [true, [false, true]])
  })

  test('stop ends the probes and counts as not connected', async (t) => {
    const { broker, changes, watch, probe } = setUp(t)
    broker.answers = false
    watch.suspect('_TRANSPORT')
    watch.stop()
    await probe()
    assert.deepEqual([watch.isConnected, changes, broker.asked], [false, [], 1])
    watch.suspect('_TRANSPORT')
    await probe()
    assert.equal(broker.asked, 1)
  })
})

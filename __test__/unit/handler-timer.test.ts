import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TimeSlice } from '../../lib/consumer/time-slice.ts'
import { BOUNDS_MS } from '../../lib/metrics/bounds.ts'
import { CELLS, HandlerMeter } from '../../lib/metrics/handler-meter.ts'
import { HandlerTimer } from '../../lib/metrics/handler-timer.ts'

function setUp() {
  const timer = new HandlerTimer()
  const slice = new TimeSlice(timer)
  const meter = new HandlerMeter()
  const read = () => {
    timer.look()
    const cells = meter.take()
    const cell = (name: (typeof CELLS)[number]) => cells[CELLS.indexOf(name)] as number
    /** Handlers that took longer than a bound. */
    const longer = (ms: number) =>
      cells.subarray(CELLS.length + BOUNDS_MS.indexOf(ms) + 1).reduce((sum, count) => sum + count, 0)
    return { attempts: cell('attempts'), ms: cell('milliseconds'), longer }
  }
  /** A handler that keeps the event loop for so long. */
  const run = (ms = 0) => {
    const began = timer.begin()
    const until = performance.now() + ms
    while (performance.now() < until);
    timer.end(meter, began)
    slice.spent()
  }
  return { timer, meter, run, read }
}

describe('HandlerTimer', () => {
  test('counts each of many quick handlers, and no more time than went by', () => {
    const { run, read } = setUp()
    const start = performance.now()
    for (let index = 0; index < 100_001; index += 1) run()
    const { attempts, ms } = read()
    assert.equal(attempts, 100_001)
    assert.ok(ms > 0 && ms <= performance.now() - start, `${ms} ms`)
  })

  test('gives each topic the handlers that are its own, in one stretch of time', () => {
    const { timer, meter, read } = setUp()
    const other = new HandlerMeter()
    for (let index = 0; index < 1_000; index += 1) {
      const [began, beganOther] = [timer.begin(), timer.begin()]
      timer.end(other, beganOther)
      timer.end(meter, began)
      timer.end(other, timer.begin())
    }
    assert.equal(read().attempts, 1_000)
    assert.equal(other.take()[0], 2_000)
  })

  test('times slow handlers one by one, after quick ones too once it has seen that they are slow', () => {
    const { run, read } = setUp()
    for (let index = 0; index < 1_000; index += 1) run(0)
    read()
    for (let index = 0; index < 200; index += 1) run(0.6)
    const { attempts, ms, longer } = read()
    assert.equal(attempts, 200)
    assert.ok(ms >= 200 * 0.6 && longer(0.25) >= 199, `${ms} ms, ${longer(0.25)}`)
    for (let index = 0; index < 10; index += 1) run(1.1)
    assert.equal(read().longer(1), 10)
  })

  // The time of a look was kept over a wait, so that what ran in between counted as a handler's.
  test('leaves out what runs between turns of the event loop', async () => {
    const { run, read } = setUp()
    for (let turn = 0; turn < 5; turn += 1) {
      run(0)
      await delay(20)
    }
    const { attempts, ms } = read()
    assert.equal(attempts, 5)
    assert.ok(ms < 20, `${ms} ms`)
  })

  test('times each handler that waits alone, however many begin or end together', async () => {
    const { timer, meter, run, read } = setUp()
    const handlers = Array.from({ length: 100 }, async () => {
      const began = timer.begin()
      await delay(30)
      timer.end(meter, began)
    })
    for (let index = 0; index < 1_000; index += 1) run(0)
    await Promise.all(handlers)
    const { attempts, longer } = read()
    assert.equal(attempts, 1_100)
    assert.ok(longer(25) >= 100, `${longer(25)}`)
    assert.ok(longer(25) <= 110, `${longer(25)}`)
  })
})

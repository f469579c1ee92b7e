import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fifo } from '../../lib/fifo.ts'

describe('Fifo', () => {
  test('does what an array does, however much went through it', () => {
    const fifo = new Fifo<number>()
    let model: number[] = []
    let state = 1
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % below
    }
    for (let step = 0; step < 20_000; step += 1) {
      const isFilling = Math.floor(step / 5_000) % 2 === 0
      if (random(4) < (isFilling ? 3 : 1)) {
        fifo.push(step)
        model.push(step)
      } else assert.equal(fifo.shift(), model.shift())
      if (step % 2_500 === 2_499) {
        fifo.filter((item) => item % 5 > 0)
        model = model.filter((item) => item % 5 > 0)
        assert.deepEqual([...fifo], model)
      }
      assert.deepEqual([fifo.length, fifo.peek()], [model.length, model[0]])
    }
    assert.ok(model.length > 0)
    assert.deepEqual([fifo.clear(), fifo.length, fifo.shift()], [model, 0, undefined])
  })
})

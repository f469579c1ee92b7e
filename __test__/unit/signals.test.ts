import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { endOn } from '../../lib/signals.ts'

const SIGTERM = ['SIGTERM', 15] as const
const SIGINT = ['SIGINT', 2] as const
const raise = ([name, number]: readonly [NodeJS.Signals, number]) => (process as EventEmitter).emit(name, name, number)
const listeners = () => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]

describe('ending on a signal', () => {
  let exits: unknown[] = []
  const stops: Array<() => void> = []
  const watch = (...given: Parameters<typeof endOn>) => {
    const stop = endOn(...given)
    stops.push(stop)
    return stop
  }

  beforeEach(() => {
    exits = []
    mock.method(process, 'exit', (code: unknown) => exits.push(code))
  })
  afterEach(() => {
    for (const stop of stops.splice(0)) stop()
    assert.deepEqual(listeners(), [0, 0])
    mock.restoreAll()
    process.exitCode = undefined
  })

  test('several that wait for a signal share one listener, which goes with the last of them', () => {
    const first = watch(['SIGINT', 'SIGTERM'], async () => {})
    const second = watch(['SIGTERM'], async () => {})
    assert.deepEqual(listeners(), [1, 1])
    first()
    first()
    assert.deepEqual(listeners(), [0, 1])
    second()
    assert.deepEqual(listeners(), [0, 0])
  })

  test('the first signal ends all that wait for it and sets the exit code; nothing is forced', async () => {
    const ended: string[] = []
    const end = (name: string) => async (signal: string) => {
      ended.push(`${name} by ${signal}`)
    }
    watch(['SIGINT', 'SIGTERM'], end('one'))
    watch(['SIGTERM'], end('two'))
    watch(['SIGINT'], end('three'))
    raise(SIGTERM)
    assert.deepEqual(ended, ['one by SIGTERM', 'two by SIGTERM'])
    assert.equal(process.exitCode, 143)
    await turn()
    assert.deepEqual(exits, [])
  })

  test('a second signal, also another one, ends the process at once while one of them has not ended', async () => {
    let settle = () => {}
    watch(['SIGINT', 'SIGTERM'], () => {
      return new Promise<void>((resolve) => {
        settle = resolve
      })
    })
    watch(['SIGTERM'], async () => {})
    raise(SIGTERM)
    await turn()
    assert.deepEqual(exits, [])
    raise(SIGINT)
    assert.deepEqual(exits, [130])
    settle()
    await turn()
    raise(SIGINT)
    assert.deepEqual(exits, [130], 'what has ended does not count')
    settle()
    await turn()
  })
})

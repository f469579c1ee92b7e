import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NativeError, NativeProducer, NativeProducerEvent } from '../../lib/native.ts'
import type { Columns } from '../../lib/producer/packer.ts'
import { Sender } from '../../lib/producer/sender.ts'

const NONE = { keys: undefined, headers: undefined, partitions: undefined, timestamps: undefined }
const REFUSED: NativeError = {
  code: 'NARAD_SEND_FAILED',
  message: 'refused',
  retriable: false,
  fatal: false,
  maybeInLog: false,
}

const columns = (...values: string[]): Columns => ({ ...NONE, values })
const many = (count: number, prefix = 'v') =>
  columns(...Array.from({ length: count }, (_, index) => `${prefix}${index}`))

interface Call {
  call: number
  topics: number[]
  values: string[]
}

/** The native side: keeps what it is given, and settles it when told to. */
class FakeNative {
  readonly calls: Call[] = []
  /** What `produce` answers. */
  error: NativeError | null = null
  #offset = 0

  produce(call: number, arena: Buffer, rows: Int32Array): NativeError | null {
    const [topics, values]: [number[], string[]] = [[], []]
    let at = 0
    for (let cell = 0; cell < rows.length; cell += 5) {
      const length = rows[cell + 3] as number
      topics.push(rows[cell] as number)
      values.push(arena.toString('utf8', at, at + length))
      at += length
    }
    this.calls.push({ call, topics, values })
    return this.error
  }

  /** The event for a call: offsets that count up, partition 1, and the failures. */
  event({ call, values }: Call, failures: number[] = []): NativeProducerEvent {
    const count = values.length
    const results = Buffer.from(new ArrayBuffer(count * 20))
    const numbers = new Float64Array(results.buffer, 0, count * 2)
    const partitions = new Int32Array(results.buffer, count * 16, count)
    for (let index = 0; index < count; index += 1) {
      numbers[index] = this.#offset
      numbers[count + index] = 1_000 + this.#offset
      partitions[index] = 1
      this.#offset += 1
    }
    return { call, results, failures: failures.map((index) => ({ index, error: REFUSED })) } as NativeProducerEvent
  }
}

function setUp(): { native: FakeNative; sender: Sender; settle: (call: Call, failures?: number[]) => void } {
  const native = new FakeNative()
  const sender = new Sender(native as unknown as NativeProducer, {})
  return { native, sender, settle: (call, failures) => sender.settle(native.event(call, failures)) }
}

describe('Sender', () => {
  test('packs the sends of one tick into one native call, in order, and gives each its results', async () => {
    const { native, sender, settle } = setUp()
    const sends = [sender.send(0, columns('a')), sender.send(3, columns('b', 'c')), sender.send(0, columns('d'))]
    assert.equal(native.calls.length, 0, 'not before the tick is over')
    await nextTurn()
    assert.deepEqual(native.calls, [{ call: 1, topics: [0, 3, 3, 0], values: ['a', 'b', 'c', 'd'] }])
    settle(native.calls[0] as Call)
    const results = await Promise.all(sends)
    assert.deepEqual(
      results.map(({ offsets, timestamps, partitions }) => [[...offsets], [...timestamps], [...partitions]]),
      [
        [[0], [1_000], [1]],
        [
          [1, 2],
          [1_001, 1_002],
          [1, 1],
        ],
        [[3], [1_003], [1]],
      ],
    )
    assert.equal(sender.pending, 0)
  })

  test('lets a few calls be in flight, and gathers what is sent meanwhile for the next', async () => {
    const { native, sender, settle } = setUp()
    const sends: Array<Promise<unknown>> = []
    for (let index = 0; index < 100; index += 1) {
      sends.push(sender.send(0, columns(String(index))))
      await nextTurn()
    }
    const inFlight = native.calls.length
    assert.ok(inFlight < 10, `${inFlight} calls`)
    assert.equal(sender.pending, 100)
    settle(native.calls[0] as Call)
    await nextTurn()
    assert.equal(native.calls.length, inFlight + 1)
    for (const call of native.calls.slice(1)) settle(call)
    await Promise.all(sends)
    assert.deepEqual(
      native.calls.flatMap(({ values }) => values),
      Array.from({ length: 100 }, (_, index) => String(index)),
    )
  })

  test('keeps results in input order when an array takes several calls and they settle in any order', async () => {
    const { native, sender, settle } = setUp()
    const sending = sender.send(0, many(30_000))
    const settled = new Set<Call>()
    let all: Call[] = []
    while (settled.size === 0 || settled.size < native.calls.length) {
      await nextTurn()
      all = [...native.calls]
      for (const call of all.filter((one) => !settled.has(one)).reverse()) {
        settled.add(call)
        settle(call)
      }
      await nextTurn()
    }
    assert.ok(all.length > 1)
    const { offsets } = await sending
    const values = native.calls.flatMap((call) => call.values)
    assert.deepEqual(values, many(30_000).values)
    // offsets were given in the order of settling: those of a call belong to its values
    const order = [...settled].flatMap((call) => call.values)
    const byValue = new Map(order.map((value, offset) => [value, offset]))
    assert.deepEqual(
      [...offsets],
      values.map((value) => byValue.get(value)),
    )
  })

  test('names failures by their index in the send, whatever shares the call', async () => {
    const { native, sender, settle } = setUp()
    const sends = [sender.send(0, many(10, 'a')), sender.send(0, columns('lone')), sender.send(0, many(12, 'b'))]
    await nextTurn()
    settle(native.calls[0] as Call, [22, 3, 10, 0])
    const [first, lone, last] = await Promise.all(sends)
    assert.deepEqual([...(first?.failures?.keys() ?? [])], [0, 3])
    assert.deepEqual([...(lone?.failures?.keys() ?? [])], [0])
    assert.deepEqual([...(last?.failures?.keys() ?? [])], [11])
    assert.equal(last?.offsets[10], 21)
  })

  test('fails every record of a call that the native side refuses, and goes on', async () => {
    const { native, sender, settle } = setUp()
    native.error = REFUSED
    const refused = await sender.send(0, columns('a', 'b'))
    assert.deepEqual([...(refused.failures?.keys() ?? [])], [0, 1])
    native.error = null
    const sending = sender.send(0, columns('c'))
    await nextTurn()
    settle(native.calls[1] as Call)
    assert.equal((await sending).failures, undefined)
    assert.equal(sender.pending, 0)
  })

  test('ignores a call that is settled twice or was never made', async () => {
    const { native, sender, settle } = setUp()
    const sending = sender.send(0, columns('a'))
    await nextTurn()
    settle(native.calls[0] as Call)
    settle(native.calls[0] as Call)
    settle({ call: 99, topics: [], values: ['x'] })
    assert.deepEqual([...(await sending).offsets], [0])
    assert.equal(sender.pending, 0)
  })

  test('drained resolves with the rest of the time once everything is with the native side', async () => {
    const { native, sender, settle } = setUp()
    const sending = sender.send(0, many(30_000))
    const draining = sender.drained(5_000)
    const done = new Set<Call>()
    while (sender.pending > 0) {
      await nextTurn()
      for (const call of native.calls) {
        if (done.has(call)) continue
        done.add(call)
        settle(call)
      }
    }
    assert.ok((await draining) > 3_000)
    assert.deepEqual([...(await sender.undelivered())], [])
    await sending
  })

  test('drained fails and counts what was not handed over when its time is over', async () => {
    const { native, sender, settle } = setUp()
    const large = sender.send(0, many(20_000))
    const behind = sender.send(1, columns('behind'))
    await nextTurn()
    const handed = native.calls.reduce((sum, { values }) => sum + values.length, 0)
    assert.equal(await sender.drained(50), 0)
    assert.equal((await behind).failures?.get(0)?.code, 'NARAD_CLOSED')
    // what is with the native side still gets its own result
    assert.equal(sender.pending, handed)
    for (const call of native.calls) settle(call)
    const { failures, offsets } = await large
    assert.equal(failures?.size, 20_000 - handed)
    assert.equal(failures?.has(handed - 1), false)
    assert.equal(offsets[handed - 1], handed - 1)
    assert.equal(failures?.get(handed)?.maybeInLog, false)
    assert.equal(sender.pending, 0)
    assert.deepEqual(
      [...(await sender.undelivered())],
      [
        [0, 20_000 - handed],
        [1, 1],
      ],
    )
  })
})

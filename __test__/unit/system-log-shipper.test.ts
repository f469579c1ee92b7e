import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SendError } from '../../lib/errors.ts'
import type { RecordMetadata } from '../../lib/message.ts'
import { Shipper } from '../../lib/system-logs/shipper.ts'

/** A broker whose answers the test gives. */
class Fake {
  readonly calls: string[][] = []
  readonly settle: Array<{ resolve: (sent: RecordMetadata[]) => void; reject: (error: unknown) => void }> = []
  isConnected = true

  readonly send = (entries: readonly string[]): Promise<RecordMetadata[]> | undefined => {
    if (!this.isConnected) return undefined
    this.calls.push([...entries])
    return new Promise((resolve, reject) => this.settle.push({ resolve, reject }))
  }
}

function makeShipper(maxEntries = 3): { fake: Fake; shipper: Shipper } {
  const fake = new Fake()
  return { fake, shipper: new Shipper({ send: fake.send, maxEntries, gap: (dropped) => `gap of ${dropped}` }) }
}

test('what is added in a turn goes in one call, and one call is under way at a time', async () => {
  const { fake, shipper } = makeShipper()
  shipper.add('a')
  shipper.add('b')
  await turn()
  shipper.add('c')
  await turn()
  assert.deepEqual(fake.calls, [['a', 'b']])
  fake.settle[0]?.resolve([])
  await turn()
  assert.deepEqual(fake.calls, [['a', 'b'], ['c']])
  assert.equal(shipper.dropped, 0)
})

test('beyond the bound the oldest are dropped, and readers are told how many', async () => {
  const { fake, shipper } = makeShipper()
  for (const entry of ['a', 'b', 'c', 'd', 'e']) shipper.add(entry)
  await turn()
  assert.deepEqual(fake.calls, [['gap of 2', 'c', 'd', 'e']])
  assert.equal(shipper.dropped, 2)
  fake.settle[0]?.resolve([])
  shipper.add('f')
  await turn()
  assert.deepEqual(fake.calls[1], ['f'])
})

test('what is refused is counted, and told with the next that goes', async () => {
  const { fake, shipper } = makeShipper(10)
  shipper.add('a')
  shipper.add('b')
  await turn()
  const results = [{ topic: 't', partition: 0, offset: 0, timestamp: 0 }, new SendError('too large')]
  fake.settle[0]?.reject(new SendError('one failed', { results }))
  await turn()
  assert.equal(shipper.dropped, 1)
  shipper.add('c')
  const flushed = shipper.flush(10_000)
  assert.deepEqual(fake.calls[1], ['gap of 1', 'c'])
  // the note counts for nothing, and what it says is said again
  fake.settle[1]?.reject(new Error('no broker'))
  await flushed
  assert.equal(shipper.dropped, 2)
  shipper.add('d')
  shipper.handOver()
  assert.deepEqual(fake.calls[2], ['gap of 2', 'd'])
})

test('flush gives up at its time while nothing is connected, and entries wait on', async () => {
  const { fake, shipper } = makeShipper()
  fake.isConnected = false
  shipper.add('a')
  await shipper.flush(20)
  assert.deepEqual([fake.calls, shipper.dropped], [[], 0])
  fake.isConnected = true
  const flushed = shipper.flush(10_000)
  fake.settle[0]?.resolve([])
  await flushed
  assert.deepEqual(fake.calls, [['a']])
  await shipper.flush(10_000)
})

test('a send that throws is as one that cannot be made', async () => {
  const shipper = new Shipper({
    send: () => {
      throw new Error('closed')
    },
    maxEntries: 1,
    gap: String,
  })
  shipper.add('a')
  await shipper.flush(5)
  shipper.add('b')
  assert.equal(shipper.dropped, 1)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ack, deadLetter, retry, returnedFailure } from '../../lib/delivery/verdict.ts'
import { TransientError } from '../../lib/errors.ts'
import { type Claim, type DedupeOptions, type DedupeStore, dedupe } from '../../lib/middleware/dedupe.ts'
import { memoryStore } from '../../lib/middleware/memory-store.ts'

type Loose = (context: unknown, next: (messages?: unknown[]) => unknown) => Promise<unknown>

const boom = new Error('boom')
const record = (offset = 0, fields: object = {}) => ({
  ...{ topic: 't', partition: 0, offset, group: 'g', attempt: 1, headers: {} },
  ...fields,
})

/** Notes what it is asked. */
class Store implements DedupeStore {
  readonly calls: string[] = []
  readonly answers = new Map<string, Claim | Error>()
  failsToComplete = false
  failsToRelease = false

  async claim(id: string, ttlMs: number): Promise<Claim> {
    this.calls.push(`claim ${id} ${ttlMs}`)
    const answer = this.answers.get(id) ?? 'claimed'
    if (answer instanceof Error) throw answer
    return answer
  }
  async complete(id: string): Promise<void> {
    this.calls.push(`complete ${id}`)
    if (this.failsToComplete) throw boom
  }
  async release(id: string): Promise<void> {
    this.calls.push(`release ${id}`)
    if (this.failsToRelease) throw new Error('the release failed too')
  }
}

function setUp(options: Partial<DedupeOptions> = {}) {
  const store = new Store()
  const { consume, consumeBatch } = dedupe({ store, ttlMs: 100, ...options })
  const batch = (records: unknown[], next: (messages?: unknown[]) => unknown) => {
    const context = { records, messages: records.map((_, index) => index), group: 'g' }
    return { context, result: (consumeBatch as Loose)(context, async (messages) => next(messages)) }
  }
  return { store, consume: consume as Loose, batch }
}

describe('dedupe of single records', () => {
  test('claims, hands on, completes, and gives the result', async () => {
    const { store, consume } = setUp()
    const result = await consume(record(), async () => {
      store.calls.push('handled')
      return 'result'
    })
    assert.equal(result, 'result')
    assert.deepEqual(store.calls, ['claim g:t:0:0 100', 'handled', 'complete g:t:0:0'])
  })

  test('skips what is done', async () => {
    const { store, consume } = setUp()
    store.answers.set('g:t:0:0', 'done')
    assert.equal(await consume(record(), () => assert.fail('the handler ran')), ack)
    assert.deepEqual(store.calls, ['claim g:t:0:0 100'])
  })

  test('tries again later what someone else has claimed: by the back-off first, then when the claim has run out', async () => {
    const { store, consume } = setUp()
    store.answers.set('g:t:0:0', 'busy')
    for (const [attempt, retryAfterMs] of [
      [1, undefined],
      [2, 100],
    ]) {
      const result = consume(record(0, { attempt }), () => assert.fail('the handler ran'))
      await assert.rejects(result, (error) => {
        assert.ok(error instanceof TransientError)
        assert.equal(error.retryAfterMs, retryAfterMs)
        return true
      })
    }
    assert.ok(!store.calls.some((call) => call.startsWith('release')))
  })

  test('releases where the handler fails, by an error or a verdict, and the error stays what it was', async () => {
    const { store, consume } = setUp()
    store.failsToRelease = true
    await assert.rejects(
      consume(record(), () => Promise.reject(boom)),
      (error) => error === boom,
    )
    for (const verdict of [retry(), deadLetter('no')]) {
      assert.equal(await consume(record(), async () => verdict), verdict)
    }
    assert.deepEqual(store.calls, Array(3).fill(['claim g:t:0:0 100', 'release g:t:0:0']).flat())
  })

  test('fails the record, and releases it, where it cannot be completed', async () => {
    const { store, consume } = setUp()
    store.failsToComplete = true
    await assert.rejects(
      consume(record(), async () => {}),
      (error) => error === boom,
    )
    assert.equal(store.calls.at(-1), 'release g:t:0:0')
  })

  test('does not run the handler where the store fails or answers nonsense', async () => {
    const { store, consume } = setUp()
    store.answers.set('g:t:0:0', boom)
    await assert.rejects(
      consume(record(), () => assert.fail('the handler ran')),
      boom,
    )
    store.answers.set('g:t:0:0', true as never)
    await assert.rejects(
      consume(record(), () => assert.fail('the handler ran')),
      /answered true \(a boolean\) to a claim/,
    )
  })

  test('goes by x-message-id within the topic where it is there, and by the id that is asked for', async () => {
    const { store, consume } = setUp()
    await consume(record(1, { headers: { 'x-message-id': 'm1' } }), async () => {})
    await consume(record(2, { headers: { 'x-message-id': '' } }), async () => {})
    const own = setUp({ id: ({ headers }) => headers['ce_id'] as string })
    await own.consume(record(3, { headers: { ce_id: 'c1' } }), async () => {})
    await assert.rejects(
      own.consume(record(4), async () => {}),
      /Option "id" of dedupe must give a text, but gave undefined/,
    )
    const ids = [...store.calls, ...own.store.calls].filter((call) => call.startsWith('complete'))
    assert.deepEqual(ids, ['complete g:t:id:m1', 'complete g:t:0:2', 'complete g:c1'])
  })

  test('refuses options that are wrong', () => {
    const store = memoryStore()
    assert.throws(
      () => dedupe({} as never),
      /Option "store" of dedupe must have claim, complete, release, but is undefined/,
    )
    assert.throws(() => dedupe({ store: { claim() {} } as never }), /Option "store"/)
    assert.throws(() => dedupe({ store, id: 'x' as never }), /Option "id" of dedupe must be a function, but is "x"/)
    assert.throws(() => dedupe({ store, ttlMs: -1 }), /Option "ttlMs" of dedupe must be a number of milliseconds/)
    assert.throws(() => dedupe({ store, ttl: 1 } as never), { code: 'NARAD_UNKNOWN_OPTION' })
  })
})

describe('dedupe of batches', () => {
  test('hands on what is to be handled, with its contexts, and gives a verdict for each record', async () => {
    const { store, batch } = setUp()
    store.answers.set('g:t:0:1', 'done')
    store.answers.set('g:t:0:3', 'busy')
    const records = [0, 1, 2, 3, 4].map((offset) => record(offset))
    let seen: unknown
    const { context, result } = batch(records, (messages) => {
      seen = [messages, context.records]
      return [undefined, retry(), undefined]
    })
    const verdicts = (await result) as unknown[]
    assert.deepEqual(seen, [
      [0, 2, 4],
      [records[0], records[2], records[4]],
    ])
    assert.equal(context.records, records)
    assert.deepEqual(
      verdicts.map((verdict) => returnedFailure(verdict)?.class),
      [undefined, undefined, 'transient', 'transient', undefined],
    )
    assert.deepEqual(store.calls.slice(5), ['complete g:t:0:0', 'release g:t:0:2', 'complete g:t:0:4'])
  })

  test('takes a verdict for all of those that were handed on', async () => {
    const { store, batch } = setUp()
    store.answers.set('g:t:0:0', 'done')
    const { result } = batch([record(0), record(1), record(2)], () => deadLetter('no'))
    const classes = ((await result) as unknown[]).map((verdict) => returnedFailure(verdict)?.class)
    assert.deepEqual(classes, [undefined, 'permanent', 'permanent'])
  })

  test('does not run the handler where nothing is left', async () => {
    const { store, batch } = setUp()
    store.answers.set('g:t:0:0', 'done')
    assert.deepEqual(await batch([record(0)], () => assert.fail('the handler ran')).result, [ack])
  })

  test('releases all it has claimed where the handler or a claim fails', async () => {
    const { store, batch } = setUp()
    await assert.rejects(batch([record(0), record(1)], () => Promise.reject(boom)).result, (error) => error === boom)
    store.answers.set('g:t:0:3', boom)
    const claims = batch([record(2), record(3), record(4)], () => assert.fail('the handler ran'))
    await assert.rejects(claims.result, (error) => error === boom)
    assert.deepEqual(
      store.calls.filter((call) => !call.startsWith('claim')),
      ['release g:t:0:0', 'release g:t:0:1', 'release g:t:0:2', 'release g:t:0:4'],
    )
  })

  test('hands one on of two with the same id', async () => {
    const store = memoryStore()
    const { batch } = setUp({ store })
    const twins = [record(0, { headers: { 'x-message-id': 'm' } }), record(1, { headers: { 'x-message-id': 'm' } })]
    let seen: unknown
    const { result } = batch(twins, (messages) => {
      seen = messages
    })
    assert.equal(returnedFailure(((await result) as unknown[])[1])?.class, 'transient')
    assert.deepEqual(seen, [0])
    assert.equal(await store.claim('g:t:id:m', 1), 'done')
  })
})

describe('memoryStore', () => {
  test('knows what is claimed, done and released', () => {
    const store = memoryStore()
    assert.equal(store.claim('a', 1_000), 'claimed')
    assert.equal(store.claim('a', 1_000), 'busy')
    store.release('a')
    assert.equal(store.claim('a', 1_000), 'claimed')
    store.complete('a')
    assert.equal(store.claim('a', 1_000), 'done')
  })

  test('lets a claim run out', (t) => {
    let now = 5_000
    t.mock.method(performance, 'now', () => now)
    const store = memoryStore()
    store.claim('a', 100)
    now += 99
    assert.equal(store.claim('a', 100), 'busy')
    now += 1
    assert.equal(store.claim('a', 100), 'claimed')
  })

  test('forgets the oldest that is done, and no claim', () => {
    const store = memoryStore({ maxEntries: 2 })
    store.claim('running', 1_000)
    for (const id of ['a', 'b', 'c']) {
      store.claim(id, 1_000)
      store.complete(id)
    }
    assert.deepEqual(
      ['running', 'a', 'b', 'c'].map((id) => store.claim(id, 1_000)),
      ['busy', 'claimed', 'done', 'done'],
    )
    assert.throws(() => memoryStore({ maxEntries: 0 }), /Option "maxEntries"/)
  })
})

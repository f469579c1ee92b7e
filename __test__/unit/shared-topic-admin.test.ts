import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type NewTopic, SharedTopicAdmin } from '../../lib/delivery/shared-topic-admin.ts'

const CONFIG = { 'cleanup.policy': 'delete' }

/** A cluster whose answers come when the test says so. */
function setUp() {
  const creations: Array<{ topics: readonly NewTopic[]; answer: (error?: Error) => void }> = []
  const lists: Array<(topics: Map<string, number>) => void> = []
  const admin = new SharedTopicAdmin({
    list: () => new Promise((resolve) => lists.push(resolve)),
    create: (topics) =>
      new Promise((resolve, reject) => {
        creations.push({ topics, answer: (error) => (error === undefined ? resolve() : reject(error)) })
      }),
  })
  const names = () => creations.map(({ topics }) => topics.map(({ topic }) => topic))
  return { admin, creations, lists, names }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('The topics that several groups need', () => {
  test('are created in one request at a time, which takes all that came meanwhile', async () => {
    const { admin, creations, names } = setUp()
    const first = admin.create('a', 3, CONFIG)
    await turn()
    const others = [admin.create('b', 1, CONFIG), admin.create('c', 2, CONFIG)]
    await turn()
    assert.deepEqual(names(), [['a']])
    creations[0]?.answer()
    await first
    await turn()
    assert.deepEqual(names(), [['a'], ['b', 'c']])
    assert.deepEqual(creations[1]?.topics[1], { topic: 'c', partitions: 2, config: CONFIG })
    creations[1]?.answer()
    await Promise.all(others)
  })

  test('that cannot be created reject for all of their request, and no later one', async () => {
    const { admin, creations, names } = setUp()
    const failing = [admin.create('a', 1, CONFIG), admin.create('b', 1, CONFIG)]
    await turn()
    const later = admin.create('c', 1, CONFIG)
    creations[0]?.answer(new Error('no right'))
    for (const one of failing) await assert.rejects(one, /no right/)
    await turn()
    assert.deepEqual(names(), [['a', 'b'], ['c']])
    creations[1]?.answer()
    await later
  })

  test('are listed anew for whoever asks while a list is under way: it may not show what was created since', async () => {
    const { admin, lists } = setUp()
    const early = admin.list()
    await turn()
    const late = [admin.list(), admin.list()]
    await turn()
    assert.equal(lists.length, 1)
    lists[0]?.(new Map())
    await early
    await turn()
    assert.equal(lists.length, 2)
    lists[1]?.(new Map([['a', 3]]))
    assert.deepEqual(await Promise.all(late), [new Map([['a', 3]]), new Map([['a', 3]])])
  })
})

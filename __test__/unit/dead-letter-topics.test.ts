import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DeadLetterTopics } from '../../lib/delivery/dead-letter-topics.ts'
import { AuthorizationError, ConnectionError, DeadLetterError, TopicError } from '../../lib/errors.ts'
import { FakeTopicAdmin } from '../helpers/topic-admin.ts'

function setUp(there: Record<string, number>, { group = 'billing', topic }: { group?: string; topic?: string } = {}) {
  const admin = new FakeTopicAdmin(there)
  return { admin, topics: new DeadLetterTopics({ group, topic, admin }) }
}

const failure = (promise: Promise<unknown>): Promise<DeadLetterError> =>
  promise.then(
    () => assert.fail('it did not reject'),
    (error) => {
      assert.ok(error instanceof DeadLetterError)
      return error
    },
  )

describe('The topics for dead letters', () => {
  test('that are missing are created with the partitions of their topics, to be kept for a time', async () => {
    const { admin, topics } = setUp({ orders: 6, refunds: 2, 'refunds.billing.dlq': 3 })
    await topics.ensure(['orders', 'refunds'])
    const config = { 'cleanup.policy': 'delete' }
    assert.deepEqual(admin.created, [{ topic: 'orders.billing.dlq', partitions: 6, config }])
    assert.equal(topics.partitions('orders'), 6)
    assert.equal(topics.partitions('refunds'), 3)
    assert.equal(topics.nameOf('orders'), 'orders.billing.dlq')
  })

  test('are not asked for again, except for more topics', async () => {
    const { admin, topics } = setUp({ orders: 1 })
    await topics.ensure(['orders'])
    await topics.ensure(['orders'])
    assert.equal(admin.lists, 1)
    admin.topics.set('returns', 4)
    await topics.ensure(['orders', 'returns'])
    assert.deepEqual([topics.partitions('orders'), topics.partitions('returns')], [1, 4])
    assert.equal(admin.created.length, 2)
  })

  test('are one where one is named, with the most partitions of all', async () => {
    const { admin, topics } = setUp({ a: 2, b: 5, c: 3 }, { topic: 'dead' })
    await topics.ensure(['a', 'b', 'c'])
    assert.deepEqual(
      admin.created.map(({ topic, partitions }) => [topic, partitions]),
      [['dead', 5]],
    )
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((topic) => topics.partitions(topic)),
      [5, 5, 5, 5],
    )
  })

  test('have one partition where their topic is not listed', async () => {
    const { topics } = setUp({ creating: 0 })
    await topics.ensure(['hidden', 'creating'])
    assert.deepEqual([topics.partitions('hidden'), topics.partitions('creating')], [1, 1])
  })

  test('are created once by calls at the same time', async () => {
    const { admin, topics } = setUp({ orders: 2 })
    await Promise.all([topics.ensure(['orders']), topics.ensure(['orders']), topics.ensure(['orders'])])
    assert.equal(admin.created.length, 1)
    // hundreds of records that failed before their topic was there listed all topics one after the other, for seconds
    assert.equal(admin.lists, 1)
  })

  test('may be created by another member in the same moment', async () => {
    const { admin, topics } = setUp({ orders: 2 })
    admin.beforeCreate = () => admin.topics.set('orders.billing.dlq', 9)
    await topics.ensure(['orders'])
    assert.deepEqual(admin.created, [])
    assert.equal(topics.partitions('orders'), 9)
  })

  test('that were deleted are created again once they are forgotten', async () => {
    const { admin, topics } = setUp({ orders: 2 })
    await topics.ensure(['orders'])
    admin.topics.delete('orders.billing.dlq')
    topics.forget('orders')
    await topics.ensure(['orders'])
    assert.equal(admin.created.length, 2)
  })

  test('that cannot be created reject with what to do, and may be tried again', async () => {
    const { admin, topics } = setUp({ orders: 2 })
    admin.createError = new AuthorizationError('CREATE on topic orders.billing.dlq is denied')
    const error = await failure(topics.ensure(['orders']))
    assert.deepEqual([error.code, error.retriable], ['NARAD_DEAD_LETTER_TOPIC', false])
    assert.deepEqual([error.topic, error.group], ['orders.billing.dlq', 'billing'])
    assert.equal(error.cause, admin.createError)
    assert.match(error.message, /orders\.billing\.dlq for dead letters is not there and was not created \(CREATE on/)
    assert.match(error.message, /create it, grant CREATE and DESCRIBE on it, name another .*, or say "dlq: false"\.$/)
    assert.equal(topics.partitions('orders'), undefined)
    admin.createError = undefined
    await topics.ensure(['orders'])
    assert.equal(topics.partitions('orders'), 2)
  })

  test('that cannot be listed reject, as retriable as the reason', async () => {
    const { admin, topics } = setUp({ orders: 2 })
    admin.listError = new ConnectionError('no broker answered')
    const error = await failure(topics.ensure(['orders']))
    assert.deepEqual([error.code, error.retriable], ['NARAD_DEAD_LETTER_TOPIC', true])
    assert.match(error.message, /could not be listed .* \(no broker answered\): try again\.$/)
  })
})

describe('The name of a topic for dead letters', () => {
  test('has at most the 249 characters of Kafka', async () => {
    assert.equal(setUp({}).topics.nameOf('t'.repeat(237)).length, 249)
    const long = 't'.repeat(238)
    const message =
      /dead letters of topic t+ in group "billing" need a topic whose name has 250 characters, and the limit is 249\. Name one with "dlq: \{ topic \}", or say "dlq: false"\./
    assert.throws(
      () => setUp({}).topics.nameOf(long),
      (error) => error instanceof TopicError && message.test(error.message),
    )
    await assert.rejects(setUp({}).topics.ensure(['fine', long]), message)
    assert.equal(setUp({}, { topic: 'dead' }).topics.nameOf(long), 'dead')
  })

  test('is refused for a group whose name a topic cannot have, and not changed', () => {
    // `team/a` and `team a` would have shared the dead letters of `team_a`.
    for (const group of ['team/a', 'team a', 'équipe', '\ud800']) {
      assert.throws(() => setUp({}, { group }).topics.nameOf('orders'), /may hold only ASCII letters/)
      assert.equal(setUp({}, { group, topic: 'dead' }).topics.nameOf('orders'), 'dead')
    }
  })

  test('is known as our own, so that a RegExp need not match it', () => {
    const { topics } = setUp({})
    assert.ok(topics.isOwn('orders.billing.dlq'))
    for (const name of ['orders', 'orders.dlq', 'orders.mailing.dlq', 'orders.billing.dlq.2']) {
      assert.ok(!topics.isOwn(name), name)
    }
    const named = setUp({}, { topic: 'dead' }).topics
    assert.ok(named.isOwn('dead'))
    assert.ok(!named.isOwn('orders.billing.dlq'))
  })
})

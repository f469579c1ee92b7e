import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { delayText, homeOf, RetryTopics } from '../../lib/delivery/retry-topics.ts'
import { AuthorizationError, RetryTopicError, TopicError } from '../../lib/errors.ts'
import { FakeTopicAdmin } from '../helpers/topic-admin.ts'

const DAY_MS = 86_400_000

describe('A retry topic', () => {
  test('is created with the partitions of its topic, to keep records for a week after they are due', async () => {
    const admin = new FakeTopicAdmin({ orders: 6 })
    await new RetryTopics('billing', 300_000, admin).ensure(['orders'])
    const config = {
      'cleanup.policy': 'delete',
      'retention.ms': String(300_000 + 7 * DAY_MS),
      'retention.bytes': '-1',
    }
    assert.deepEqual(admin.created, [{ topic: 'orders.billing.retry.5m', partitions: 6, config }])
  })

  test('that cannot be created rejects with what to do', async () => {
    const admin = new FakeTopicAdmin({ orders: 1 })
    admin.createError = new AuthorizationError('denied')
    const promise = new RetryTopics('billing', 1_000, admin).ensure(['orders'])
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof RetryTopicError)
      assert.deepEqual([error.code, error.topic], ['NARAD_RETRY_TOPIC', 'orders.billing.retry.1s'])
      assert.match(error.message, /^Topic orders\.billing\.retry\.1s for retries is not there and was not created/)
      assert.match(error.message, /create it, grant CREATE and DESCRIBE on it, or leave "retry\.topics" out\.$/)
      return true
    })
  })

  test('is named after the delay in its largest whole unit', () => {
    const texts: Array<[ms: number, text: string]> = [
      [1, '1ms'],
      [1_500, '1500ms'],
      [30_000, '30s'],
      [60_000, '1m'],
      [90_000, '90s'],
      [3_600_000, '1h'],
      [36 * 3_600_000, '36h'],
      [2 * DAY_MS, '2d'],
    ]
    for (const [ms, text] of texts) assert.equal(delayText(ms), text)
    const topics = new RetryTopics('billing', 90_000, new FakeTopicAdmin())
    assert.equal(topics.nameOf('orders'), 'orders.billing.retry.90s')
  })

  test('is refused for a group whose name a topic cannot have', () => {
    const topics = new RetryTopics('team/a', 1_000, new FakeTopicAdmin())
    assert.throws(
      () => topics.nameOf('orders'),
      (error) => error instanceof TopicError && /^The retries of topic orders in group "team\/a"/.test(error.message),
    )
  })

  test('is known as one by its name, whatever its delay, so that a RegExp need not match it', () => {
    assert.equal(homeOf('orders.billing.retry.1m', 'billing'), 'orders')
    assert.equal(homeOf('a.billing.retry.b.billing.retry.250ms', 'billing'), 'a.billing.retry.b')
    const others = ['orders', 'orders.mailing.retry.1m', 'orders.billing.retry.', 'orders.billing.retry.1w']
    for (const name of [...others, '.billing.retry.1m', 'orders.billing.retry.1m.2']) {
      assert.equal(homeOf(name, 'billing'), undefined, name)
    }
  })
})

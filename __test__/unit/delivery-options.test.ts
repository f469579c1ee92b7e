import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveDelivery } from '../../lib/delivery/options.ts'
import { ArgumentError, KafkaError } from '../../lib/errors.ts'

const resolve = (options: Record<string, unknown>, dlqTopic?: string) =>
  resolveDelivery(options, { maxRetries: 3, ...(dlqTopic === undefined ? {} : { dlqTopic }) })

describe('The delivery of a subscription', () => {
  test('takes retries from the option, or else from the service', () => {
    assert.equal(resolve({}).maxRetries, 3)
    assert.equal(resolve({ retry: {} }).maxRetries, 3)
    assert.equal(resolve({ retry: { maxRetries: 0 } }).maxRetries, 0)
    assert.equal(resolve({ retry: { maxRetries: 2_147_483_647 } }).maxRetries, 2_147_483_647)
    assert.equal(resolve({ retry: false }).maxRetries, 0)
  })

  test('takes delays, of which one that is left out gives way to the other', () => {
    const delays = (retry: object) => {
      const { initialDelayMs, maxDelayMs } = resolve({ retry })
      return [initialDelayMs, maxDelayMs]
    }
    assert.deepEqual(delays({}), [1_000, 30_000])
    assert.deepEqual(delays({ initialDelayMs: 0, maxDelayMs: 0 }), [0, 0])
    assert.deepEqual(delays({ initialDelayMs: 50 }), [50, 30_000])
    assert.deepEqual(delays({ initialDelayMs: 60_000 }), [60_000, 60_000])
    assert.deepEqual(delays({ maxDelayMs: 500 }), [500, 500])
    assert.deepEqual(delays({ maxDelayMs: 60_000 }), [1_000, 60_000])
    assert.deepEqual(delays({ initialDelayMs: 5, maxDelayMs: 10 }), [5, 10])
  })

  test('takes retry topics by their delays, in their order, of which one may come again', () => {
    const delays = (retry: unknown) => resolve({ retry }).retryTopicsMs
    assert.deepEqual(delays(undefined), [])
    assert.deepEqual(delays(false), [])
    assert.deepEqual(delays({ topics: [{ delayMs: 60_000 }] }), [60_000])
    assert.deepEqual(delays({ topics: [{ delayMs: 5 }, { delayMs: 1 }, { delayMs: 5 }] }), [5, 1, 5])
  })

  test('parks what is given up, in the topic of the option, of the service, or of its own', () => {
    const letters = (options: Record<string, unknown>, dlqTopic?: string) => {
      const { givenUp, deadLetterTopic } = resolve(options, dlqTopic)
      return [givenUp, deadLetterTopic]
    }
    assert.deepEqual(letters({}), ['park', undefined])
    assert.deepEqual(letters({ dlq: {} }), ['park', undefined])
    assert.deepEqual(letters({}, 'dead'), ['park', 'dead'])
    assert.deepEqual(letters({ dlq: { topic: 'mine' } }, 'dead'), ['park', 'mine'])
    assert.deepEqual(letters({ dlq: false }, 'dead'), ['stop', undefined])
    assert.deepEqual(letters({ dlq: false, onExhausted: 'stop' }), ['stop', undefined])
    assert.deepEqual(letters({ dlq: false, onExhausted: 'skip' }), ['skip', undefined])
  })

  test('takes ten keys for an outage unless told otherwise, and the delays of retries for its probes', () => {
    const outage = (options: Record<string, unknown>) => Object.values(resolve(options).outage ?? {})
    assert.deepEqual(outage({}), [10, 1_000, 30_000])
    assert.deepEqual(outage({ retry: { initialDelayMs: 200, maxDelayMs: 400 } }), [10, 200, 400])
    assert.deepEqual(outage({ retry: { initialDelayMs: 0, maxDelayMs: 0 } }), [10, 100, 100])
    assert.deepEqual(outage({ outage: { keys: 3, initialDelayMs: 0, maxDelayMs: 50 } }), [3, 0, 50])
    assert.deepEqual(outage({ outage: { initialDelayMs: 60_000 } }), [10, 60_000, 60_000])
    assert.equal(resolve({ outage: false }).outage, undefined)
  })

  test('takes a deadline, and Infinity for none', () => {
    assert.equal(resolve({}).timeoutMs, 60_000)
    assert.equal(resolve({ timeoutMs: 1 }).timeoutMs, 1)
    assert.equal(resolve({ timeoutMs: Number.POSITIVE_INFINITY }).timeoutMs, Number.POSITIVE_INFINITY)
  })

  test('takes a function that classifies', () => {
    const classify = () => undefined
    assert.equal(resolve({ classify }).classify, classify)
  })

  const refused: Array<[options: Record<string, unknown>, message: RegExp]> = [
    [{ outage: true }, /options of outage must be an object, but are true/],
    [{ outage: { keys: 1 } }, /"outage.keys" must be a whole number from 2 to 1000, but is 1/],
    [
      { outage: { initialDelayMs: 5, maxDelayMs: 4 } },
      /"outage.initialDelayMs" \(5\) is more than "outage.maxDelayMs"/,
    ],
    [{ retry: true }, /options of retry must be an object, but are true/],
    [{ retry: null }, /options of retry must be an object, but are null/],
    [{ retry: 5 }, /options of retry must be an object, but are 5/],
    [
      { retry: { retries: 5 } },
      /Unknown option "retries" of retry\. There are: maxRetries, initialDelayMs, maxDelayMs, topics\./,
    ],
    [{ retry: { maxRetries: -1 } }, /"retry\.maxRetries" must be a whole number from 0 to 2147483647, but is -1/],
    [{ retry: { maxRetries: Number.POSITIVE_INFINITY } }, /"retry\.maxRetries" .* but is Infinity/],
    [{ retry: { initialDelayMs: 1.5 } }, /"retry\.initialDelayMs" must be a whole number/],
    [{ retry: { maxDelayMs: '5s' } }, /"retry\.maxDelayMs" must be a whole number/],
    [{ retry: { maxDelayMs: 2 ** 31 } }, /"retry\.maxDelayMs" must be a whole number from 0 to 2147483647/],
    [{ retry: { initialDelayMs: 2, maxDelayMs: 1 } }, /"retry\.initialDelayMs" \(2\) is more than .*maxDelayMs" \(1\)/],
    [{ retry: { topics: [] } }, /"retry\.topics" must be an array of 1 to 20 objects .* but is an array of 0\./],
    [{ retry: { topics: 60_000 } }, /"retry\.topics" must be an array of .* but is 60000 \(a number\)\./],
    [{ retry: { topics: [60_000] } }, /options of retry\.topics\[0\] must be an object, but are 60000/],
    [{ retry: { topics: [{ delayMs: 1 }, {}] } }, /"retry\.topics\[1\]" needs a "delayMs", in milliseconds\./],
    [{ retry: { topics: [{ delay: 1 }] } }, /Unknown option "delay" of retry\.topics\[0\]\. Did you mean "delayMs"\?/],
    [
      { retry: { topics: [{ delayMs: 0 }] } },
      /"retry\.topics\[0\]\.delayMs" must be a whole number from 1 to 2147483647/,
    ],
    [{ retry: { topics: [{ delayMs: 1 }] }, dlq: false }, /"retry\.topics" needs dead letters/],
    [{ dlq: true }, /options of dlq must be an object, but are true/],
    [{ dlq: 'dead' }, /options of dlq must be an object, but are "dead"/],
    [{ dlq: { name: 'dead' } }, /Unknown option "name" of dlq\. There are: topic\./],
    [{ dlq: { topic: 'dead letters' } }, /Option "dlq\.topic" may hold only ASCII letters/],
    [{ dlq: { topic: 5 } }, /Option "dlq\.topic" must be a string, not number/],
    [{ onExhausted: 'skip' }, /"onExhausted" has a meaning only with "dlq: false"/],
    [{ dlq: false, onExhausted: 'park' }, /"onExhausted" must be "stop" or "skip", but is "park"/],
    [{ classify: 'permanent' }, /"classify" must be a function, but is "permanent"/],
    [
      { timeoutMs: 0 },
      /"timeoutMs" must be a whole number from 1 to 2147483647, or Infinity for no deadline, but is 0/,
    ],
    [{ timeoutMs: -1 }, /"timeoutMs" must be/],
    [{ timeoutMs: 1.5 }, /"timeoutMs" must be/],
    [{ timeoutMs: 2 ** 31 }, /"timeoutMs" must be/],
    [{ timeoutMs: '60s' }, /"timeoutMs" must be .* but is "60s"/],
  ]
  for (const [options, message] of refused) {
    test(`refuses ${JSON.stringify(options)}, and names the option`, () => {
      assert.throws(
        () => resolve(options),
        (error) => {
          assert.ok(error instanceof KafkaError)
          assert.ok(error instanceof ArgumentError || error.code === 'NARAD_UNKNOWN_OPTION')
          assert.match(error.message, message)
          return true
        },
      )
    })
  }
})

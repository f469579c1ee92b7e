import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { returnedFailure } from '../../lib/delivery/verdict.ts'
import { ArgumentError, PermanentError } from '../../lib/errors.ts'
import type { SchemaIssue, StandardSchema } from '../../lib/middleware/standard-schema.ts'
import { type ValidateOptions, validate } from '../../lib/middleware/validate.ts'

type Loose = (context: unknown, next: (...messages: unknown[]) => unknown) => Promise<unknown>

/** Takes orders with a price, and gives those without a currency one. */
function orders(isAsync = false): StandardSchema<{ price: number }, { price: number; currency: string }> {
  const issue = (value: unknown, path: SchemaIssue['path']) => ({
    issues: [{ message: `Expected a number but got ${JSON.stringify(value)}`, path, code: 'invalid_type' }],
  })
  const check = (value: unknown) => {
    const price = (value as { price?: unknown } | null)?.price
    if (value === null || value === undefined) return issue(value, undefined)
    if (typeof price !== 'number') return issue(price, ['items', 0, { key: 'price' }])
    return { value: { currency: 'EUR', ...(value as { price: number }) } }
  }
  return { '~standard': { version: 1, vendor: 'test', validate: isAsync ? async (value) => check(value) : check } }
}

function setUp(schema: StandardSchema, options?: ValidateOptions) {
  const { consume, consumeBatch, send } = validate(schema, options)
  return { consume: consume as Loose, consumeBatch: consumeBatch as Loose, send: send as Loose }
}

const record = (message: unknown, topic = 'orders') => ({ topic, partition: 1, offset: 2, group: 'g', message })

for (const isAsync of [false, true]) {
  describe(`validate with ${isAsync ? 'an async' : 'a sync'} schema`, () => {
    const { consume, consumeBatch, send } = setUp(orders(isAsync))

    test('hands on what the schema makes of a message', async () => {
      assert.deepEqual(await consume(record({ price: 1 }), (message) => message), { currency: 'EUR', price: 1 })
    })

    test('takes a message that does not fit for a permanent error, which names paths and no values', async () => {
      const result = consume(record({ price: 'canary' }), () => assert.fail('the handler ran'))
      await assert.rejects(result, (error) => {
        assert.ok(error instanceof PermanentError)
        assert.equal(error.message, 'The message does not fit its schema: items.0.price (invalid_type).')
        assert.deepEqual([error.topic, error.partition, error.offset, error.group], ['orders', 1, 2, 'g'])
        assert.doesNotMatch(JSON.stringify(error), /canary/)
        return true
      })
      await assert.rejects(
        consume(record(null), () => assert.fail('the handler ran')),
        /the value itself \(invalid_type\)/,
      )
    })

    test('parks of a batch the records that do not fit, and hands on the others with their contexts', async () => {
      const messages = [{ price: 1 }, { price: 'x' }, { price: 3 }]
      const records = messages.map((message) => record(message))
      const context = { records, messages, group: 'g' }
      let seen: unknown
      const verdicts = (await consumeBatch(context, async (left) => {
        seen = [left, context.records]
      })) as unknown[]
      assert.deepEqual(seen, [
        [
          { currency: 'EUR', price: 1 },
          { currency: 'EUR', price: 3 },
        ],
        [records[0], records[2]],
      ])
      assert.deepEqual(
        verdicts.map((verdict) => returnedFailure(verdict)?.class),
        [undefined, 'permanent', undefined],
      )
      assert.equal(context.records, records)
    })

    test('replaces what is sent, and sends nothing where a message does not fit', async () => {
      const records = [{ value: { price: 1 } }, { value: { price: 2 } }]
      await send({ topic: 'orders', records }, () => {})
      assert.deepEqual(
        records.map(({ value }) => value),
        [
          { currency: 'EUR', price: 1 },
          { currency: 'EUR', price: 2 },
        ],
      )
      const wrong = { topic: 'orders', records: [{ value: { price: 1 } }, { value: { price: 'canary' } }] }
      await assert.rejects(
        send(wrong, () => assert.fail('it was sent')),
        (error) => {
          assert.ok(error instanceof ArgumentError)
          assert.equal(error.message, 'Message 1 for orders does not fit its schema: items.0.price (invalid_type).')
          assert.equal(error.topic, 'orders')
          return true
        },
      )
      await assert.rejects(
        send({ topic: 'orders', records: [{ value: {} }] }, () => assert.fail('it was sent')),
        /^ArgumentError: The message for orders does not fit/,
      )
    })
  })
}

describe('validate', () => {
  test('leaves the records of other topics alone', async () => {
    for (const topics of ['orders', /^ord/g, ['payments', /ers$/y]]) {
      const { consume, consumeBatch, send } = setUp(orders(), { topics })
      assert.deepEqual(await consume(record('text', 'notes'), (...handedOn) => handedOn), [])
      const context = { records: [record(1, 'notes')], messages: [1], group: 'g' }
      await consumeBatch(context, async (messages) => assert.deepEqual(messages, [1]))
      await send({ topic: 'notes', records: [{ value: 'text' }] }, () => {})
      for (let twice = 0; twice < 2; twice += 1) {
        if (!Array.isArray(topics))
          await assert.rejects(
            consume(record('text'), () => {}),
            PermanentError,
          )
      }
    }
  })

  test('shows at most ten issues, cuts long paths, and shows no kind that is no name', async () => {
    const issues = Array.from({ length: 12 }, (_, index) => ({
      message: 'canary',
      path: [index === 0 ? 'x'.repeat(300) : `line\nbreak-${index}`],
      code: 'canary value!',
    }))
    const { consume } = setUp({ '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } })
    await assert.rejects(
      consume(record(1), () => {}),
      (error) => {
        assert.ok(error instanceof PermanentError)
        assert.doesNotMatch(error.message, /canary|\n|x{101}|break-10/)
        assert.match(error.message, /line\\nbreak-9, and 2 more\.$/)
        return true
      },
    )
  })

  test('passes on what a schema throws: whether it is permanent is not known', async () => {
    const boom = new Error('the directory does not answer')
    const { consume } = setUp({ '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(boom) } })
    await assert.rejects(
      consume(record(1), () => {}),
      (error) => error === boom,
    )
  })

  test('refuses what is no schema, and options that are not there', () => {
    for (const schema of [undefined, null, {}, { '~standard': {} }, 'schema']) {
      assert.throws(() => validate(schema as never), /validate needs a validator that implements Standard Schema/)
    }
    assert.throws(() => validate(orders(), { topic: 'orders' } as never), { code: 'NARAD_UNKNOWN_OPTION' })
    assert.throws(() => validate(orders(), { topics: ['no spaces'] }), { code: 'NARAD_INVALID_TOPIC' })
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ArgumentError,
  ClosedError,
  ConfigError,
  EncodeError,
  KafkaError,
  NotConnectedError,
  TopicError,
} from '../../lib/errors.ts'
import { message } from '../../lib/message.ts'
import { createKafkaService, type KafkaService } from '../../lib/service.ts'

// Users come from JavaScript too, so what the types forbid is given all the same.
type Loose = Record<
  'send' | 'sendRecords' | 'subscribe' | 'connectConsumer',
  (...args: unknown[]) => Promise<unknown>
> &
  Omit<KafkaService, 'send' | 'sendRecords' | 'subscribe' | 'connectConsumer'>

/** A service that is not connected: input is checked before anything else, so nothing needs a broker. */
function service(): Loose {
  return createKafkaService({ brokers: 'localhost:1', logLevel: 'silent' }).init() as unknown as Loose
}

async function failure(action: () => Promise<unknown>): Promise<KafkaError> {
  const promise = action()
  assert.ok(promise instanceof Promise, 'bad input rejects and does not throw')
  const error = await promise.then(
    () => assert.fail('it should have rejected'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KafkaError, `${error}`)
  assert.match(error.stack ?? '', /bad-input\.test/, 'the stack shows the caller')
  return error
}

const TOPICS: unknown[] = ['', 'with space', 'a/b', '.', '..', 'ä', 'a\nb', 'x'.repeat(250), null, undefined, 5, {}, []]

describe('send', () => {
  for (const topic of TOPICS) {
    test(`refuses the topic ${JSON.stringify(topic)?.slice(0, 30)}`, async () => {
      const error = await failure(() => service().send(topic, 1))
      assert.ok(error instanceof TopicError)
      assert.equal(error.code, 'NARAD_INVALID_TOPIC')
      assert.doesNotMatch(error.message, /\n/)
      assert.ok((await failure(() => service().sendRecords(topic, []))) instanceof TopicError)
    })
  }

  const circular: Record<string, unknown> = {}
  circular.self = circular
  let deep: unknown = 0
  for (let depth = 0; depth < 200_000; depth += 1) deep = [deep]
  const values: Array<[what: string, value: unknown]> = [
    ['undefined', undefined],
    ['a circular structure', circular],
    ['a BigInt', { id: 1n }],
    ['a function', () => 1],
    ['a Symbol', Symbol('s')],
    ['a promise', Promise.resolve(1)],
    ['a Map', new Map([[1, 2]])],
    ['bytes', Buffer.from('x')],
    ['a value nested 200,000 deep', deep],
    ['a toJSON that throws', { toJSON: () => assert.fail('no') }],
    ['a toJSON that gives nothing', { toJSON: () => undefined }],
    [
      'a getter that throws',
      {
        get broken() {
          throw new Error('no')
        },
      },
    ],
  ]
  for (const [what, value] of values) {
    test(`refuses ${what} as a value, and names its place in an array`, async () => {
      const lone = await failure(() => service().send('topic', value))
      assert.ok(lone instanceof EncodeError)
      assert.deepEqual([lone.code, lone.topic], ['NARAD_ENCODE_FAILED', 'topic'])
      const inArray = await failure(() => service().send('topic', [1, 2, value]))
      assert.match(inArray.message, /record 2 of the array/)
      const inBuilder = await failure(() => service().send('topic', [1, message(value)]))
      assert.match(inBuilder.message, /record 1 of the array/)
    })
  }

  test('refuses a hole in an array', async () => {
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested
    assert.match((await failure(() => service().send('topic', [1, , 3]))).message, /record 1 of the array/)
  })

  test('refuses a lone surrogate where text goes out as it is', async () => {
    const error = await failure(() => service().send('topic', 'a\ud800', { codec: 'string' }))
    assert.match(error.message, /lone surrogate/)
    assert.match((await failure(() => service().send('topic', 1, { key: '\udfff' }))).message, /lone surrogate/)
    assert.match((await failure(() => service().sendRecords('topic', [{ value: '\udfff' }]))).message, /record 0/)
  })

  const options: Array<[options: unknown, message: RegExp]> = [
    [null, /options of send must be an object, but are null/],
    ['key', /options of send must be an object, but are "key"/],
    [[], /options of send must be an object, but are an array/],
    [{ key: {} }, /key must be a string, a Buffer, a whole number or null, but is an object/],
    [{ key: 1.5 }, /key must be .* but is 1.5/],
    [{ key: () => true }, /key of record 0 must be .* but is true/],
    [{ headers: ['a'] }, /headers must be pairs of a name and a value, but one is/],
    [{ headers: 'a=b' }, /headers must be an object/],
    [{ headers: { count: 5 } }, /header "count" in the headers must be a string, a Buffer or null, but is 5/],
    [{ headers: { '': 'x' } }, /name ""/],
    [{ headers: { 'a\0b': 'x' } }, /name "a\\u0000b"/],
    [{ partition: -1 }, /partition must be a whole number from 0, but is -1/],
    [{ partition: 1.5 }, /partition must be/],
    [{ partition: '0' }, /partition must be .* "0"/],
    [{ partition: Number.NaN }, /partition must be/],
    [{ partition: 2 ** 31 }, /partition must be/],
    [{ timestamp: 0 }, /timestamp must be a Date or a positive/],
    [{ timestamp: -1 }, /timestamp must be/],
    [{ timestamp: new Date('never') }, /timestamp must be/],
    [{ timestamp: 'yesterday' }, /timestamp must be/],
    [{ codec: 'jsn' }, /There is no codec "jsn" \(did you mean "json"\?\)/],
    [{ codec: {} }, /A codec must be/],
  ]
  for (const [given, expected] of options) {
    test(`refuses the options ${JSON.stringify(given)}: ${expected.source.slice(0, 40)}`, async () => {
      const error = await failure(() => service().send('topic', [1], given))
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, expected)
    })
  }

  test('names the nearest option for one that is unknown', async () => {
    const error = await failure(() => service().send('topic', 1, { keys: 'u1' }))
    assert.ok(error instanceof ConfigError)
    assert.equal(error.code, 'NARAD_UNKNOWN_OPTION')
    assert.match(error.message, /Unknown option "keys" of send\. Did you mean "key"\?/)
    const far = await failure(() => service().send('topic', 1, { 'a\nb': 1 }))
    assert.match(far.message, /Unknown option "a\\nb" of send\. There are: key, headers/)
  })

  const records: Array<[records: unknown, message: RegExp]> = [
    ['text', /takes an array of records, but got "text"/],
    [{ value: 'x' }, /takes an array of records, but got an object/],
    [[{ value: 'ok' }, null], /Record 1 must be an object with a value .* but is null/],
    [[{ key: 'k' }], /Record 0 must be an object with a value/],
    [[{ value: undefined }], /value of record 0 must be a string, a Buffer or null, but is undefined/],
    [[{ value: { a: 1 } }], /value of record 0 .* send\(\) encodes objects/],
    [[{ value: 'x', key: Symbol('k') }], /key of record 0 must be/],
    [[{ value: 'x', headers: { a: 1 } }], /headers of record 0/],
    [[{ value: 'x', partition: -1 }], /partition of record 0/],
    [[{ value: 'x', timestamp: '-5' }], /timestamp of record 0/],
  ]
  for (const [given, expected] of records) {
    test(`sendRecords refuses ${expected.source.slice(0, 60)}`, async () => {
      const error = await failure(() => service().sendRecords('topic', given))
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, expected)
    })
  }

  test('rejects with "not connected" before connectProducer, and says what to do', async () => {
    const error = await failure(() => service().send('topic', 1))
    assert.ok(error instanceof NotConnectedError)
    assert.match(error.message, /not connected; await connectProducer\(\) first/)
  })

  test('rejects after disconnect, and says that the service was disconnected', async () => {
    const closed = service()
    await closed.disconnect()
    const error = await failure(() => closed.send('topic', 1))
    assert.ok(error instanceof ClosedError)
    assert.match(error.message, /was disconnected.*not connected/)
    assert.ok((await failure(() => closed.connectProducer())) instanceof ClosedError)
    assert.ok((await failure(() => closed.connectConsumer('g'))) instanceof ClosedError)
  })
})

describe('subscribe', () => {
  const handler = () => {}

  for (const given of [undefined, null, 'handler', {}, 5]) {
    test(`refuses ${given === null ? null : typeof given} as a handler`, async () => {
      const error = await failure(() => service().subscribe('topic', given))
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, /needs a function to handle records/)
    })
  }

  for (const topic of TOPICS.filter((one) => !Array.isArray(one))) {
    test(`refuses the topic ${JSON.stringify(topic)?.slice(0, 30)}, alone and in an array`, async () => {
      assert.ok((await failure(() => service().subscribe(topic, handler))) instanceof TopicError)
      assert.ok((await failure(() => service().subscribe(['fine', topic], handler))) instanceof TopicError)
    })
  }

  const options: Array<[options: unknown, message: RegExp]> = [
    ['group', /options of subscribe must be an object/],
    [{ group: '' }, /"group" must be a name/],
    [{ group: 5 }, /"group" must be a name, but is 5/],
    [{ fromBeginning: 'yes' }, /"fromBeginning" must be true or false, but is "yes"/],
    [{ concurrency: 0 }, /"concurrency" must be a whole number from 1 to 10000, but is 0/],
    [{ concurrency: 10_001 }, /"concurrency" must be/],
    [{ concurrency: 1.5 }, /"concurrency" must be/],
    [{ concurrency: '5' }, /"concurrency" must be/],
    [{ ordering: 'topic' }, /"ordering" must be "key", "partition" or "none", but is "topic"/],
    [{ batch: 100 }, /options of batch must be an object, but are 100/],
    [{ batch: { maxMessages: 0 } }, /"batch.maxMessages" must be a whole number from 1 to 10000/],
    [{ batch: { maxWaitMs: -1 } }, /"batch.maxWaitMs" must be a whole number from 0 to 60000/],
    [{ batch: true, concurrency: 4 }, /"concurrency" has no meaning with "batch"/],
    [{ batch: true, ordering: 'key' }, /"ordering" has no meaning with "batch"/],
    [{ codec: 'xml' }, /There is no codec "xml"/],
  ]
  for (const [given, expected] of options) {
    test(`refuses the options ${JSON.stringify(given)}`, async () => {
      const error = await failure(() => service().subscribe('topic', handler, given))
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, expected)
    })
  }

  test('names the nearest option for one that is unknown', async () => {
    const error = await failure(() => service().subscribe('topic', handler, { fromBegining: true }))
    assert.equal(error.code, 'NARAD_UNKNOWN_OPTION')
    assert.match(error.message, /Did you mean "fromBeginning"\?/)
    const inBatch = await failure(() => service().subscribe('topic', handler, { batch: { maxMesages: 5 } }))
    assert.match(inBatch.message, /of batch\. Did you mean "maxMessages"\?/)
  })

  test('refuses no topic at all', async () => {
    assert.match((await failure(() => service().subscribe([], handler))).message, /at least one topic/)
  })

  test('rejects with "not connected" where the group is not connected', async () => {
    // It once said "No consumer group is not connected".
    assert.match(
      (await failure(() => service().subscribe('topic', handler))).message,
      /^A consumer group is not connected/,
    )
    const named = await failure(() => service().subscribe('topic', handler, { group: 'billing' }))
    assert.ok(named instanceof NotConnectedError)
    assert.match(named.message, /Group billing is not connected: await connectConsumer\(\)/)
  })
})

describe('connectConsumer', () => {
  test('needs a group', async () => {
    const error = await failure(() => service().connectConsumer())
    assert.ok(error instanceof ArgumentError)
    assert.match(error.message, /KAFKA_CONSUMER_GROUP/)
  })

  for (const group of ['', 5, {}, []]) {
    test(`refuses ${JSON.stringify(group)} as a group`, async () => {
      assert.ok((await failure(() => service().connectConsumer(group))) instanceof ArgumentError)
    })
  }
})

describe('init', () => {
  const given: Array<[config: unknown, message: RegExp]> = [
    [{ broker: 'localhost:9092' }, /Did you mean "brokers"/i],
    [{ brokers: 5 }, /brokers/],
    [{ brokers: [] }, /brokers/],
    [{ connectionTimeoutMs: '5s' }, /connectionTimeoutMs/],
    [{ librdkafka: { 'plugin.library.paths': '/x.so' } }, /plugin\.library\.paths/],
    [null, /config/i],
    ['localhost:9092', /config/i],
  ]
  for (const [config, expected] of given) {
    test(`refuses ${JSON.stringify(config)}`, () => {
      assert.throws(
        () => createKafkaService().init(config as never),
        (error) => error instanceof KafkaError && expected.test(error.message),
      )
    })
  }

  test('refuses what createKafkaService is given at once, but for what the environment may add', () => {
    // It was found out at the first use, far away from where it was written.
    const unknown = { code: 'NARAD_UNKNOWN_OPTION', message: /did you mean "brokers"/ }
    assert.throws(() => createKafkaService({ broker: 'a:1' } as never), unknown)
    for (const given of [
      { lingerMs: 'x' },
      { brokers: 5 },
      { librdkafka: { 'plugin.library.paths': 'x' } },
      null,
      'a:1',
    ]) {
      assert.throws(() => createKafkaService(given as never), ConfigError, JSON.stringify(given))
    }
    const service = createKafkaService({ sasl: { mechanism: 'plain', username: 'u' } } as never)
    assert.throws(() => service.init(), ConfigError, 'there is no KAFKA_SASL_PASSWORD')
  })
})

describe('disconnect', () => {
  for (const given of [{ timeoutMs: -1 }, { timeoutMs: Number.NaN }, { timeoutMs: '5' }, { timeoutMs: 2 ** 31 }, 5]) {
    test(`rejects for ${JSON.stringify(given)}, and the service stays as it was`, async () => {
      const open = service()
      assert.ok((await failure(() => open.disconnect(given as never))) instanceof ArgumentError)
      assert.ok((await failure(() => open.send('topic', 1))) instanceof NotConnectedError, 'it is not closed')
    })
  }

  test('names the nearest option for one that is unknown', async () => {
    const error = await failure(() => service().disconnect({ timeout: 5 } as never))
    assert.match(error.message, /Did you mean "timeoutMs"\?/)
  })

  test('resolves for a service that was never connected', async () => {
    assert.deepEqual(await service().disconnect(), { undelivered: 0, undeliveredByTopic: {}, groups: [] })
  })
})

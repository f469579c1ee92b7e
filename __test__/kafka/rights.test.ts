// A cluster that knows its users: what a wrong password and a missing right lead to.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { AuthenticationError, AuthorizationError, type KafkaError, type RecordContext } from 'narad'
import { createTopic, ownClusterSkip } from '../helpers/kafka.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { type SaslCluster, startSaslCluster } from '../helpers/sasl-kafka.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeService, Received, type ServiceOptions } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

/** How long an answer may take that needs no waiting: two busy cores. */
const FAST_MS = 3_000
const PASSWORDS = { guest: 'guest-secret', nobody: 'nobody-secret' }
const [OPEN, READABLE, VISIBLE, HIDDEN] = ['open', 'readable', 'visible', 'hidden'].map(randomTopic) as [
  string,
  string,
  string,
  string,
]
const GROUP = randomGroup()
/** The users have no right to make topics for dead letters. */
const NO_LETTERS = { dlq: false } as const

async function isRefused(action: Promise<unknown>, match: RegExp, place: { topic?: string; group?: string }) {
  const start = performance.now()
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof AuthorizationError, `${error}`)
    assert.match(error.message, match)
    const { topic, group, retriable, maybeInLog } = error
    assert.deepEqual(
      { topic, group, retriable, maybeInLog },
      { ...NOWHERE, ...place, retriable: false, maybeInLog: false },
    )
    return true
  })
  assert.ok(performance.now() - start < FAST_MS, `${performance.now() - start} ms`)
}
const NOWHERE = { topic: undefined, group: undefined }

describe('A cluster with users', { skip: ownClusterSkip() }, () => {
  let cluster: SaslCluster
  before(async () => {
    cluster = await startSaslCluster({ users: PASSWORDS })
    await Promise.all([OPEN, READABLE, VISIBLE, HIDDEN].map((topic) => createTopic(cluster.internalBrokers, topic)))
    await Promise.all([
      cluster.grant({ user: 'guest', operations: ['Read', 'Write'], topic: OPEN }),
      cluster.grant({ user: 'guest', operations: ['Read'], topic: READABLE }),
      cluster.grant({ user: 'guest', operations: ['Describe'], topic: VISIBLE }),
      cluster.grant({ user: 'guest', operations: ['Read'], group: GROUP }),
    ])
  })

  after(() => cluster?.stop())

  const serviceOf = (t: Scope, username: keyof typeof PASSWORDS, options: Partial<ServiceOptions> = {}) =>
    makeService(t, {
      brokers: cluster.brokers,
      sasl: { mechanism: 'plain', username, password: PASSWORDS[username] },
      ...options,
    })

  // It also came as an `error` event, though the caller was told; `makeService` fails a test in which one comes.
  test('a refused password makes both connects reject and emits nothing', async (t) => {
    const sasl = { mechanism: 'plain', username: 'guest', password: 'wrong-secret' } as const
    const service = serviceOf(t, 'guest', { sasl })
    for (const connect of [() => service.connectProducer(), () => service.connectConsumer(GROUP)]) {
      await assert.rejects(connect, (error) => {
        assert.ok(error instanceof AuthenticationError, `${error}`)
        assert.doesNotMatch(inspect(error), /wrong-secret/)
        return true
      })
    }
  })

  // It waited until brokers knew the topic, which they never tell such a user: for the whole time limit, 30 seconds.
  test('a topic is created at once by who may create it and not describe it', async (t) => {
    const topic = randomTopic()
    await cluster.grant({ user: 'guest', operations: ['Create'], topic })
    const start = performance.now()
    assert.equal(await serviceOf(t, 'guest').admin.topics.create(topic), true)
    assert.ok(performance.now() - start < FAST_MS, `${performance.now() - start} ms`)
  })

  test('P3: a send without the right is a typed error that names topic and right, and others go on', async (t) => {
    const service = serviceOf(t, 'guest')
    await service.connectProducer()
    const sends = [1, 2, 3].map((value) => service.send(OPEN, value))
    await Promise.all(
      [READABLE, VISIBLE, HIDDEN, randomTopic('absent')].map((topic) =>
        isRefused(service.send(topic, 1), new RegExp(`${topic}.* lacks the right WRITE on the topic`), { topic }),
      ),
    )
    sends.push(service.send(OPEN, 4))
    assert.deepEqual(
      (await Promise.all(sends)).map(({ offset }) => offset),
      [0, 1, 2, 3],
    )
  })

  // The broker gives such a user no producer id, which ends librdkafka's producer: it said "Local: Fatal error".
  test('P3: a user who may write nowhere is told which right is missing', async (t) => {
    const errors: KafkaError[] = []
    const service = serviceOf(t, 'nobody', { onError: (error) => errors.push(error) })
    await service.connectProducer()
    for (const topic of [OPEN, HIDDEN]) {
      await isRefused(service.send(topic, 1), new RegExp(`${topic}.* lacks the right WRITE`), { topic })
    }
    assert.deepEqual(
      errors.map(({ code, fatal }) => [code, fatal]),
      [['NARAD_AUTHORIZATION_FAILED', true]],
    )
  })

  test('P3: a subscription without the right is a typed error that names topic and right, and others go on', async (t) => {
    const service = serviceOf(t, 'guest')
    await service.connectProducer()
    await service.connectConsumer(GROUP)
    const place = { topic: HIDDEN, group: GROUP }
    const match = new RegExp(`${HIDDEN}.* lacks the rights DESCRIBE and READ`)
    await isRefused(
      service.subscribe(HIDDEN, () => {}, NO_LETTERS),
      match,
      place,
    )
    const received = new Received<number>()
    await service.subscribe<number>(OPEN, received.handler, NO_LETTERS)
    await isRefused(
      service.subscribe([READABLE, HIDDEN], () => {}, NO_LETTERS),
      match,
      place,
    )
    await service.send(OPEN, 5)
    await received.count(1)
  })

  // `subscribe` resolved, and an error event came later.
  test('P3: a subscription to a topic that may be seen and not read is a typed error that names topic and right', async (t) => {
    const service = serviceOf(t, 'guest')
    await service.connectConsumer(GROUP)
    for (const fromBeginning of [false, true]) {
      await isRefused(
        service.subscribe(VISIBLE, () => {}, { ...NO_LETTERS, fromBeginning }),
        new RegExp(`${VISIBLE}.* lacks the right READ`),
        { topic: VISIBLE, group: GROUP },
      )
    }
  })

  test('P3: a topic of which the right to read is taken away is told by an error event, and others go on', async (t) => {
    const errors: KafkaError[] = []
    const service = serviceOf(t, 'guest', { onError: (error) => errors.push(error) })
    const right = { user: 'guest', operations: ['Read'], topic: VISIBLE }
    await cluster.grant(right)
    t.after(() => cluster.revoke(right))
    await service.connectProducer()
    await service.connectConsumer(GROUP)
    // Both topics have something to commit at once when the one handler lets the other go on.
    const release = new AbortController()
    let isHeld = false
    const holding = () => {
      isHeld = true
      return new Promise<void>((resolve) => release.signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    await service.subscribe(VISIBLE, holding, NO_LETTERS)
    const received = new Received<number>()
    const releasing = (value: number, context: RecordContext) => {
      received.handler(value, context)
      release.abort()
    }
    await service.subscribe<number>(OPEN, releasing, NO_LETTERS)
    const other = makeService(t, { brokers: cluster.internalBrokers })
    await other.connectProducer()
    await other.send(VISIBLE, 1)
    await waitFor(() => isHeld, { what: 'the record to be handled' })
    await cluster.revoke(right)
    await service.send(OPEN, 6)
    await received.count(1)
    await waitFor(() => errors.some(({ topic }) => topic === VISIBLE), { what: 'the error of the topic' })
    const isOfBoth = ({ message, topic }: KafkaError) => message.startsWith('commit refused') && topic === undefined
    await waitFor(() => errors.some(isOfBoth), { what: 'the error of a commit of both topics' })
    for (const error of errors) {
      assert.ok(error instanceof AuthorizationError, `${error}`)
      assert.match(error.message, /lacks the right READ/)
      // A commit of both was reported as one of the topic that may be read.
      assert.notEqual(error.topic, OPEN)
    }
  })

  // librdkafka asks for the coordinator of a group that is never joined, and is refused.
  // It waited for ever: no record came, and the end of what may not be read is not reached.
  test('reading a topic that may be seen and not read ends with a typed error', async (t) => {
    const writer = await makeService(t, { brokers: cluster.internalBrokers }).connectProducer()
    await writer.send(VISIBLE, 1)
    const service = serviceOf(t, 'guest')
    const refused = (topic: string) =>
      isRefused(service.read(topic, { to: 'end' }).next(), /lacks the rights? (?:DESCRIBE and )?READ/, { topic })
    await refused(VISIBLE)
    await refused(HIDDEN)
    await service.connectProducer()
    await isRefused(service.replay({ topic: VISIBLE, into: () => {} }), /lacks the right READ/, { topic: VISIBLE })
  })

  test('a reply is read without any right on a group', async (t) => {
    const answering = makeService(t, { brokers: cluster.internalBrokers })
    await answering.connectProducer()
    await answering.connectConsumer(randomGroup())
    await answering.reply(OPEN, () => 'yes', { replyTopics: READABLE, dlq: false, onExhausted: 'skip' })
    const service = serviceOf(t, 'guest')
    await service.connectProducer()
    for (let round = 0; round < 3; round += 1) {
      assert.equal(await service.request(OPEN, round, { replyTopic: READABLE }), 'yes')
    }
  })

  // librdkafka asks again and again: `subscribe` waited out its time, and said that the group was busy.
  for (const operations of [[], ['Describe']]) {
    const having = operations.length === 0 ? 'any right' : 'the right to read'
    test(`P3: a group without ${having} makes subscribe reject at once and name group and right`, async (t) => {
      const group = randomGroup()
      const service = serviceOf(t, 'guest')
      if (operations.length > 0) await cluster.grant({ user: 'guest', operations, group })
      await service.connectProducer()
      await service.connectConsumer(group)
      const match = new RegExp(`lacks the right READ on group ${group}`)
      await isRefused(
        service.subscribe(OPEN, () => {}, NO_LETTERS),
        match,
        { group },
      )
      await cluster.grant({ user: 'guest', operations: ['Read'], group })
      const received = new Received<number>()
      await service.subscribe<number>(OPEN, received.handler, NO_LETTERS)
      await service.send(OPEN, 7)
      await received.count(1)
    })
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type GroupHealth, groupHealth, MemberNotes } from '../../lib/consumer/member-health.ts'
import { type ConnectionState, healthOf, type ServiceState } from '../../lib/health.ts'

const GROUP: GroupHealth = {
  group: 'g',
  state: 'consuming',
  partitions: [],
  running: 0,
  held: 0,
  outages: [],
  blocking: [],
  pollAgeMs: 12,
  overdueMs: 0,
}
const CONNECTION: ConnectionState = { isConnecting: false, isClosing: false, groups: [GROUP] }
const STATE: ServiceState = {
  clientId: 'c',
  brokers: ['a:9092', 'b:9092'],
  mode: 'live',
  isConnected: true,
  connection: CONNECTION,
}

const health = (connection: Partial<ConnectionState>, state: Partial<ServiceState> = {}) =>
  healthOf({ ...STATE, connection: { ...CONNECTION, ...connection }, ...state })
const withGroup = (group: Partial<GroupHealth>) => health({ groups: [{ ...GROUP, ...group }] })
const answers = ({ live, ready, reasons }: ReturnType<typeof healthOf>) => [live, ready, ...reasons]

describe('The health of a service', () => {
  test('is live and ready when it is connected, without any partition', () => {
    const all = healthOf(STATE)
    assert.deepEqual(answers(all), [true, true])
    const { status, clientId, brokers, mode, groups } = all
    assert.deepEqual(
      [status, clientId, brokers, mode, groups],
      ['connected', 'c', ['a:9092', 'b:9092'], 'live', [GROUP]],
    )
  })

  test('is not ready, but live, while nothing is connected, it is connecting, disconnecting or without a broker', () => {
    const nothing = healthOf({ ...STATE, mode: 'disconnected', isConnected: false, connection: undefined })
    assert.deepEqual([nothing.status, ...answers(nothing)], ['disconnected', true, false, 'Nothing is connected.'])
    const connecting = health({ isConnecting: true, groups: [] }, { isConnected: false })
    assert.deepEqual(answers(connecting), [true, false, 'The service is connecting.'])
    assert.deepEqual(answers(health({ isClosing: true })), [true, false, 'The service is disconnecting.'])
    assert.deepEqual(answers(health({}, { isConnected: false })), [true, false, 'No broker answers.'])
  })

  test('is live and ready in log-only mode, which does what it is meant to', () => {
    const all = healthOf({ ...STATE, mode: 'log-only', isConnected: false, connection: undefined })
    assert.deepEqual([all.status, all.mode, ...answers(all)], ['disconnected', 'log-only', true, true])
  })

  test('is not ready in an outage, or while dead letters cannot be written', () => {
    const out = withGroup({ state: 'outage', outages: [{ topics: ['t', 'u'], error: 'refused', sinceMs: 5 }] })
    assert.deepEqual(answers(out), [true, false, 'Group g waits for the end of an outage (t, u): refused'])
    const letters = withGroup({ deadLetterError: 'no leader' })
    assert.deepEqual(answers(letters), [true, false, 'Group g cannot write dead letters: no leader'])
  })

  test('is not live when only a restart helps: a fatal error, a thread or a handler that hangs', () => {
    const cases: Array<[Partial<GroupHealth>, RegExp | undefined]> = [
      [{ error: 'fenced', state: 'failed' }, /^Group g has failed for good: fenced$/],
      [{ pollAgeMs: 60_001 }, /^The thread of group g has not come round for 60001 ms\.$/],
      [{ pollAgeMs: 60_000 }, undefined],
      [{ overdueMs: 300_001 }, /^A handler of group g has run for 300001 ms past its deadline\.$/],
      [{ overdueMs: 300_000 }, undefined],
    ]
    for (const [group, reason] of cases) {
      const { live, ready, reasons } = withGroup(group)
      assert.deepEqual([live, ready, reasons.length], reason === undefined ? [true, true, 0] : [false, false, 1])
      if (reason !== undefined) assert.match(reasons[0] ?? '', reason)
    }
  })
})

describe('The health of a group', () => {
  const runner = { topics: ['t'], running: 2, held: 3, overdueMs: 0, outage: undefined }
  const place = { topic: 't', partition: 1, group: 'g' }
  const member = { group: 'g', isLeaving: false, places: [place], runners: [runner], blocking: () => [], pollAgeMs: 1 }

  test('adds up its subscriptions, and shows no secrets of errors', () => {
    const notes = new MemberNotes()
    const error = new Error('connect to postgres://me:hunter2@db')
    const outage = { state: 'began', error, sinceMs: 5 } as const
    const runners = [runner, { ...runner, topics: ['u'], overdueMs: 7, outage }]
    const all = groupHealth({ ...member, notes, runners })
    assert.deepEqual([all.running, all.held, all.overdueMs, all.state], [4, 6, 7, 'outage'])
    assert.deepEqual(all.partitions, [{ topic: 't', partition: 1 }])
    assert.deepEqual([all.outages[0]?.topics, all.outages[0]?.sinceMs], [['u'], 5])
    assert.equal(JSON.stringify(all).includes('hunter2'), false)
  })

  // It was looked for in every probe, in 30 ms where a hundred thousand records waited.
  test('looks for what blocks when somebody wants to know, once, and is shown whole', () => {
    let looks = 0
    const record = { topic: 't', partition: 1, offset: 7, key: null, doing: 'retry' as const }
    const blocking = () => {
      looks += 1
      return [record]
    }
    const told = groupHealth({ ...member, notes: new MemberNotes(), blocking })
    assert.equal(told.state, 'consuming')
    assert.equal(looks, 0)
    assert.deepEqual(told.blocking, [record])
    assert.deepEqual(JSON.parse(JSON.stringify(told)).blocking, [record])
    assert.match(inspect(told), /blocking: \[\s*\{ topic: 't', partition: 1, offset: 7,/)
    assert.equal(looks, 1)
  })

  test('has a state', () => {
    const notes = new MemberNotes()
    assert.equal(groupHealth({ ...member, notes }).state, 'consuming')
    assert.equal(groupHealth({ ...member, notes, places: [] }).state, 'idle')
    assert.equal(groupHealth({ ...member, notes, isLeaving: true }).state, 'leaving')
    notes.error = 'fenced'
    assert.equal(groupHealth({ ...member, notes, isLeaving: true }).state, 'failed')
  })

  test('tells of dead letters that cannot be written until they are, or partitions have gone', () => {
    const notes = new MemberNotes()
    const told = () => groupHealth({ ...member, notes }).deadLetterError
    notes.letterFailed(place, new Error('no leader'))
    notes.letterFailed({ ...place, partition: 2 }, 'too large')
    assert.equal(told(), 'no leader')
    notes.letterWritten(place)
    assert.equal(told(), 'too large')
    notes.rebalanced('revoked', false)
    assert.equal(told(), undefined)
  })
})

import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { CHANNELS, type ProcessDiagnostics, type SendDiagnostics } from 'narad'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeProducer, Received } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

type Told = (SendDiagnostics | ProcessDiagnostics) & { result?: unknown; error?: unknown }

test('Diagnostics channels tell sends and attempts to who listened before init, and to nobody at any cost', async (t) => {
  const topic = randomTopic()
  await using broker = await TestBroker.start({ topics: [topic] })
  const deaf = await makeProducer(t, { brokers: broker.brokers })
  assert.deepEqual(deaf.middleware, ['logging'])

  const events: string[] = []
  for (const name of Object.values(CHANNELS)) {
    const listeners = {
      start: (told: Told) => {
        if ('topic' in told) for (const { headers } of told.records) headers['x-trace'] = 'here'
        events.push(`${name} start ${told.records.length}`)
      },
      end: () => {},
      asyncStart: () => {},
      asyncEnd: ({ error }: Told) => events.push(`${name} end${error === undefined ? '' : ' failed'}`),
      error: ({ error }: Told) => events.push(`${name} ${(error as Error).message}`),
    }
    const channel = tracingChannel<string, Told>(name)
    channel.subscribe(listeners)
    t.after(() => {
      channel.unsubscribe(listeners)
    })
  }
  const service = await makeProducer(t, { brokers: broker.brokers })
  assert.deepEqual(service.middleware, ['diagnostics', 'logging'])
  await service.connectConsumer(randomGroup())
  const received = new Received<number>()
  await service.subscribe<number>(
    topic,
    (value, context) => {
      if (value === 2) throw new Error('no')
      received.handler(value, context)
    },
    { retry: false },
  )
  await service.send(topic, 1)
  await received.count(1)
  assert.equal(received.records[0]?.headers['x-trace'], 'here')
  await waitFor(() => events.length === 4, { what: 'both ends' })
  await service.send(topic, 2)
  await waitFor(() => events.includes('narad:process no'), { what: 'the attempt that fails' })
  await assert.rejects(
    service.sendRecords(
      topic,
      ['3', '4'].map((text) => ({ value: text.repeat(2_000_000) })),
    ),
  )
  const told = events.filter((event) => event.startsWith('narad:send'))
  assert.deepEqual(told.slice(0, 5), [
    ...['narad:send start 1', 'narad:send end', 'narad:send start 1', 'narad:send end'],
    'narad:send start 2',
  ])
  assert.equal(told.at(-1), 'narad:send end failed')
  assert.ok(events.includes('narad:process end failed'))

  await deaf.send(topic, 5)
  await received.count(2)
  assert.equal(events.filter((event) => event.startsWith('narad:send')).length, told.length)
  await Promise.all([service.disconnect(), deaf.disconnect()])
})

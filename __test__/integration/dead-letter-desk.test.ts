import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadLetterDesk, PermanentError } from 'narad'
import { describeDeadLetterDesk } from '../behaviours/dead-letter-desk.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = embeddedBed()

describeDeadLetterDesk(bed)

// It read what was done with the letters of all topics at once, with a native client and its threads for each of them.
test('a desk that lists many topics reads about few of them at once', async (t) => {
  const service = makeService(t, { brokers: await bed.brokers() })
  const letters = Array.from({ length: 12 }, () => `${randomTopic()}.dlq`).sort()
  for (const topic of letters) {
    await service.admin.topics.create(topic)
    await service.admin.topics.create(`${topic}.desk`)
  }
  const read = service.read.bind(service)
  let [open, most] = [0, 0]
  t.mock.method(service, 'read', async function* (...given: Parameters<typeof read>) {
    open += 1
    most = Math.max(most, open)
    yield* read(...given)
    open -= 1
  })
  const listed = await deadLetterDesk(service).list()
  assert.deepEqual(
    listed.map(({ topic }) => topic).filter((topic) => letters.includes(topic)),
    letters,
  )
  assert.ok(most > 1 && most <= 4, `${most} at once`)
})

// One record in the topic of the ledger that was not the desk's own, a tombstone was enough, made each call of the desk
// fail, and list() for all topics.
test('records of a ledger that the desk did not write are passed over', async (t) => {
  const service = makeService(t, { brokers: await bed.brokers() })
  const [topic, group] = [randomTopic(), randomGroup()]
  await service.connectProducer()
  await service.connectConsumer(group)
  const handler = () => {
    throw new PermanentError('no')
  }
  await service.subscribe(topic, handler, { group })
  await service.send(topic, [1, 2])
  const [desk, letters] = [deadLetterDesk(service), `${topic}.${group}.dlq`]
  const states = async () => {
    const found: string[] = []
    for await (const { state } of desk.letters(letters, { settled: true })) found.push(state)
    return found
  }
  await waitFor(async () => (await states()).length === 2, { what: 'two letters' })
  const strange = [
    ...[null, '', 'no json', 'null', '7', '{}', '{"state":"replayed"}', '{"state":"replayed","letters":{}}'],
    ...['{"state":"replayed","letters":[null,1,"2",[],["0",0,0]]}', '{"state":"toString","letters":[[0,0,0]]}'],
  ]
  const rows = strange.map((value) => ({ value: value === '' ? Buffer.of(0xff) : value }))
  await service.sendRecords(`${letters}.desk`, rows)
  assert.deepEqual(await states(), ['open', 'open'])
  assert.equal((await desk.park(letters)).letters, 2)
  assert.deepEqual(await states(), ['parked', 'parked'])
  const listed = (await desk.list()).find((one) => one.topic === letters)
  assert.deepEqual([listed?.letters, listed?.settled], [2, 2])
})

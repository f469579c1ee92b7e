import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadLetterDesk } from 'narad'
import { describeDeadLetterDesk } from '../behaviours/dead-letter-desk.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'

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

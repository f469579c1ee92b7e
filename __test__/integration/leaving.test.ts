import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from 'narad/testing'
import { randomGroup, randomTopic } from '../helpers/names.ts'
import { makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

// librdkafka waits for an answer to what it has assigned, which is given once the committed offsets are known. And where
// the refusal came only after the group was closed, the waiting subscription gave its topics up, which librdkafka
// then never answered: disconnect and process hung, about one time in five.
for (const protocol of ['classic', 'consumer'] as const) {
  test(`C9: disconnect leaves a ${protocol} group whose committed offsets cannot be read`, async (t) => {
    await using broker = await TestBroker.start()
    const topic = randomTopic()
    await broker.createTopic(topic, { partitions: 3 })
    let errors = 0
    const service = makeService(t, {
      brokers: broker.brokers,
      groupProtocol: protocol,
      onError: () => {
        errors += 1
      },
    })
    const group = randomGroup()
    await service.connectConsumer(group)
    await broker.failRequests('OffsetFetch', ...Array<string>(1_000).fill('GROUP_AUTHORIZATION_FAILED'))
    const subscribing = service.subscribe(topic, () => {}).catch(({ code }) => code)
    await waitFor(() => errors > 0, { what: 'an error about the offsets' })
    const start = performance.now()
    const report = await service.disconnect({ timeoutMs: 5_000 })
    assert.deepEqual(report.groups, [{ group, unfinished: 0, leftGroup: true, blocked: [] }])
    assert.ok(performance.now() - start < 3_000)
    assert.equal(await subscribing, 'NARAD_CLOSED')
  })
}

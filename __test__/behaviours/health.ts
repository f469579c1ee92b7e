// What health() says on the embedded broker and on real Kafka.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Bed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { makeProducer, makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

export function describeHealth(bed: Bed): void {
  describe(`The health of a service on ${bed.name}`, { skip: bed.skip }, () => {
    test('is told at any time, from before it connects until after it disconnects', async (t) => {
      const [brokers, topic, group] = [await bed.brokers(), await bed.topic(2), randomGroup()]
      const service = makeService(t, { brokers, clientId: 'healthy' })
      const { status, clientId, mode, live, ready, reasons } = service.health()
      assert.deepEqual(
        [status, clientId, service.health().brokers, mode, live, ready, reasons],
        ['disconnected', 'healthy', brokers.split(','), 'disconnected', true, false, ['Nothing is connected.']],
      )
      const connecting = service.connectProducer()
      assert.deepEqual(service.health().reasons, ['The service is connecting.'])
      await connecting
      assert.deepEqual([service.health().status, service.health().ready], ['connected', true])
      await service.connectConsumer(group)
      assert.deepEqual([service.health().ready, service.health().groups[0]?.state], [true, 'idle'])

      let end = () => {}
      await service.subscribe(topic, () => new Promise<void>((resolve) => (end = resolve)), { fromBeginning: true })
      await service.send(topic, ['a', 'b'], { key: 'k' })
      await waitFor(() => service.health().groups[0]?.running === 1, { what: 'a handler that runs' })
      const health = service.health()
      assert.deepEqual([health.ready, health.live, health.reasons, health.mode], [true, true, [], 'live'])
      const [one] = health.groups
      assert.deepEqual([one?.group, one?.state, one?.outages, one?.overdueMs], [group, 'consuming', [], 0])
      assert.deepEqual(one?.partitions.map(({ partition }) => partition).sort(), [0, 1])
      assert.equal(one?.lastRebalance?.kind, 'assigned')
      assert.ok(one.pollAgeMs >= 0 && one.pollAgeMs < 10_000, `${one.pollAgeMs} ms`)
      JSON.stringify(health)

      const disconnecting = service.disconnect({ timeoutMs: 10_000 })
      assert.deepEqual(
        [service.health().ready, service.health().reasons, service.health().groups[0]?.state],
        [false, ['The service is disconnecting.'], 'leaving'],
      )
      end()
      await disconnecting
      assert.deepEqual([service.health().mode, service.health().groups], ['disconnected', []])
    })

    test('is not ready in an outage, and ready when it has ended', async (t) => {
      const [brokers, topic] = [await bed.brokers(), await bed.topic()]
      const service = await makeProducer(t, { brokers })
      await service.connectConsumer(randomGroup())
      let isDown = true
      let handled = 0
      await service.subscribe(
        topic,
        () => {
          if (isDown) throw new Error('down')
          handled += 1
        },
        { fromBeginning: true, outage: { keys: 3, initialDelayMs: 10, maxDelayMs: 50 } },
      )
      await service.send(topic, [1, 2, 3, 4], { key: String })
      await waitFor(() => !service.health().ready, { what: 'the outage' })
      const { live, reasons, groups } = service.health()
      assert.equal(live, true)
      assert.match(reasons.join(), new RegExp(`^Group .* waits for the end of an outage \\(${topic}\\): down$`))
      assert.deepEqual([groups[0]?.state, groups[0]?.outages[0]?.error], ['outage', 'down'])
      isDown = false
      await waitFor(() => service.health().ready && handled === 4, { what: 'the end' })
      assert.equal(service.health().groups[0]?.state, 'consuming')
    })
  })
}

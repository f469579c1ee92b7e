// The routes of narad/express and narad/fastify on the frameworks themselves, asked over HTTP.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import { ArgumentError, ConfigError, type Health, type HealthRouteOptions, kafkaService } from 'narad'
import { kafkaHealth as forExpress } from 'narad/express'
import { kafkaHealth as forFastify } from 'narad/fastify'
import { TestBroker } from 'narad/testing'
import { randomGroup } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeService } from '../helpers/service.ts'

/** Starts a server with the routes, below `prefix` where one is given, and gives its address. */
type Serve = (scope: Scope, options?: HealthRouteOptions, prefix?: string) => Promise<string>

const withExpress: Serve = async (scope, options, prefix) => {
  const app = express()
  if (prefix === undefined) app.use(forExpress(options))
  else app.use(prefix, forExpress(options))
  app.get('/orders', (_request, response) => {
    response.json('orders')
  })
  const server = app.listen(0)
  await once(server, 'listening')
  scope.after(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

const withFastify: Serve = async (scope, options, prefix) => {
  const app = fastify()
  app.register(forFastify, { ...options, ...(prefix === undefined ? {} : { prefix }), logLevel: 'warn' })
  app.get('/orders', async () => '"orders"')
  scope.after(async () => {
    await app.close()
  })
  return app.listen()
}

async function ask(url: string, method = 'GET'): Promise<{ code: number; body: unknown; cacheControl: string | null }> {
  const response = await fetch(url, { method, headers: { connection: 'close' } })
  const text = await response.text()
  const body: unknown = text === '' ? '' : JSON.parse(text)
  return { code: response.status, body, cacheControl: response.headers.get('cache-control') }
}

const codes = async (url: string) => {
  const asked = await Promise.all(['kafka', 'live', 'ready'].map((path) => ask(`${url}/health/${path}`)))
  return asked.map(({ code }) => code)
}

/** The health of a service that needs a restart. */
function dying(): Health {
  const reasons = ['Group billing has failed for good: fenced']
  return { ...kafkaService.health(), status: 'connected', live: false, ready: false, reasons }
}

for (const [name, serve] of [
  ['Express 5', withExpress],
  ['Fastify 5', withFastify],
] as const) {
  describe(`The health routes on ${name}`, () => {
    test('answer 503 as long as the service is not ready, and say that a restart would not help', async (t) => {
      await using broker = await TestBroker.start()
      const service = makeService(t, { brokers: broker.brokers, clientId: 'shop' })
      const url = await serve(t, { service })
      assert.deepEqual(await codes(url), [200, 200, 503])

      await service.connectProducer()
      await service.connectConsumer(randomGroup())
      // without any partition
      assert.deepEqual(await codes(url), [200, 200, 200])
      assert.deepEqual(await ask(`${url}/health/kafka`), {
        code: 200,
        body: {
          status: 'connected',
          clientId: 'shop',
          brokers: broker.brokers.split(','),
          mode: 'live',
          live: true,
          ready: true,
        },
        cacheControl: 'no-store',
      })
      assert.deepEqual((await ask(`${url}/health/ready`)).body, { ready: true })

      await service.disconnect()
      assert.deepEqual(await codes(url), [200, 200, 503])
      assert.deepEqual((await ask(`${url}/health/live`)).body, { live: true })
    })

    test('answer 503 where only a restart would help, and why only with `details`', async (t) => {
      const service = { health: dying }
      const { reasons } = dying()
      const terse = await serve(t, { service })
      assert.deepEqual(await codes(terse), [200, 503, 503])
      for (const path of ['kafka', 'live', 'ready']) {
        assert.doesNotMatch(JSON.stringify((await ask(`${terse}/health/${path}`)).body), /billing/)
      }
      const open = await serve(t, { service, details: true })
      assert.deepEqual((await ask(`${open}/health/live`)).body, { live: false, reasons })
      assert.deepEqual((await ask(`${open}/health/ready`)).body, { ready: false, reasons })
      assert.deepEqual((await ask(`${open}/health/kafka`)).body, JSON.parse(JSON.stringify(dying())))
    })

    test('are of the shared service where none is named, and leave all other requests alone', async (t) => {
      const url = await serve(t)
      assert.deepEqual(await codes(url), [200, 200, 503])
      assert.equal((await ask(`${url}/orders`)).body, 'orders')
      assert.deepEqual(await ask(`${url}/health/live`, 'HEAD'), { code: 200, body: '', cacheControl: 'no-store' })
      for (const [path, method] of [
        ['/health', 'GET'],
        ['/health/live', 'POST'],
      ] as const) {
        const response = await fetch(`${url}${path}`, { method, headers: { connection: 'close' } })
        assert.equal(response.status, 404, `${method} ${path}`)
      }
    })

    test('are where they are asked to be', async (t) => {
      const url = await serve(t, { paths: { health: false, live: '/alive' } }, '/internal')
      const all = ['/internal/alive', '/internal/health/ready', '/internal/health/kafka', '/alive', '/health/ready']
      const asked = await Promise.all(all.map((path) => fetch(url + path, { headers: { connection: 'close' } })))
      assert.deepEqual(
        asked.map(({ status }) => status),
        [200, 503, 404, 404, 404],
      )
    })

    test('refuse options that are wrong or unknown', async (t) => {
      for (const [wrong, match] of [
        [{ service: {} }, /"service" of kafkaHealth must have health\(\), but is an object/],
        [{ details: 1 }, /"details" of kafkaHealth must be true or false/],
        [{ paths: { live: 'live' } }, /"paths.live" of kafkaHealth must begin with "\/", or be false, but is "live"/],
      ] as const) {
        await assert.rejects(serve(t, wrong as unknown as HealthRouteOptions), (error) => {
          assert.ok(error instanceof ArgumentError)
          assert.match(error.message, match)
          return true
        })
      }
      for (const unknown of [{ detail: true }, { paths: { liveness: '/alive' } }]) {
        await assert.rejects(serve(t, unknown as HealthRouteOptions), ConfigError)
      }
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthenticationError, ClosedError, createKafkaService, type KafkaError } from 'narad'
import { OauthTokens, type TokenTaker } from '../../lib/oauth-tokens.ts'
import { waitForCollection } from '../helpers/garbage.ts'
import { makeService } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const DAY_MS = 86_400_000
function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

const taker = (): TokenTaker => ({ setToken: () => null })

describe('The tokens of a connection', () => {
  // The next refresh, perhaps weeks later, was the first to let a closed client go, and the timer that waits for it kept
  // the whole service: neither a reader that was over nor a service that was dropped could be collected.
  test('keep neither the clients that have them nor who made them', async () => {
    const dropped: Array<WeakRef<object>> = []
    const owner = async () => {
      const held = { client: taker() }
      const tokens = new OauthTokens(
        () => ({ value: 'text', expiresAtMs: Date.now() + DAY_MS }),
        1_000,
        () => assert.ok(held),
      )
      await tokens.give(held.client)
      dropped.push(new WeakRef(held), new WeakRef(tokens))
    }
    const tokens = new OauthTokens(() => ({ value: 'text', expiresAtMs: Date.now() + DAY_MS }), 1_000, assert.fail)
    const reader = async () => {
      const client = taker()
      await tokens.give(client)
      dropped.push(new WeakRef(client))
    }
    await owner()
    await reader()
    await waitForCollection(dropped, 'what was dropped to be collected')
    tokens.stop()
  })

  // Such a token rejected with a plain TypeError, or with an error of the native side that has the code StringExpected.
  for (const [wrong, says] of [
    [{ principal: 42 }, /principal of a token must be a string, but is a number/],
    [{ extensions: { tenant: 1 } }, /extensions of a token must be an object of strings/],
    [{ extensions: 'tenant' }, /extensions of a token must be an object of strings/],
  ] as const) {
    test(`of the wrong shape are refused with a code: ${JSON.stringify(wrong)}`, async (t) => {
      const token = () => ({ value: 'hunter2', expiresAtMs: Date.now() + DAY_MS, ...wrong }) as never
      const service = makeService(t, { brokers: '127.0.0.1:1', sasl: { mechanism: 'oauthbearer', token } })
      await assert.rejects(service.connectProducer(), (error) => {
        assert.ok(error instanceof AuthenticationError, String(error))
        assert.equal(error.code, 'NARAD_AUTHENTICATION_FAILED')
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      })
    })
  }

  // A token of the wrong shape was taken at a refresh for a client that is closed, which never had a token again, and
  // nobody was told.
  // It rejected with the plain error of the native side, whose code is GenericFailure.
  for (const connect of ['connectProducer', 'connectConsumer'] as const) {
    test(`that come after a disconnect let ${connect} reject with a ClosedError`, async (t) => {
      const { promise: token, resolve } = deferred<{ value: string; expiresAtMs: number }>()
      const { promise: asked, resolve: ask } = deferred<void>()
      const provider = () => {
        ask()
        return token
      }
      const sasl = { mechanism: 'oauthbearer', token: provider } as const
      const service = makeService(t, { brokers: '127.0.0.1:1', sasl })
      const connecting = assert.rejects(service[connect]('group'), (error) => {
        assert.ok(error instanceof ClosedError, String(error))
        assert.equal(error.code, 'NARAD_CLOSED')
        return true
      })
      await asked
      await service.disconnect()
      resolve({ value: 'text', expiresAtMs: Date.now() + DAY_MS })
      await connecting
    })
  }

  test('of the wrong shape are told at a refresh', async (t) => {
    let asked = 0
    const token = () => {
      asked += 1
      return { value: 'text', expiresAtMs: Date.now() + 500, ...(asked > 1 && { principal: 42 as never }) }
    }
    const errors: KafkaError[] = []
    const service = createKafkaService({
      ...{ brokers: '127.0.0.1:1', logLevel: 'silent', connectionTimeoutMs: 60_000 },
      sasl: { mechanism: 'oauthbearer', token },
    }).init()
    t.after(() => service.disconnect())
    service.on('error', (error) => errors.push(error))
    const connecting = service.connectProducer().catch(() => {})
    await waitFor(() => errors.some(({ message }) => /principal of a token/.test(message)), { what: 'the error' })
    await service.disconnect()
    await connecting
  })

  // Who was told of a failed refresh came before the timer of the next one: where a listener threw, there was none any more.
  test('have the next refresh waiting when a listener is told of one that failed', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    const client = taker()
    let asked = 0
    const provider = () => {
      asked += 1
      if (asked === 2) throw new Error('no')
      return { value: `${asked}`, expiresAtMs: Date.now() + 1_000 }
    }
    const told = new Promise<void>((resolve) => {
      const tokens = new OauthTokens(provider, 60_000, () => {
        t.mock.timers.tick(10_000)
        tokens.stop()
        resolve()
      })
      void tokens.give(client).then(() => t.mock.timers.tick(800))
    })
    await told
    assert.equal(asked, 3)
  })
})

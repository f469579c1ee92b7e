import assert from 'node:assert/strict'
import { EmbeddedBrokerError } from 'narad'

/** The embedded broker cannot do it, and says what. */
export async function assertUnsupported(call: () => Promise<unknown>, what: RegExp): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof EmbeddedBrokerError, String(error))
    assert.equal(error.code, 'NARAD_EMBEDDED_UNSUPPORTED')
    assert.match(error.message, what)
    return true
  })
}

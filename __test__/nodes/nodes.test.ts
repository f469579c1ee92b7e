// The packed package on each release of Node.js that it is meant for.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { NODE_VERSIONS, nodeOf } from '../../scripts/nodes.mjs'
import { startNode } from '../helpers/process.ts'
import { type Installed, installPacked } from '../package/packed.ts'

const LOADED: Readonly<Record<string, string>> = {
  'smoke.mjs': `import { createKafkaService } from 'narad'
    import { TestBroker } from 'narad/testing'`,
  'smoke.cjs': `const { createKafkaService } = require('narad')
    const { TestBroker } = require('narad/testing')`,
}

const SMOKE = `
async function main() {
  const broker = await TestBroker.start({ topics: ['smoke'] })
  const service = createKafkaService({ brokers: broker.brokers, logLevel: 'warn' }).init()
  await service.connectProducer()
  await service.connectConsumer('smokers')
  const handled = await new Promise((resolve, reject) => {
    service.subscribe('smoke', resolve).then(() => service.send('smoke', { from: process.version })).catch(reject)
  })
  const { undelivered } = await service.disconnect()
  await broker.stop()
  console.log(JSON.stringify({ handled, undelivered }))
}
main()
`

describe('the packed package', () => {
  let user: Installed
  before(async () => {
    user = await installPacked()
    for (const [name, loading] of Object.entries(LOADED)) await writeFile(join(user.project, name), loading + SMOKE)
  })
  after(() => user?.remove())

  for (const version of NODE_VERSIONS) {
    for (const name of Object.keys(LOADED)) {
      test(`loads as ${name}, sends, handles and ends by itself on Node ${version}`, async (t) => {
        const node = await nodeOf(version)
        if ('missing' in node) return t.skip(node.missing)
        const child = startNode(t, join(user.project, name), { node: node.path })
        assert.deepEqual(await child.ended, { code: 0, signal: null }, child.stderr)
        assert.equal(child.stderr, '')
        assert.deepEqual(JSON.parse(child.lines.at(-1) ?? ''), { handled: { from: `v${version}` }, undelivered: 0 })
      })
    }
  }
})

// The page on administration shows in its blocks of `javascript` what the embedded broker cannot do: they run here.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { kafkaBed } from '../helpers/bed.ts'
import { randomTopic } from '../helpers/names.ts'
import { noSettings } from '../helpers/no-settings.ts'
import { startNode } from '../helpers/process.ts'

const bed = kafkaBed()
const PAGE = readFileSync(join(resolve(__dirname, '..', '..'), 'docs', 'administration.md'), 'utf8')

test('every block of the page on administration runs on Kafka', { skip: bed.skip }, async (t) => {
  const blocks = [...PAGE.matchAll(/^```javascript\n([\s\S]*?)^```$/gm)].map(([, code]) => code)
  assert.ok(blocks.length > 0)
  const program = `
    import { kafkaService } from 'narad'
    const { admin } = kafkaService
    ${blocks.join('\n').replaceAll("'audit'", `'${randomTopic()}'`)}
    await kafkaService.disconnect()`
  const child = startNode(t, '-e', {
    nodeArgs: ['--input-type=module'],
    args: [program],
    env: { ...noSettings(), KAFKA_BROKERS: await bed.brokers() },
  })
  assert.deepEqual(await child.ended, { code: 0, signal: null }, [...child.lines, child.stderr].join('\n'))
})

// What others have written, as the command shows it: it neither runs nor commands a terminal.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { TestBroker } from 'narad/testing'
import { DEAD_LETTER_HEADERS as NAMES } from '../../lib/headers.ts'
import { run } from '../helpers/command.ts'
import { randomTopic } from '../helpers/names.ts'
import type { Scope } from '../helpers/scope.ts'
import { makeProducer } from '../helpers/service.ts'

/** Whatever could command a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}]/u
/** Clears the screen in two ways, turns the direction around, deletes. */
const COMMANDS = '\x1b[2J\u009b2J\u202e\x7f'

/** A letter all of whose texts are this one. */
async function setUp(scope: Scope, text: string) {
  const broker = await TestBroker.start()
  scope.after(() => broker.stop())
  const dlq = `${randomTopic()}.dlq`
  await broker.createTopic(dlq)
  const service = await makeProducer(scope, { brokers: broker.brokers })
  const { topic, group, name, message, stack } = NAMES
  const told = [topic, group, NAMES.class, name, message, stack, 'x-event-type', text]
  await service.sendRecords(dlq, [
    { key: text, value: text, headers: told.map((one): [string, string] => [one, text]) },
  ])
  const env = { KAFKA_BROKERS: `embedded://${broker.brokers}` }
  return { dlq, narad: (...args: string[]) => run(scope, ['dlq', ...args], { env }) }
}

describe('A dead letter that its sender has forged', () => {
  test('runs nothing of its own when it is made a test', async (t) => {
    // The story of a letter stood in comments, which JavaScript ends at \r, U+2028 and U+2029 too: what followed was run.
    const { dlq, narad } = await setUp(
      t,
      ['', '\n', '\r', '\u2028', '\u2029', "'", '`', '*/'].join('\nhasRun = true //'),
    )
    const { code, lines, stderr } = await narad('show', dlq, '--as-test')
    assert.equal(code, 0, stderr)
    const nothing = () => {}
    const context = createContext({
      ...{ hasRun: false, require: () => ({}) },
      ...{ beforeAll: nothing, afterAll: nothing, test: nothing },
    })
    runInContext(lines.join('\n'), context)
    assert.equal(context['hasRun'], false)
  })

  test('is shown without what commands a terminal, as JSON too', async (t) => {
    // Groups, classes, errors, event types and names of headers were printed as they are; as JSON, U+007F to U+009F.
    const { dlq, narad } = await setUp(t, `a${COMMANDS}b`)
    for (const args of [
      ['stats', dlq],
      ['show', dlq],
      ['show', dlq, '0/0'],
      ['replay', dlq],
      ['stats', dlq, '-o', 'json'],
      ['show', dlq, '0/0', '-o', 'json'],
      ['replay', dlq, '-o', 'json'],
    ]) {
      const { code, lines, stderr } = await narad(...args)
      assert.equal(code, 0, stderr)
      assert.match(lines.join(''), /a\\u001b\[2J\\u009b2J\\u202e\\u007fb/, args.join(' '))
      assert.doesNotMatch(lines.join(''), UNSAFE, args.join(' '))
    }
  })
})

test('a health port and an argument that is wrong are shown without what commands a terminal', async (t) => {
  // They were printed as they are.
  const server = createServer(({ url }, response) => response.end(url === '/json' ? `{"a":"\x7f\u202e"}` : COMMANDS))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const json = await run(t, ['health', `${at}/json`])
  assert.deepEqual(json.lines, ['{', '  "a": "\\u007f\\u202e"', '}'])
  assert.deepEqual((await run(t, ['health', at])).lines, ['\\u001b[2J\\u009b2J\\u202e\\u007f'])
  const wrong = await run(t, ['health', COMMANDS])
  assert.deepEqual([wrong.code, UNSAFE.test(wrong.stderr.trimEnd())], [2, false], wrong.stderr)
})

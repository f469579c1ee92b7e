// Runs every JavaScript block of the README and of the pages in docs/, each in a process of its own, on the embedded
// broker. The first block of a page is whole, and so is one that calls init(): a reader pastes it as it stands, so nothing
// that it uses is added here. Others show the part that matters: what is missing around it, such as a connected service, is
// added. Comments above a block, which no reader sees, add the rest: <!-- before: … --> and <!-- after: … -->. They may
// send what the block handles, but the first block of a page sees no name of its <!-- before: … -->.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { noSettings } from '../helpers/no-settings.ts'
import { startNode } from '../helpers/process.ts'

const ROOT = resolve(__dirname, '..', '..')
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const EXPORTS = ['kafkaService', 'createKafkaService', 'message', 'KafkaError', 'SendError', 'HEADERS']

interface Block {
  readonly title: string
  readonly isFirst: boolean
  readonly code: string
  readonly before: string
  readonly after: string
}

for (const page of PAGES) {
  const blocks = blocksOf(page)
  if (blocks.length === 0) continue
  describe(page, () => {
    for (const block of blocks) {
      test(`runs without an error: ${block.title}`, { timeout: 60_000 }, async (t) => {
        const isCommonJs = block.code.includes('require(')
        const child = startNode(t, '-e', {
          nodeArgs: [`--input-type=${isCommonJs ? 'commonjs' : 'module'}`],
          args: [isCommonJs ? commonJsProgram(block) : moduleProgram(block)],
          env: { ...noSettings(), KAFKA_BROKERS: 'embedded', KAFKA_LOG_LEVEL: 'error' },
        })
        const end = await child.ended
        assert.deepEqual(end, { code: 0, signal: null }, [...child.lines, child.stderr].join('\n'))
      })
    }
  })
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const found = text.matchAll(/((?:^<!-- (?:before|after): .* -->\n)*)^```js\n([\s\S]*?)^```$/gm)
  return [...found].map(([, comments = '', code = ''], index) => ({
    title: `block ${index + 1}, ${code.split('\n').find((line) => !/^(import .*|\s*)$/.test(line)) ?? ''}`,
    isFirst: index === 0,
    code,
    before: /<!-- before: (.*) -->/.exec(comments)?.[1] ?? '',
    after: /<!-- after: (.*) -->/.exec(comments)?.[1] ?? '',
  }))
}

/** Connects what a block that is not whole takes for connected, and ends when every handler has handled something. */
function moduleProgram({ isFirst, code, before, after }: Block): string {
  const isWhole = isFirst || code.includes('.init(')
  const imported = [...code.matchAll(/import \{ (.*) \} from 'narad'/g)].flatMap(([, names = '']) => names.split(', '))
  const isUsed = (name: string) => new RegExp(`\\b${name}\\b`).test(code)
  const missing = EXPORTS.filter((name) => !imported.includes(name) && !(isWhole && isUsed(name)))
  const isSending = /\bkafkaService\.send/.test(code) && !code.includes('connectProducer')
  return `
    import { ${['kafkaService as $service', ...missing].join(', ')} } from 'narad'
    $service.on('error', (error) => { console.error(error); process.exit(1) })
    const $handled = []
    const $subscribe = $service.subscribe.bind($service)
    $service.subscribe = (topics, handler, options) => {
      let settle
      $handled.push(new Promise((resolve) => { settle = resolve }))
      return $subscribe(topics, async (...given) => { await handler(...given); settle() }, options)
    }
    ${!isWhole && isSending ? 'await $service.init().connectProducer()' : ''}
    ${isFirst ? `{ ${before} }` : before}
    ${code}
    ${after}
    await Promise.all($handled)
    await $service.disconnect()
  `
}

/** Jest's names, as far as the pages use them. */
function commonJsProgram({ code, before, after }: Block): string {
  return `
    const nodeTest = require('node:test')
    const { deepEqual } = require('node:assert/strict')
    const [beforeAll, afterAll, test] = [nodeTest.before, nodeTest.after, nodeTest.test]
    const expect = (actual) => ({ toEqual: (expected) => deepEqual(actual, expected) })
    ${before}
    ${code}
    ${after}
  `
}

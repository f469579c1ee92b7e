// Runs what docs/from-your-own-wrapper.md has besides JavaScript (which docs.test.ts runs): the commands, in one folder and
// in the order of the page, and the variables. Comments above a block, which no reader sees, say how:
// <!-- file: NAME --> writes it into the folder, <!-- until: PATTERN --> ends its command with SIGTERM when it has printed
// that, <!-- needs: Kafka --> leaves it out on the embedded broker, <!-- means: JSON --> is the configuration of variables.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { parseEnv } from 'node:util'
import type { Bed } from '../helpers/bed.ts'
import { noSettings } from '../helpers/no-settings.ts'
import { startNode } from '../helpers/process.ts'
import { waitFor } from '../helpers/wait.ts'

const ROOT = resolve(__dirname, '..', '..')
const PAGE = join(ROOT, 'docs', 'from-your-own-wrapper.md')

interface Block {
  readonly language: string
  readonly text: string
  readonly comments: ReadonlyMap<string, string>
}

export function describeWrapperDoc(bed: Bed): void {
  describe(`docs/from-your-own-wrapper.md on ${bed.name}`, { skip: bed.skip }, () => {
    const blocks = blocksOf(readFileSync(PAGE, 'utf8'))
    const folder = mkdtempSync(join(tmpdir(), 'narad-wrapper-'))
    after(() => rmSync(folder, { recursive: true, force: true }))
    for (const { comments, text } of blocks) {
      const name = comments.get('file')
      if (name !== undefined) writeFileSync(join(folder, name), text)
    }
    const command = join(folder, 'narad')
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist', 'cli.cjs')}" "$@"\n`)
    chmodSync(command, 0o755)

    const variables = blocks.filter(({ language }) => language === 'env')
    for (const [index, { text, comments }] of variables.entries()) {
      test(`the variables of block ${index + 1} mean what the page says`, async (t) => {
        const print = "console.log(JSON.stringify(require('narad').createKafkaService().config))"
        const child = startNode(t, '-e', { args: [print], cwd: ROOT, env: { ...noSettings(), ...parseEnv(text) } })
        assert.equal((await child.ended).code, 0, child.stderr)
        const config = JSON.parse(child.lines.join('')) as Record<string, unknown>
        for (const [name, value] of Object.entries(JSON.parse(comments.get('means') ?? '') as object)) {
          assert.deepEqual(config[name], value, name)
        }
      })
    }

    test('every command works as it is written', { timeout: 300_000 }, async (t) => {
      const brokers = await bed.brokers()
      const env = { ...noSettings(), KAFKA_BROKERS: bed.address(brokers), PATH: `${folder}:${process.env['PATH']}` }
      const commands = blocks.filter(({ language }) => language === 'sh')
      assert.ok(commands.length > 5, `${commands.length} blocks`)
      for (const { text, comments } of commands) {
        if (comments.get('needs') === 'Kafka' && bed.name !== 'Kafka') continue
        const until = comments.get('until')
        const script = until === undefined ? text : `exec ${text}`
        const child = startNode(t, '-e', { node: '/bin/sh', args: ['-c', script], cwd: folder, env })
        const output = () => `${text}\n${child.lines.join('\n')}\n${child.stderr}`
        if (until !== undefined) {
          const isThere = () => new RegExp(until).test(output().slice(text.length))
          await waitFor(isThere, { what: `${until} of ${text}`, timeoutMs: 30_000 })
          child.kill('SIGTERM')
        }
        assert.deepEqual(await child.ended, { code: 0, signal: null }, output())
      }
    })
  })
}

function blocksOf(page: string): Block[] {
  const found = page.matchAll(/((?:^<!-- .* -->\n)*)^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...found].map(([, comments = '', language = '', text = '']) => ({
    language,
    text,
    comments: new Map(
      [...comments.matchAll(/<!-- (\w+): (.*) -->/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  }))
}

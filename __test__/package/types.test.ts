import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { ENTRIES } from '../../scripts/entries.mjs'
import { type Installed, installPacked, node, ROOT } from './packed.ts'

const FIXTURES = join(ROOT, '__test__', 'package', 'fixtures')
const STRICT = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }

describe('the types of the packed package', () => {
  let user: Installed
  before(async () => {
    user = await installPacked()
    for (const name of await readdir(FIXTURES)) await copyFile(join(FIXTURES, name), join(user.project, name))
  })
  after(() => user.remove())

  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    test(`hold in ESM, CommonJS and plain TypeScript files with moduleResolution ${moduleResolution}`, async () => {
      const files = ['esm.mts', 'event-bus.mts', 'commonjs.cts', 'plain.ts']
      const problems = await compile({
        compilerOptions: { ...STRICT, target: 'es2022', module, moduleResolution },
        files,
      })
      assert.equal(problems, '')
    })
  }

  test('hold for a program that loads no types but those it imports', async () => {
    // TypeScript 6 takes no @types by itself, and `Buffer` in our types was then unknown.
    const options = { ...STRICT, target: 'es2022', module: 'nodenext', types: [] }
    assert.equal(await compile({ compilerOptions: options, files: ['esm.mts'] }), '')
  })

  // A class exported as a type only looked like a value: `instanceof` compiled, and threw when it ran.
  test('promise the values that are there at run time, and no others', async () => {
    const files: string[] = []
    for (const entry of ENTRIES.map((name) => (name === 'index' ? 'narad' : `narad/${name}`))) {
      const names: string[] = JSON.parse(
        await node(user.project, '-p', `JSON.stringify(Object.keys(require('${entry}')))`),
      )
      const values = `{ ${names.map((name) => `${name}: true`).join(', ')} }`
      const file = `values-${files.length}.mts`
      const code = `import * as entry from '${entry}'\nconst v: Record<keyof typeof entry, true> = ${values}\nv\n`
      await writeFile(join(user.project, file), code)
      files.push(file)
    }
    const options = { ...STRICT, target: 'es2022', module: 'nodenext', types: ['node'] }
    assert.equal(await compile({ compilerOptions: options, files }), '')
  })

  test('are found by every resolution that attw knows', async () => {
    const { stdout } = await run('@arethetypeswrong/cli/dist/index.js', [user.tarball, '--format', 'json'])
    const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown> }
    assert.deepEqual(problems, {})
  })

  test('and the files that package.json names satisfy publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: user.folder, pack: false, strict: true })
    // A missing "type" is CommonJS, and every file that we ship says in its name what it is.
    const serious = messages.filter(({ type }) => type !== 'suggestion')
    assert.deepEqual(
      serious.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  async function compile(config: object): Promise<string> {
    await writeFile(join(user.project, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = await run('typescript/bin/tsc', ['--project', user.project])
    return stdout
  }
})

/** Gives the output of a command whatever its exit code: both commands print what is wrong. */
async function run(script: string, args: string[]): Promise<{ stdout: string }> {
  const file = join(ROOT, 'node_modules', script)
  const ended = await promisify(execFile)(process.execPath, [file, ...args]).catch(
    (error: { stdout?: string }) => error,
  )
  if (ended.stdout === undefined) throw ended
  return { stdout: ended.stdout }
}

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { ENTRIES } from '../../scripts/entries.mjs'
import { type Installed, installPacked, node } from './packed.ts'

const SPECIFIERS = ENTRIES.map((name) => (name === 'index' ? 'narad' : `narad/${name}`))
const MAX_ADDON_BYTES = 12 * 1024 * 1024

describe('the packed package', () => {
  let user: Installed
  before(async () => {
    user = await installPacked()
  })
  after(() => user.remove())

  test('holds the bundle, the types, the loader, this platform’s addon, the docs and the examples, and nothing else', () => {
    const [addon, ...others] = addons()
    assert.ok(addon, 'there is no addon: npm run build:native')
    assert.deepEqual(others, [])
    const chunks = [...ENTRIES, 'narad', 'connection', 'health-routes']
    const expected = [
      ...['LICENSE', 'README.md', 'package.json', addon, 'native/index.cjs', 'native/index.d.ts'],
      ...ENTRIES.flatMap((name) => [`${name}.d.ts`, `${name}.d.mts`, `dist/${name}.mjs`]),
      ...['cli.cjs', 'LICENSES.txt'].map((file) => `dist/${file}`),
      ...chunks.flatMap((name) => [`dist/${name}.cjs`, `dist/${name}.cjs.map`]),
    ]
    const isToRead = (path: string) =>
      /^([A-Z]+\.md|docs\/.*\.(md|json)|examples\/(?!demo).*\.(m?js|ts|json))$/.test(path)
    assert.deepEqual(user.files.filter((path) => path === 'README.md' || !isToRead(path)).sort(), expected.sort())
  })

  // README and pages of docs/ led to examples and pages that were in the clone alone.
  test('holds what its pages link to', async () => {
    const pages = user.files.filter((path) => path.endsWith('.md'))
    const folders = new Set(user.files.map(dirname))
    const dead: string[] = []
    for (const page of pages) {
      for (const link of relativeLinks(await readFile(join(user.folder, page), 'utf8'))) {
        const target = join(dirname(page), link)
        if (!user.files.includes(target) && !folders.has(target)) dead.push(`${page}: ${link}`)
      }
    }
    assert.ok(pages.length > 30)
    assert.deepEqual(dead, [])
  })

  test('brings the command narad', async () => {
    const { stdout } = await promisify(execFile)(join(user.project, 'node_modules', '.bin', 'narad'), ['--help'])
    assert.match(stdout, /^Usage: narad /)
  })

  test('has no install script and no dependencies', async () => {
    const manifest = JSON.parse(await node(user.project, '-p', 'JSON.stringify(require("narad/package.json"))'))
    const { dependencies, scripts } = manifest as { dependencies?: object; scripts: Record<string, string> }
    assert.equal(dependencies, undefined)
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(scripts[name], undefined)
  })

  // A bundle for each module system gave users two services: one connected, and one that said it was not.
  test('gives the same objects to require and to import', async () => {
    await writeFile(
      join(user.project, 'same.mjs'),
      `import { createRequire } from 'node:module'
       const require = createRequire(import.meta.url)
       for (const name of ${JSON.stringify(SPECIFIERS)}) {
         const [a, b] = [await import(name), require(name)]
         const names = new Set([...Object.keys(a), ...Object.keys(b)])
         if (names.size === 0) console.log(name + ' exports nothing')
         for (const key of names) if (a[key] === undefined || a[key] !== b[key]) console.log(name, key)
       }`,
    )
    assert.equal(await node(user.project, 'same.mjs'), '')
  })

  // The bundler calls them _ConfigError and so on, and that is what people saw of an uncaught error.
  test('shows errors under the names of their classes', async () => {
    const renamed = `Object.entries(require("narad")).filter(([key, value]) => /Error$/.test(key) && value.name !== key)`
    assert.equal(await node(user.project, '-p', `${renamed}.join()`), '')
  })

  test('does not load the addon before it is needed', async () => {
    await writeFile(
      join(user.project, 'lazy.mjs'),
      `${SPECIFIERS.map((name) => `import '${name}'\n`).join('')}
       import { createRequire } from 'node:module'
       console.log(Object.keys(createRequire(import.meta.url).cache).filter((f) => f.includes('native')).join())`,
    )
    assert.equal(await node(user.project, 'lazy.mjs'), '')
  })

  // The benchmark measures the time of an import; what makes it long is modules of Node.js that are loaded with it.
  test('loads no module of Node.js at its import but os', async () => {
    await writeFile(
      join(user.project, 'loads.mjs'),
      `const before = new Set(process.moduleLoadList)
       await import('narad')
       const loaded = process.moduleLoadList.filter((name) => !before.has(name) && name.startsWith('NativeModule'))
       console.log(loaded.map((name) => name.slice(13)).filter((name) => !name.startsWith('internal/')).join())`,
    )
    assert.equal(await node(user.project, 'loads.mjs'), 'os')
  })

  test('brings an addon that loads by itself', async () => {
    const names = await node(user.project, '-p', 'Object.keys(require("./node_modules/narad/native/index.cjs")).join()')
    assert.notEqual(names, '')
  })

  test('brings an addon of at most 12 MB', async () => {
    for (const addon of addons()) {
      const { size } = await stat(join(user.folder, addon))
      assert.ok(size <= MAX_ADDON_BYTES, `${addon} has ${size} bytes`)
    }
  })

  // Node has an OpenSSL of its own: a symbol of the same name in the addon may be bound to it, and crash.
  test('brings an addon that exports no symbol of OpenSSL or librdkafka', async (context) => {
    if (process.platform !== 'linux') return context.skip('reads ELF files')
    for (const addon of addons()) {
      const exported = await exportedSymbols(join(user.folder, addon))
      assert.ok(exported.length > 0)
      assert.deepEqual(
        exported.filter((name) => !name.startsWith('napi_')),
        [],
      )
    }
  })

  function addons(): string[] {
    return user.files.filter((path) => path.endsWith('.node'))
  }
})

/** Without code, and without what is behind a `#`. */
function relativeLinks(markdown: string): string[] {
  const text = markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '')
  const links = text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)
  const targets = [...links].map(([, inline, named]) => inline ?? named ?? '')
  return targets.filter((target) => !/^(\w+:|#)/.test(target)).map((target) => target.replace(/#.*/, ''))
}

async function exportedSymbols(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('nm', ['--dynamic', '--defined-only', '--format=posix', file])
  return stdout.split('\n').flatMap((line) => line.split(' ', 1)[0] || [])
}

// @ts-check
// Bundles lib/ into dist/. All code is in one CommonJS file, and each entry point is a thin file over it, for
// `require` and for `import`: so a process has one instance of everything, however the package is loaded, and
// loading it reads three small files.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { writeWhole } from './generated.mjs'
import { ROOT } from './paths.mjs'

const BUNDLE = 'narad.cjs'
const ENTRIES = ['index', 'testing']
// What is bundled with lib/, so that users install nothing more; __test__/unit/layers.test.ts lets lib/ import no other.
const BUNDLED = ['uuid']

const { outputFiles } = await build({
  stdin: {
    contents: ENTRIES.map((name) => `export * as ${name} from './lib/${name}.ts'`).join('\n'),
    resolveDir: ROOT,
    sourcefile: 'entries.ts',
    loader: 'ts',
  },
  absWorkingDir: ROOT,
  tsconfig: join(ROOT, 'tsconfig.json'),
  outfile: join('dist', BUNDLE),
  write: false,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  charset: 'utf8',
  // Loaded when first needed, from dist/ as from lib/.
  external: ['../native/index.cjs'],
  sourcemap: 'linked',
  logLevel: 'warning',
})
for (const { path, contents } of outputFiles) writeWhole(path.slice(ROOT.length), contents)
writeWhole('dist/LICENSES.txt', BUNDLED.map(licenceOf).join('\n'))

const bundle = createRequire(import.meta.url)(join(ROOT, 'dist', BUNDLE))
for (const entry of ENTRIES) {
  const names = Object.keys(bundle[entry])
  if (names.length === 0) throw new Error(`lib/${entry}.ts exports nothing`)
  if (names.includes('default')) throw new Error(`lib/${entry}.ts has a default export: use named exports only`)
  writeWhole(`dist/${entry}.cjs`, requireEntry(entry, names))
  writeWhole(`dist/${entry}.mjs`, `export { ${names.join(', ')} } from './${entry}.cjs'\n`)
}

/**
 * Assigns each name on its own: Node finds the names for the import entry by reading, not by running.
 * @param {string} entry
 * @param {string[]} names
 */
function requireEntry(entry, names) {
  return [
    "'use strict'",
    "Object.defineProperty(exports, '__esModule', { value: true })",
    `const { ${entry} } = require('./${BUNDLE}')`,
    ...names.map((name) => `exports.${name} = ${entry}.${name}`),
    '',
  ].join('\n')
}

/**
 * A licence asks to be copied with what it covers.
 * @param {string} name
 */
function licenceOf(name) {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
  return `narad.cjs contains ${name} ${version}:\n\n${readFileSync(join(dirname(manifest), 'LICENSE.md'), 'utf8')}`
}

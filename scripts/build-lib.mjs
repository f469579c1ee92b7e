// @ts-check
// Bundles lib/ into dist/. All code is in one CommonJS file, and each entry point is a thin file over it, for
// `require` and for `import`: so a process has one instance of everything, however the package is loaded, and
// loading it reads three small files.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { ENTRIES } from './entries.mjs'
import { writeWhole } from './generated.mjs'
import { ROOT } from './paths.mjs'

const BUNDLE = 'narad.cjs'
const CLI = 'cli.cjs'
// What is bundled with lib/, so that users install nothing more; __test__/unit/layers.test.ts lets lib/ import no other.
const BUNDLED = [
  { file: BUNDLE, name: 'uuid', licence: 'LICENSE.md' },
  { file: CLI, name: 'commander', licence: 'LICENSE' },
]

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
  external: ['../native/index.cjs', '@opentelemetry/api'],
  sourcemap: 'linked',
  logLevel: 'warning',
})
for (const { path, contents } of outputFiles) writeWhole(path.slice(ROOT.length), contents)
writeWhole('dist/LICENSES.txt', BUNDLED.map(licenceOf).join('\n'))

await build({
  entryPoints: ['lib/cli/main.ts'],
  absWorkingDir: ROOT,
  tsconfig: join(ROOT, 'tsconfig.json'),
  outfile: join('dist', CLI),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  charset: 'utf8',
  banner: { js: '#!/usr/bin/env node' },
  // It is a user of the package like others, and loads it only for a command that needs it.
  plugins: [
    {
      name: 'entries',
      setup: ({ onResolve }) =>
        onResolve({ filter: new RegExp(`/(${ENTRIES.join('|')})\\.ts$`) }, ({ path }) => ({
          path: `./${basename(path, '.ts')}.cjs`,
          external: true,
        })),
    },
  ],
  logLevel: 'warning',
})

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
 * @param {typeof BUNDLED[number]} part
 */
function licenceOf({ file, name, licence }) {
  const folder = join(ROOT, 'node_modules', name)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `${file} contains ${name} ${version}:\n\n${readFileSync(join(folder, licence), 'utf8')}`
}

// @ts-check
// Bundles lib/ into dist/, as CommonJS. What an import of the package needs is in one file; what only a connected service
// needs is in another, which is loaded when a service first connects. Each entry point is a thin file over them, for
// `require` and for `import`: so a process has one instance of everything, however the package is loaded.
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { rollup } from 'rollup'
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
const INDEX = join(ROOT, 'lib', 'index.ts')
const CONNECTION = join(ROOT, 'lib', 'connection.ts')
const TARGET = { target: 'node20', charset: /** @type {const} */ ('utf8') }

const bundle = await rollup({
  input: Object.fromEntries(ENTRIES.map((name) => [name, join(ROOT, 'lib', `${name}.ts`)])),
  external: isBuiltin,
  // A module is loaded for what is used of it, and for nothing else.
  treeshake: { moduleSideEffects: false },
  plugins: [
    {
      name: 'typescript',
      resolveId: (id) => (id === 'uuid' ? fileURLToPath(import.meta.resolve(id)) : null),
      transform: (code, file) =>
        file.endsWith('.ts')
          ? transform(code, {
              ...TARGET,
              loader: 'ts',
              sourcemap: true,
              sourcefile: file,
              tsconfigRaw: { compilerOptions: {} },
            })
          : null,
    },
  ],
  onLog(level, { message }) {
    if (level !== 'debug') throw new Error(message)
  },
})
const { output } = await bundle.generate({
  format: 'cjs',
  exports: 'named',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  sourcemap: true,
  generatedCode: 'es2015',
  // `import()` of CommonJS would start Node's loader of ES modules.
  dynamicImportInCjs: false,
  manualChunks: chunkOf,
})
await bundle.close()
for (const file of output) {
  if (file.type === 'asset') writeWhole(`dist/${file.fileName}`, file.source)
  else writeWhole(`dist/${file.fileName}`, `${file.code}//# sourceMappingURL=${file.fileName}.map\n`)
  if (file.type !== 'chunk' || !file.isEntry) continue
  if (file.exports.length === 0) throw new Error(`lib/${file.name}.ts exports nothing`)
  if (file.exports.includes('default'))
    throw new Error(`lib/${file.name}.ts has a default export: use named exports only`)
  writeWhole(`dist/${file.name}.mjs`, `export { ${file.exports.join(', ')} } from './${file.fileName}'\n`)
}
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

/**
 * One file for all that the main entry point loads, and one for what a connection loads besides.
 * @param {string} id
 * @param {import('rollup').ManualChunkMeta} meta
 */
function chunkOf(id, { getModuleInfo }) {
  if (loads(INDEX).has(id)) return basename(BUNDLE, '.cjs')
  return loads(CONNECTION).has(id) ? 'connection' : null

  /** @param {string} from */
  function loads(from) {
    const seen = new Set([from])
    for (const one of seen) for (const next of getModuleInfo(one)?.importedIds ?? []) seen.add(next)
    return seen
  }
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

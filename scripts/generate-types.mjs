// @ts-check
// Flattens the public types of lib/ into one committed file an entry point. The types for `import` re-export those
// for `require`, because at run time both are the same objects.
import { join } from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import { writeOrCheck } from './generated.mjs'
import { ROOT } from './paths.mjs'

const HEADER = '// Generated from lib/ by `npm run generate`. Do not edit.\n'
// TypeScript 6 looks for no global types by itself; with this, `Buffer` and `node:` modules are found.
const NODE_TYPES = '/// <reference types="node" />\n'
const ENTRIES = { index: join(ROOT, 'lib', 'index.ts'), testing: join(ROOT, 'lib', 'testing.ts') }

const bundle = await rollup({
  input: ENTRIES,
  external: /^node:/,
  plugins: [dts({ tsconfig: join(ROOT, 'tsconfig.json'), compilerOptions: { noEmit: false, stripInternal: true } })],
  onLog(level, { message }) {
    if (level !== 'debug') console.log(message)
  },
})
const { output } = await bundle.generate({
  format: 'es',
  entryFileNames: '[name].d.ts',
  // Everything but the test broker belongs to the main entry, so that both speak of the same classes.
  manualChunks: (id) => (id === ENTRIES.testing ? 'testing' : 'index'),
  minifyInternalExports: false,
  hoistTransitiveImports: false,
})
await bundle.close()

const extra = output.find(({ fileName }) => !Object.keys(ENTRIES).some((name) => fileName === `${name}.d.ts`))
if (extra) throw new Error('lib/testing.ts shows a type that lib/index.ts does not export: export it there')
/** @type {Record<string, string>} */
const files = {}
for (const chunk of output) {
  if (chunk.type !== 'chunk') continue
  files[chunk.fileName] = HEADER + NODE_TYPES + chunk.code
  files[chunk.fileName.replace(/\.ts$/, '.mts')] = `${HEADER}export * from './${chunk.name}.js'\n`
}
writeOrCheck(files)

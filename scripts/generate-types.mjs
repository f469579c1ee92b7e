// @ts-check
// Flattens the public types of lib/ into one committed file an entry point. The types for `import` re-export those
// for `require`, because at run time both are the same objects.
import { join } from 'node:path'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import ts from 'typescript'
import { ENTRIES } from './entries.mjs'
import { writeOrCheck } from './generated.mjs'
import { ROOT } from './paths.mjs'

const HEADER = '// Generated from lib/ by `npm run generate`. Do not edit.\n'
// TypeScript 6 looks for no global types by itself; with this, `Buffer` and `node:` modules are found.
const NODE_TYPES = '/// <reference types="node" />\n'

const bundle = await rollup({
  input: Object.fromEntries(ENTRIES.map((name) => [name, join(ROOT, 'lib', `${name}.ts`)])),
  external: /^(node:|@opentelemetry\/)/,
  plugins: [dts({ tsconfig: join(ROOT, 'tsconfig.json'), compilerOptions: { noEmit: false, stripInternal: true } })],
  onLog(level, { message }) {
    if (level !== 'debug') console.log(message)
  },
})
const { output } = await bundle.generate({
  format: 'es',
  entryFileNames: '[name].d.ts',
  // What no other entry point has alone belongs to the main one, so that all speak of the same classes.
  manualChunks: (id) =>
    ENTRIES.find((name) => id === join(ROOT, 'lib', `${name}.ts`) || id.startsWith(join(ROOT, 'lib', name, '/'))) ??
    'index',
  minifyInternalExports: false,
  hoistTransitiveImports: false,
})
await bundle.close()

const extra = output.find(({ fileName }) => !ENTRIES.some((name) => fileName === `${name}.d.ts`))
if (extra) throw new Error('an entry point shows a type that lib/index.ts does not export: export it there')
/** @type {Record<string, string>} */
const files = {}
for (const chunk of output) {
  if (chunk.type !== 'chunk') continue
  const code = withTrueExports(chunk.code, await namesAtRunTime(`lib/${chunk.name}.ts`))
  files[chunk.fileName] = HEADER + NODE_TYPES + code
  files[chunk.fileName.replace(/\.ts$/, '.mts')] = `${HEADER}export * from './${chunk.name}.js'\n`
}
writeOrCheck(files)

/**
 * The names that an entry point exports when it runs.
 * @param {string} entry
 */
async function namesAtRunTime(entry) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['../native/index.cjs', '@opentelemetry/api'],
    logLevel: 'error',
  })
  return new Set(Object.values(metafile.outputs).flatMap((file) => file.exports))
}

/**
 * A class of which lib/ exports only the type comes out of the plugin as if it could be constructed and compared with:
 * this says of each name whether it is a value.
 * @param {string} code
 * @param {ReadonlySet<string>} values
 */
function withTrueExports(code, values) {
  const source = ts.createSourceFile('bundle.d.ts', code, ts.ScriptTarget.Latest, true)
  const statements = source.statements.filter(ts.isExportDeclaration)
  const names = statements.flatMap(({ exportClause }) =>
    exportClause && ts.isNamedExports(exportClause) ? exportClause.elements : [],
  )
  let rest = code
  for (const statement of statements.reverse()) rest = rest.slice(0, statement.pos) + rest.slice(statement.end)
  const list = (/** @type {boolean} */ isValue) =>
    names
      .filter(({ name }) => values.has(name.text) === isValue)
      .map((element) => `  ${element.getText()},\n`)
      .sort()
  const [exported, types] = [list(true), list(false)]
  return [
    rest.trimEnd(),
    '\n',
    ...(exported.length > 0 ? ['\nexport {\n', ...exported, '};\n'] : []),
    ...(types.length > 0 ? ['\nexport type {\n', ...types, '};\n'] : []),
  ].join('')
}

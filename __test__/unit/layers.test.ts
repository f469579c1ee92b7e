import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { ENTRIES as NAMES } from '../../scripts/entries.mjs'

const ROOT = resolve(__dirname, '..', '..')
const ENTRIES = NAMES.map((name) => `lib/${name}.ts`)
const ADDON = 'lib/native.ts'
// scripts/build-lib.mjs puts it into the bundle, with its licence
const BUNDLED = 'uuid'
/** A user of the package, beside it. */
const CLI = 'lib/cli/'
/** What it takes of the inside, which is bundled with it: text is made safe to print, and authorities are found, in one way. */
const BUNDLED_WITH_CLI = ['lib/escape.ts', 'lib/redact.ts', 'lib/config/system-authorities.ts']
/** Folders that import a package of their own: bundled with the command, or an optional dependency of the user's. */
const FOREIGN = [
  [CLI, 'commander'],
  ['lib/telemetry/', '@opentelemetry/api'],
] as const
const MAX_LINES = 500
const SOURCES = ['.rs', '.ts', '.mts', '.cts', '.mjs', '.cjs', '.js', '.sh']

interface Import {
  from: string
  /** As written. */
  specifier: string
  /** The file in the repository, for a relative specifier. */
  file?: string
  typeOnly: boolean
}

describe('src', () => {
  test('core names neither napi nor the binding', () => {
    assert.deepEqual(linesThatMatch('src/core', /\bnapi|\bbinding::/), [])
  })

  test('binding does not name rdkafka', () => {
    assert.deepEqual(linesThatMatch('src/binding', /\brdkafka/), [])
  })
})

describe('lib', () => {
  const imports = filesIn('lib', ['.ts']).flatMap(importsOf)

  test('imports itself, Node, what is bundled with it and, in lib/native.ts, the addon: nothing else', () => {
    const foreign = imports.filter(({ from, specifier, file }) => {
      if (file === undefined) {
        const allowed = FOREIGN.find(([folder]) => from.startsWith(folder))?.[1] ?? BUNDLED
        return !specifier.startsWith('node:') && specifier !== allowed
      }
      return !file.startsWith('lib/') && !(from === ADDON && file.startsWith('native/'))
    })
    assert.deepEqual(foreign.map(describeImport), [])
  })

  test('names the addon in lib/native.ts only', () => {
    const elsewhere = linesThatMatch('lib', /native\/index|\.node['"`]/).filter((line) => !line.startsWith(`${ADDON}:`))
    assert.deepEqual(elsewhere, [])
  })

  test('is imported through its entry points, which nothing in it imports', () => {
    for (const entry of ENTRIES) assert.ok(existsSync(join(ROOT, entry)), `${entry} is missing`)
    const upwards = imports.filter(
      ({ from, file }) => file !== undefined && ENTRIES.includes(file) && !from.startsWith(CLI),
    )
    assert.deepEqual(upwards.map(describeImport), [])
  })

  test('has a command line that uses what a user can use', () => {
    const inside = imports.filter(
      ({ from, file }) =>
        from.startsWith(CLI) !== (file?.startsWith(CLI) ?? from.startsWith(CLI)) &&
        ![...ENTRIES, ...BUNDLED_WITH_CLI].includes(file ?? ''),
    )
    assert.deepEqual(inside.map(describeImport), [])
  })

  // With a cycle, which of two modules sees the other half made depends on who is imported first.
  test('has no cycle of imports that remain at run time', () => {
    assert.deepEqual(findCycle(imports.filter(({ typeOnly }) => !typeOnly)), [])
  })
})

describe('examples', () => {
  test('use what a user can use', () => {
    const inside = filesIn('examples', ['.ts', '.mts', '.cts', '.mjs', '.cjs', '.js'])
      .flatMap(importsOf)
      .filter(({ file }) => file !== undefined && !file.startsWith('examples/'))
    assert.deepEqual(inside.map(describeImport), [])
  })
})

describe('the sources', () => {
  test(`have at most ${MAX_LINES} lines a file`, () => {
    const folders = ['src', 'lib', '__test__', 'examples', 'benches', 'scripts', 'tests']
    const long = folders
      .flatMap((folder) => filesIn(folder, SOURCES))
      .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
    assert.deepEqual(long, [])
  })
})

/** Paths relative to the root, with `/`. */
function filesIn(folder: string, extensions: readonly string[]): string[] {
  const path = join(ROOT, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name)))
    .map((entry) => toRelative(join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules/'))
    .sort()
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

function toRelative(path: string): string {
  return relative(ROOT, path).split(sep).join('/')
}

/** `file:line: text` of the lines of code, comments left out. */
function linesThatMatch(folder: string, pattern: RegExp): string[] {
  return filesIn(folder, ['.rs', '.ts']).flatMap((file) =>
    withoutComments(read(file))
      .split('\n')
      .flatMap((text, index) => (pattern.test(text) ? [`${file}:${index + 1}: ${text.trim()}`] : [])),
  )
}

/** Comments become spaces, so that lines keep their numbers. A `//` in a URL is not a comment. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '))
}

function importsOf(from: string): Import[] {
  const source = ts.createSourceFile(from, read(from), ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    found.push({ from, specifier: specifier.text, typeOnly, ...resolved(from, specifier.text) })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && isImportCall(node)) add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true
  return ts.isIdentifier(expression) && expression.text === 'require'
}

/** `./errors.js` in TypeScript is the file `errors.ts`. */
function resolved(from: string, specifier: string): { file?: string } {
  if (!specifier.startsWith('.')) return {}
  const path = join(ROOT, dirname(from), specifier)
  const candidates = [path, path.replace(/\.([mc]?)js$/, '.$1ts'), `${path}.ts`, join(path, 'index.ts')]
  const file = candidates.find((candidate) => extname(candidate) !== '' && existsSync(candidate)) ?? path
  return { file: toRelative(file) }
}

function describeImport({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`
}

/** The files of one cycle, in order, or none. */
function findCycle(imports: readonly Import[]): string[] {
  const targets = new Map<string, Import[]>()
  for (const each of imports) targets.set(each.from, [...(targets.get(each.from) ?? []), each])
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): string[] => {
    const start = path.indexOf(file)
    if (start !== -1) return [...path.slice(start), file]
    if (done.has(file)) return []
    for (const target of targets.get(file) ?? []) {
      const cycle = target.file === undefined ? [] : walk(target.file, [...path, file])
      if (cycle.length > 0) return cycle
    }
    done.add(file)
    return []
  }
  for (const file of targets.keys()) {
    const cycle = walk(file, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

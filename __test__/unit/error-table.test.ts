import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ERROR_CODES } from '../../lib/error-codes.ts'
import * as errors from '../../lib/errors.ts'

// A code that one side knows and another does not reached users as NARAD_INTERNAL, or without documentation: Rust,
// the table, the classes, the types and docs/errors.md are held together here.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CODES = Object.keys(ERROR_CODES).sort()
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const codesIn = (text: string, pattern: RegExp) => [...new Set(text.match(pattern))].sort()

const classes = new Map<string, unknown>(Object.entries(errors))

test('every code that Rust can raise is in the table', () => {
  const rust = codesIn(read('src/core/error.rs'), /(?<=")NARAD_[A-Z_]+(?=")/g)
  assert.ok(rust.length > 0, 'src/core/error.rs names no code')
  assert.deepEqual(
    rust.filter((code) => !CODES.includes(code)),
    [],
  )
})

test('every class of the table is exported, and is of the family', () => {
  for (const [code, entry] of Object.entries(ERROR_CODES)) {
    const errorClass = classes.get(entry.class)
    assert.equal(typeof errorClass, 'function', `${code} names ${entry.class}, which is not exported`)
    assert.ok(
      errorClass === errors.KafkaError || Object.getPrototypeOf(errorClass) === errors.KafkaError,
      `${entry.class} does not extend KafkaError`,
    )
  }
})

test('every exported class has a code of its own that it takes when none is given', () => {
  for (const [name, exported] of classes) {
    if (typeof exported !== 'function' || !name.endsWith('Error')) continue
    const error = new (exported as typeof errors.KafkaError)('not connected')
    assert.equal(error.name, name)
    // KafkaError itself is a parent: an error without a better class and code is a defect.
    if (exported !== errors.KafkaError) assert.equal(ERROR_CODES[error.code].class, name)
  }
})

test('the native side gets the class that the table names for its code', () => {
  for (const [code, entry] of Object.entries(ERROR_CODES)) {
    const error = errors.fromNative({ code, message: 'm', retriable: entry.retriable, fatal: entry.fatal })
    assert.equal(error.code, code)
    assert.equal(error.name, entry.class)
  }
})

test('the type of codes lists the codes of the table, in the source and in the published types', () => {
  const files = ['lib/error-codes.ts', 'index.d.ts'].filter((path) => existsSync(join(ROOT, path)))
  for (const path of files) {
    const type = /type NaradErrorCode =([^;\n]*(?:\n\s*\|[^;\n]*)*)/.exec(read(path))
    assert.ok(type, `${path} has no type NaradErrorCode`)
    assert.deepEqual(codesIn(type[0], /NARAD_[A-Z_]+/g), CODES, path)
  }
})

test('docs/errors.md has a section for each code and is what the table says', async () => {
  const docs = read('docs/errors.md')
  assert.deepEqual(codesIn(docs, /(?<=^## )NARAD_[A-Z_]+$/gm), CODES)
  const script = join(ROOT, 'scripts', 'generate-errors-doc.mjs')
  await promisify(execFile)(process.execPath, ['--import', 'tsx', script, '--check'], { cwd: ROOT })
})

test('every code says what it means and what to do, in sentences', () => {
  for (const [code, { meaning, remedy, retriable, fatal }] of Object.entries(ERROR_CODES)) {
    assert.match(meaning, /^[A-Z`].*\.$/, code)
    assert.match(remedy, /^[A-Z`].*\.$/, code)
    assert.ok(!(retriable && fatal), `${code} cannot be both retriable and fatal`)
  }
})

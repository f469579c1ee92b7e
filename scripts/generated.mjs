// @ts-check
// Files that tools make and that are committed, so that a review shows what changed for users.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './paths.mjs'

/**
 * Writes a file in one step: who reads it meanwhile sees the old one or the new one.
 * @param {string} path relative to the repository's root
 * @param {string | Uint8Array} content
 */
export function writeWhole(path, content) {
  const file = join(ROOT, path)
  mkdirSync(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}.tmp`
  writeFileSync(partial, content)
  renameSync(partial, file)
}

/**
 * Whether a committed file holds what would be generated now; says the first line that differs.
 * @param {string} path relative to the repository's root
 * @param {string} generated
 */
export function isUpToDate(path, generated) {
  const file = join(ROOT, path)
  if (!existsSync(file)) {
    console.log(`${path} is missing`)
    return false
  }
  const [is, should] = [readFileSync(file, 'utf8').split('\n'), generated.split('\n')]
  const line = should.findIndex((text, index) => text !== is[index])
  if (line === -1 && is.length === should.length) return true
  const at = line === -1 ? should.length : line
  console.log(`${path}:${at + 1} is out of date`)
  console.log(`  committed: ${is[at] ?? '(end of file)'}`)
  console.log(`  generated: ${should[at] ?? '(end of file)'}`)
  return false
}

/**
 * What every generator does with its result: writes it, or with --check compares it and sets the exit code.
 * @param {Readonly<Record<string, string>>} files path relative to the repository's root → text
 */
export function writeOrCheck(files) {
  if (!process.argv.includes('--check')) {
    for (const [path, text] of Object.entries(files)) writeWhole(path, text)
    return
  }
  const current = Object.entries(files).map(([path, text]) => isUpToDate(path, text))
  if (current.includes(false)) {
    console.log('run `npm run generate` and commit what it changes')
    process.exitCode = 1
  }
}

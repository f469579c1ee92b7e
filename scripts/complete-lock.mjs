// @ts-check
// npm leaves another platform's package out of package-lock.json where the registry that it asked does not have it,
// and then `npm ci` refuses the file, on every platform. This adds what is missing: the version is the one that the
// dependent pins, the platform is in the name. Run it after `npm install` has changed the lock file.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './paths.mjs'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

const file = join(ROOT, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))

/** @typedef {{ version?: string, optionalDependencies?: Record<string, string>, dev?: boolean, optional?: boolean }} Locked */

/** @type {Record<string, Locked>} */
const packages = lock.packages
for (const { optionalDependencies = {}, dev } of Object.values(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`
    if (packages[path] !== undefined) continue
    packages[path] = { version, ...platformOf(name), ...(dev && { dev }), optional: true }
    console.log(`added ${name}`)
  }
}
const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(sorted)
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)

/** @param {string} name such as `@scope/tool-linux-arm64-musl` */
function platformOf(name) {
  const words = name.split(/[/-]/)
  // linux-arm-gnueabihf is arm; wasm32-wasi has no system.
  const cpu = words.find((word) => PROCESSORS.includes(word))
  const os = words.find((word) => SYSTEMS.includes(word))
  if (cpu === undefined) throw new Error(`which platform is ${name} for?`)
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return { ...(os === 'linux' && { libc: [libc] }), cpu: [cpu], ...(os !== undefined && { os: [os] }) }
}

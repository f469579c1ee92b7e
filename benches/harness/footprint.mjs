// What a package costs before it does anything: the time of its import, the size of its native file.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { IMPORT_ROW } from '../rows/index.mjs'
import { benchesFolder, node24, rootFolder } from './peers.mjs'
import { spread } from './stats.mjs'

const IMPORTS = 15
const script = `const startMs = performance.now()
await import(process.argv[1])
process.stdout.write(String(performance.now() - startMs))`

/** @param {import('../clients/index.mjs').Client[]} clients */
export function measureFootprint(clients) {
  const packages = clients.filter((client) => client.package !== undefined && !client.without?.includes('import'))
  const times = new Map(packages.map((client) => [client.name, []]))
  const failures = new Map()
  for (let round = 0; round < IMPORTS; round += 1) {
    for (const client of packages) {
      if (failures.has(client.name)) continue
      const { milliseconds, errors } = importOnce(client)
      if (errors === undefined) {
        times.get(client.name).push(milliseconds)
      } else {
        process.stderr.write(`import '${client.package}' failed:\n${errors}\n`)
        failures.set(client.name, 'the import fails')
      }
    }
  }
  return packages.map((client) => ({
    row: IMPORT_ROW,
    client: client.name,
    ...(failures.has(client.name)
      ? { failure: failures.get(client.name) }
      : { importMs: spread(times.get(client.name)), addonBytes: addonBytes(client) }),
  }))
}

function importOnce(client) {
  const child = spawnSync(
    client.node === 'node24' ? node24() : process.execPath,
    ['--input-type=module', '-e', script, client.package],
    // the folder decides which package a name means: narad's own root resolves `narad`
    { cwd: client.name === 'narad' ? rootFolder : benchesFolder, encoding: 'utf8' },
  )
  return child.status === 0 ? { milliseconds: Number(child.stdout) } : { errors: child.stderr }
}

function addonBytes(client) {
  const folders =
    client.name === 'narad'
      ? [join(rootFolder, 'native')]
      : readdirSync(join(benchesFolder, 'node_modules'))
          .filter((name) => name.startsWith(`${client.package}-`))
          .map((name) => join(benchesFolder, 'node_modules', name))
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  const addon = files.find((file) => file.endsWith('.node'))
  return addon === undefined ? undefined : statSync(addon).size
}

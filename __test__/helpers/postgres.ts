// PostgreSQL for tests: Debian's package, a cluster of its own in a temporary directory, reached by a socket there.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipIf } from './requirement.ts'
import type { Scope } from './scope.ts'
import { waitFor } from './wait.ts'

const DEBIAN = '/usr/lib/postgresql'

/** For the `skip` option of a test. */
export function postgresSkip(): string | false {
  return skipIf(binFolder() === undefined ? 'there is no PostgreSQL: apt-get install postgresql' : undefined)
}

/** Starts a server that ends with the scope, and gives its URL. */
export async function startPostgres(scope: Scope): Promise<string> {
  const bin = binFolder()
  if (bin === undefined) throw new Error('there is no PostgreSQL')
  const folder = mkdtempSync(join(tmpdir(), 'narad-postgres-'))
  const owner = process.getuid?.() === 0 ? owners() : undefined
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  let server: ChildProcess | undefined
  scope.after(async () => {
    if (server?.exitCode === null) {
      server.kill('SIGQUIT')
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const data = join(folder, 'data')
  const initialize = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
  execFileSync(join(bin, 'initdb'), initialize, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  // a process that is killed must lose nothing: its server is not
  const settings = ['-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'full_page_writes=off']
  server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, ...settings], {
    ...{ ...owner, cwd: folder, stdio: 'ignore' },
  })
  const isReady = () => {
    try {
      execFileSync(join(bin, 'pg_isready'), ['-q', '-h', folder], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
  await waitFor(isReady, { what: 'PostgreSQL', timeoutMs: 30_000, intervalMs: 50 })
  return `postgresql://postgres@/postgres?host=${encodeURIComponent(folder)}`
}

function binFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

/** PostgreSQL refuses to run as root: the package makes a user for it. */
function owners(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

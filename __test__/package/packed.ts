// The package as a user gets it: packed by npm and installed from the tarball into an empty folder.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export const ROOT = resolve(__dirname, '..', '..')

export interface Installed {
  /** The user's project. */
  readonly project: string
  /** `narad` in its node_modules. */
  readonly folder: string
  readonly tarball: string
  /** Paths in the tarball. */
  readonly files: readonly string[]
  remove(): Promise<void>
}

/** Needs no network: the package has no dependencies to fetch. */
export async function installPacked(): Promise<Installed> {
  const project = await mkdtemp(join(tmpdir(), 'narad-user-'))
  const packed = await npm(ROOT, ['pack', '--json', '--ignore-scripts', '--pack-destination', project])
  const { filename, files } = packedFile(JSON.parse(packed))
  const tarball = join(project, filename)
  await writeFile(join(project, 'package.json'), '{ "name": "user", "private": true }\n')
  await npm(project, ['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock', tarball])
  // Every TypeScript project for Node has these; linked, so that the test needs no network.
  await mkdir(join(project, 'node_modules', '@types'), { recursive: true })
  await symlink(join(ROOT, 'node_modules', '@types', 'node'), join(project, 'node_modules', '@types', 'node'))
  return {
    project,
    folder: join(project, 'node_modules', 'narad'),
    tarball,
    files,
    remove: () => rm(project, { recursive: true, force: true }),
  }
}

/** Runs Node in the user's project and gives what it printed. Rejects when it fails. */
export async function node(project: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, args, { cwd: project, env: userEnvironment() })
  return stdout.trim()
}

async function npm(cwd: string, args: string[]): Promise<string> {
  const { stdout } = await execute('npm', args, { cwd, env: userEnvironment() })
  return stdout
}

/** Without what npm and the test runner set for their own children. */
function userEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^npm_|^NODE_/.test(name))
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}

function packedFile(output: unknown): { filename: string; files: string[] } {
  // npm 11 prints a list, npm 12 an object by package name.
  const [entry] = Object.values(output as Record<string, { filename: string; files: Array<{ path: string }> }>)
  if (!entry) throw new Error('npm pack named no tarball')
  return { filename: entry.filename, files: entry.files.map(({ path }) => path) }
}

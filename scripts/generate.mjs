// @ts-check
// Runs every generate-*.mjs beside it; --check is passed on, and then also compares native/.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { ROOT } from './paths.mjs'

const FOLDER = join(ROOT, 'scripts')

const check = process.argv.includes('--check')
const scripts = readdirSync(FOLDER).filter((name) => /^generate-.*\.mjs$/.test(name))
if (check) scripts.push('build-native.mjs')
for (const name of scripts.sort()) {
  console.log(`${check ? 'checking' : 'running'} ${name}`)
  const { ok } = await run(process.execPath, ['--import', 'tsx', join(FOLDER, name), ...(check ? ['--check'] : [])])
  if (!ok) process.exitCode = 1
}

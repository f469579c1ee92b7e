// @ts-check
// Builds the addon, its generated loader and its types into native/. With --check it builds elsewhere, and fails
// where the committed loader or types differ from what the Rust sources give.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './child.mjs'
import { isUpToDate } from './generated.mjs'
import { ROOT } from './paths.mjs'

const LOADER = 'index.cjs'
const TYPES = 'index.d.ts'

/** @param {string} outputDir */
async function build(outputDir) {
  const napi = join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js')
  const files = ['--output-dir', outputDir, '--js', LOADER, '--dts', TYPES]
  // Without --lib cargo builds the benchmark binaries as well.
  const { ok } = await run(process.execPath, [napi, 'build', '--platform', '--release', ...files, '--', '--lib'])
  return ok
}

async function check() {
  const outputDir = mkdtempSync(join(tmpdir(), 'narad-native-'))
  try {
    if (!(await build(outputDir))) return false
    const current = [LOADER, TYPES].map((name) =>
      isUpToDate(`native/${name}`, readFileSync(join(outputDir, name), 'utf8')),
    )
    if (!current.includes(false)) return true
    console.log('run `npm run build:native` and commit what it changes in native/')
    return false
  } finally {
    rmSync(outputDir, { recursive: true, force: true })
  }
}

const ok = process.argv.includes('--check') ? await check() : await build(join(ROOT, 'native'))
if (!ok) process.exitCode = 1

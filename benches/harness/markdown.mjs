import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from './peers.mjs'

const file = join(rootFolder, 'docs', 'benchmarks.md')

/**
 * Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` in docs/benchmarks.md.
 * @param {Record<string, string>} blocks
 */
export function writeBlocks(blocks) {
  let text = readFileSync(file, 'utf8')
  for (const [name, block] of Object.entries(blocks)) {
    const start = `<!-- bench:${name} -->`
    const end = `<!-- /bench:${name} -->`
    const from = text.indexOf(start)
    const to = text.indexOf(end)
    if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no ${start} … ${end}`)
    text = `${text.slice(0, from + start.length)}\n${block}\n${text.slice(to)}`
  }
  writeFileSync(file, text)
}

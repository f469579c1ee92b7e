import { writeFileSync } from 'node:fs'
import { environment, environmentText } from './environment.mjs'
import { writeBlocks } from './markdown.mjs'
import { parseOptions, usage } from './options.mjs'
import { blocks, clientsTable, runLine } from './report.mjs'
import { runSuite } from './suite.mjs'

/** @param {string[]} argv @returns {Promise<number>} the exit code */
export async function main(argv) {
  let options
  try {
    options = parseOptions(argv)
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}\n`)
    return 2
  }
  if (options.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const { runs, summary, kafkaVersion } = await runSuite(options, (run) => {
    process.stderr.write(`${runLine(run)}\n`)
  })
  const env = environment(options, kafkaVersion, argv)
  const tables = { ...blocks(summary), environment: environmentText(env) }
  process.stdout.write(`${Object.values(tables).join('\n\n')}\n`)
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ environment: env, summary, runs }, null, 2)}\n`)
  if (options.markdown) writeBlocks({ ...tables, clients: clientsTable() })
  const lingers = runs.some((run) => isCounted(run, options) && run.endedByItself === false)
  return lingers || summary.some((cell) => isCounted(cell, options) && cell.failure !== undefined) ? 1 : 0
}

/** A peer that gives no result is a finding, unless the question is whether the suite itself works. */
function isCounted({ client }, { smoke }) {
  return smoke || client === 'narad'
}

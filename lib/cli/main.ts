// The command `narad`. It uses what a user can use, and is bundled apart: nobody who imports the package loads it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { addBroker } from './broker.ts'
import { addCluster } from './cluster.ts'
import { addCompletion } from './completion.ts'
import { addConsume } from './consume.ts'
import { addDlq } from './dlq.ts'
import { addDoctor } from './doctor.ts'
import { type Asked, EXIT, exitCodeOf, tellError } from './exit.ts'
import { addGroups } from './groups.ts'
import { addHealth } from './health.ts'
import { addLag } from './lag.ts'
import { addProduce } from './produce.ts'
import { addReplay } from './replay.ts'
import { addRun } from './run.ts'
import { addTopics } from './topics.ts'
import { addWhy } from './why.ts'

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }

const program = new Command('narad')
  .description('Kafka for Node services: send, handle and look at records')
  .version(version)
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: true })
  .addHelpText(
    'after',
    `\nExit codes: ${Object.entries(EXIT)
      .map(([name, code]) => `${code} ${name}`)
      .join(', ')}.`,
  )
  .exitOverride()
const COMMANDS = [
  ...[addProduce, addConsume, addRun, addReplay, addDlq],
  ...[addTopics, addGroups, addCluster, addLag, addWhy],
  ...[addDoctor, addHealth, addBroker, addCompletion],
]
for (const add of COMMANDS) add(program)
const throwing = (command: Command) => {
  command.exitOverride()
  command.commands.forEach(throwing)
}
program.commands.forEach(throwing)

// Who reads the output may go away, as `head` does. A command for which that is not the end listens as well.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (process.stdout.listenerCount('error') === 1) process.exit(EXIT.done)
})

let asked: Asked | undefined
program.hook('preAction', (_, action) => {
  const parent = action.parent === program ? action : action.parent
  const { brokers, into, verbose } = action.opts<{ brokers?: string; into?: string; verbose?: boolean }>()
  asked = { command: parent?.name() ?? '', brokers, into, verbose }
})

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // it has said what is wrong; asking for help or the version is not
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    return
  }
  tellError(error, asked)
  process.exitCode = exitCodeOf(error)
})

import type { Command } from 'commander'
import { type ConnectionFlags, gather, openService, withConnection } from './connection.ts'
import { UsageError } from './exit.ts'
import { type HandleFlags, handleUntilSignal } from './handle.ts'
import { loadHandlers } from './handlers-file.ts'
import { gatherNumbers, wholeNumber } from './numbers.ts'
import { START_FORMS } from './start-offset.ts'
import { type ViewFlags, view } from './view.ts'

interface HandlersFlags extends ConnectionFlags, HandleFlags {
  handlers: string
}

/** Options that are for one way to consume alone. */
const VIEW_OPTIONS = ['topic', 'offset', 'partition', 'number', 'exit', 'format', 'json', 'key', 'header', 'value']
const HANDLE_OPTIONS = ['concurrency', 'quiet']

export function addConsume(program: Command): void {
  withConnection(program.command('consume').description('show records, or hand them to the functions of a file'))
    .option('-t, --topic <topic>', 'show the records of a topic; may be repeated', gather)
    .option('-o, --offset <where>', `${START_FORMS}; default: end, with --exit beginning`)
    .option('-p, --partition <number>', 'a partition; may be repeated (default: all)', gatherNumbers)
    .option('-n, --number <records>', 'end after so many records', wholeNumber)
    .option('-e, --exit', 'end where the topic ends now')
    .option('-f, --format <format>', "as kcat's: %s %k %h %t %p %o %T and \\n (default: %s\\n)")
    .option('--json', 'lines that narad produce --json takes')
    .option('-k, --key <text>', 'only records of this key; /…/ is a regular expression')
    .option('-H, --header <name[=value]>', 'only those with this header; may be repeated', gather)
    .option('--value <text>', 'only those whose value holds this')
    .option('--handlers <file>', "a module: export default { 'user.created': (message, context) => … }")
    .option('-g, --group <name>', 'the consumer group; handlers need one (default for them: KAFKA_CONSUMER_GROUP)')
    .option('--from-beginning', 'as -o beginning; for a group, where it is new')
    .option('--concurrency <number>', 'handlers that run side by side (default: 16)', wholeNumber)
    .option('-q, --quiet', 'do not log the values of records that are handled')
    .addHelpText(
      'after',
      `
Without --group nothing is committed, and no group sees it. Runs until SIGTERM or SIGINT.

  narad consume -t orders -o -10 -e                                        the last ten of each partition
  narad consume -t orders -o beginning -e --json | narad produce -t copy --json
  narad consume --handlers handlers.mjs --group mailing                    retries, dead letters, commits`,
    )
    .action(consume)
}

async function consume(flags: ViewFlags & Partial<HandlersFlags>, command: Command): Promise<void> {
  const { handlers } = flags
  const foreign = handlers === undefined ? HANDLE_OPTIONS : VIEW_OPTIONS
  const wrong = foreign.find((name) => command.getOptionValue(name) !== undefined)
  if (wrong !== undefined) {
    throw new UsageError(`--${wrong} goes only ${handlers === undefined ? 'with' : 'without'} --handlers`)
  }
  if (handlers === undefined) return view(flags)
  const service = await openService(flags)
  return handleUntilSignal(service, await loadHandlers(handlers), flags)
}

import type { Command } from 'commander'
import { type ConnectionFlags, openService, withConnection } from './connection.ts'
import { handle } from './handle.ts'
import { loadHandlers } from './handlers-file.ts'
import { wholeNumber } from './numbers.ts'
import { untilSignal } from './until-signal.ts'

interface ConsumeFlags extends ConnectionFlags {
  handlers: string
  group?: string
  fromBeginning?: boolean
  concurrency?: number
  quiet?: boolean
}

export function addConsume(program: Command): void {
  withConnection(program.command('consume').description('hand the records of topics to the functions of a file'))
    .requiredOption('--handlers <file>', "a module: export default { 'user.created': (message, context) => … }")
    .option('-g, --group <name>', 'the consumer group (default: KAFKA_CONSUMER_GROUP)')
    .option('--from-beginning', 'a group that is new begins with the first record (default: KAFKA_AUTO_OFFSET_RESET)')
    .option('--concurrency <number>', 'handlers that run side by side (default: 16)', wholeNumber)
    .option('-q, --quiet', 'do not log the values of records')
    .addHelpText('after', '\nRuns until SIGTERM or SIGINT, then ends what runs, commits and leaves the group.')
    .action(consume)
}

async function consume(flags: ConsumeFlags): Promise<void> {
  const service = await openService(flags)
  const handlers = await loadHandlers(flags.handlers)
  const ended = untilSignal(() => service.disconnect())
  try {
    await handle(service, handlers, {
      group: flags.group,
      fromBeginning: flags.fromBeginning,
      concurrency: flags.concurrency,
      isQuiet: flags.quiet ?? false,
    })
  } catch (error) {
    await service.disconnect()
    throw error
  }
  await ended
}

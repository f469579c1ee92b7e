import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Command } from 'commander'
import { type ConnectionFlags, openService, withConnection } from './connection.ts'
import { EXIT } from './exit.ts'
import { type HandleFlags, handleUntilSignal } from './handle.ts'
import { loadHandlers } from './handlers-file.ts'
import { wholeNumber } from './numbers.ts'
import { HEALTH_PORT, openPorts, type PortFlags } from './ports.ts'

interface RunFlags extends ConnectionFlags, PortFlags, HandleFlags {
  watch?: boolean
}

export function addRun(program: Command): void {
  withConnection(
    program.command('run').description('run the functions of a file as a service, with health and metrics'),
  )
    .argument('<handlers>', "a module: export default { 'user.created': (message, context) => … }")
    .option('-g, --group <name>', 'the consumer group (default: KAFKA_CONSUMER_GROUP)')
    .option(
      '--health-port <number>',
      'where /health/live, /health/ready and /health/kafka answer, 0 for nowhere',
      wholeNumber,
      HEALTH_PORT,
    )
    .option('--metrics-port <number>', 'where /metrics answers Prometheus (default: the health port)', wholeNumber)
    .option('--from-beginning', 'a group that is new begins with the first record (default: KAFKA_AUTO_OFFSET_RESET)')
    .option('--concurrency <number>', 'handlers that run side by side (default: 16)', wholeNumber)
    .option('-q, --quiet', 'do not log the values of records')
    .option('--watch', 'begin anew when the file, or a file that it imports, changes')
    .addHelpText('after', '\nRuns until SIGTERM or SIGINT, then ends what runs, commits and leaves the group.')
    .action((file: string, flags: RunFlags) => (flags.watch ? watch() : run(file, flags)))
}

async function run(file: string, flags: RunFlags): Promise<void> {
  const service = await openService(flags)
  const handlers = await loadHandlers(file)
  // before it connects: who asks meanwhile is told that it is not ready
  const closePorts = await openPorts(service, flags)
  try {
    await handleUntilSignal(service, handlers, flags)
  } finally {
    closePorts()
  }
}

/** Node watches what the command imports, and lets it end by SIGTERM before it begins anew. */
async function watch(): Promise<void> {
  const [, script = '', ...args] = process.argv
  const again = [
    '--watch',
    '--watch-preserve-output',
    '--no-warnings',
    script,
    ...args.filter((one) => one !== '--watch'),
  ]
  // A terminal signals all of its group. What is handed on is to be the only one: a second says not to wait.
  const child = spawn(process.execPath, again, { stdio: 'inherit', detached: true })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal))
  // of a terminal that was closed, which Node's watcher would not hand on
  process.on('SIGHUP', () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'exit')) as [code: number | null]
  process.exitCode = code ?? EXIT.failed
}

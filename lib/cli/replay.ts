import type { Command } from 'commander'
import type { KafkaService, PartitionOffsets, ReplayOptions, ReplayProgress, SeekTarget } from '../index.ts'
import { type ConnectionFlags, gather, withConnection, withService } from './connection.ts'
import { EXIT, UsageError } from './exit.ts'
import { loadHandlers } from './handlers-file.ts'
import { wholeNumber } from './numbers.ts'
import { counted, jsonLine, type OutputFlags, tellPlanOnly, withExecute, withOutput } from './output.ts'
import { progressBar, showProgress } from './progress.ts'
import { type FilterFlags, recordFilter } from './record-filter.ts'
import { START_FORMS, startOffset } from './start-offset.ts'
import { stopSignal } from './until-signal.ts'

interface ReplayFlags extends ConnectionFlags, FilterFlags, OutputFlags {
  into?: string
  handlers?: string
  from: string
  to: string
  rate?: number
  execute?: boolean
}

export function addReplay(program: Command): void {
  const replay = program.command('replay').description('records of a topic again, into another topic or to a handler')
  withExecute(withOutput(withConnection(replay)))
    .argument('<topic>', 'the topic')
    .option('--into <topic>', 'send them there, as they are, with the header x-replayed-from')
    .option('--handlers <file>', "or call the topic's function of a handlers file, as for narad consume")
    .option('--from <where>', `${START_FORMS}; or offsets by partition, as 0:120,1:98`, 'beginning')
    .option('--to <where>', 'before which place it ends, in the same forms', 'end')
    .option('--rate <number>', 'records a second, at most (default: no limit)', wholeNumber)
    .option('-k, --key <text>', 'only records of this key; /…/ is a regular expression')
    .option('-H, --header <name[=value]>', 'only those with this header; may be repeated', gather)
    .option('--value <text>', 'only those whose value holds this')
    .addHelpText(
      'after',
      `
No group takes part, and nothing is committed. Without --execute the records are read and counted.

  narad replay orders --into orders.again --from 2026-01-31 --rate 500
  narad replay orders --handlers rebuild.mjs --key order-1 --execute`,
    )
    .action(replayTopic)
}

async function replayTopic(topic: string, flags: ReplayFlags): Promise<void> {
  const { into, handlers, execute = false } = flags
  if ((into === undefined) === (handlers === undefined)) throw new UsageError('replay needs --into or --handlers')
  if (flags.rate === 0) throw new UsageError('--rate must be at least 1')
  const target = into ?? (await handlerOf(topic, handlers as string))
  const fits = recordFilter(flags)
  const isFiltered = [flags.key, flags.header, flags.value].some((given) => given !== undefined)
  const options: ReplayOptions = {
    topic,
    from: placeOf(flags.from, '--from'),
    to: placeOf(flags.to, '--to'),
    into: execute ? target : () => {},
    ...(isFiltered && { filter: (_, context) => fits(context) }),
    // a handler gets values as they are meant, and nobody else needs them
    ...((into !== undefined || !execute) && { codec: 'buffer' }),
    ...(execute && flags.rate !== undefined && { rate: flags.rate }),
  }
  await withService(flags, async (service) => {
    // for its error: a name that is mistyped may become a topic
    if (into !== undefined) await service.admin.topics.describe(into)
    await service.connectProducer()
    const { isComplete, ...report } = await withProgress(service, options)
    const where = into ?? `the handler of ${handlers}`
    const { replayed, filtered, undecodable } = report
    const told = [
      `${topic}: ${counted(replayed, 'record')} ${execute ? 'replayed' : 'to replay'} into ${where}`,
      ...(filtered > 0 ? [`  ${filtered} not among those that were asked for`] : []),
      ...(undecodable > 0 ? [`  ${undecodable} left, because they cannot be decoded`] : []),
    ]
    const line = flags.output === 'json' ? jsonLine({ topic, into: where, execute, isComplete, ...report }) : told
    process.stdout.write(`${[line].flat().join('\n')}\n`)
    if (!isComplete) {
      process.stderr.write(`narad: ended before its end; go on with --from ${placesText(report)}\n`)
      process.exitCode = EXIT.failed
    } else if (!execute) tellPlanOnly()
  })
}

async function handlerOf(topic: string, file: string): Promise<ReplayOptions['into']> {
  const handler = (await loadHandlers(file)).get(topic)
  if (handler !== undefined) return handler
  throw new UsageError(`${file} has no function for ${topic}`)
}

function placeOf(text: string, option: string): SeekTarget | PartitionOffsets {
  if (!/^\d+:\d+(,\d+:\d+)*$/.test(text)) return startOffset(text, option)
  return Object.fromEntries(text.split(',').map((one) => one.split(':').map(Number) as [number, number]))
}

function placesText({ positions }: ReplayProgress): string {
  return Object.entries(positions)
    .map(([partition, offset]) => `${partition}:${offset}`)
    .join(',')
}

async function withProgress(service: KafkaService, options: ReplayOptions) {
  let shown: Pick<ReplayProgress, 'read' | 'total'> = { read: 0, total: 0 }
  const hide = showProgress(
    () => `narad: ${progressBar(shown.read, shown.total)}  ${shown.read} of ${shown.total} records`,
  )
  const onProgress = (progress: ReplayProgress) => {
    shown = progress
  }
  try {
    return await service.replay({ ...options, onProgress, signal: stopSignal() })
  } finally {
    hide()
  }
}

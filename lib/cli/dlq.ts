import { type Command, InvalidArgumentError } from 'commander'
import { escapeControls } from '../escape.ts'
import type { LetterPark, LetterReplay, ReplayInto } from '../index.ts'
import { type ConnectionFlags, withConnection, withService } from './connection.ts'
import { type LetterFlags, letterFilterOf, timeOf, withLetterFilter } from './dlq-filter.ts'
import { type ShowFlags, show, tellForeign } from './dlq-show.ts'
import { EXIT, UsageError } from './exit.ts'
import { wholeNumber } from './numbers.ts'
import { counted, jsonLine, type OutputFlags, printRows, tellPlanOnly, withExecute, withOutput } from './output.ts'
import { progressBar, showProgress } from './progress.ts'
import { stopSignal } from './until-signal.ts'

interface ListFlags extends ConnectionFlags, LetterFlags, OutputFlags {
  settled?: boolean
}

interface ReplayFlags extends ConnectionFlags, LetterFlags, OutputFlags {
  into?: string
  intoSource?: boolean
  rate?: number
  maxReplays?: number
  execute?: boolean
}

interface PurgeFlags extends ConnectionFlags, OutputFlags {
  before?: string
  open?: boolean
  execute?: boolean
}

/** How much of a topic was read. */
interface ReadProgress {
  readonly read: number
  readonly total: number
}

export function addDlq(program: Command): void {
  const dlq = program.command('dlq').description('look through dead letters, and bring them back')
  withOutput(withConnection(dlq.command('list').description('topics of dead letters, and how many there are'))).action(
    list,
  )
  withLetterFilter(withOutput(withConnection(dlq.command('stats').description('letters by what they failed with'))))
    .argument('<topic>', 'a topic of dead letters')
    .option('--settled', 'also those that were replayed or parked')
    .action(stats)
  withLetterFilter(withOutput(withConnection(dlq.command('show').description('letters, or one of them in full'))))
    .argument('<topic>', 'a topic of dead letters')
    .argument('[letter]', 'partition and offset of a letter, such as 0/42; without it they are listed')
    .option('-n, --number <letters>', 'list so many', wholeNumber, 20)
    .option('--settled', 'also those that were replayed or parked')
    .option('--as-test', 'print a test for Jest that reproduces the letter, the first one where none is named')
    .option('--handlers <file>', 'of the test: a handlers file, as for narad consume')
    .action((topic: string, letter: string | undefined, flags: ShowFlags) => show(topic, letter, flags))
  const replay = dlq.command('replay').description('send the records of letters again, for their group alone')
  withExecute(withLetterFilter(withOutput(withConnection(replay))))
    .argument('<topic>', 'a topic of dead letters')
    .option('--into <topic>', 'a topic to send them to, instead of the retry topic of their group')
    .option('--into-source', 'to where they come from: all groups of that topic see them again')
    .option('--rate <number>', 'records a second, at most (default: no limit)', atLeastOne)
    .option('--max-replays <number>', 'leave records that were replayed so often (default: 3)', atLeastOne)
    .addHelpText('after', '\nMay be ended and called again: it goes on with the letters that are left.')
    .action(replayLetters)
  const park = dlq.command('park').description('set letters aside, in a topic that keeps them')
  withExecute(withLetterFilter(withOutput(withConnection(park))))
    .argument('<topic>', 'a topic of dead letters')
    .action(parkLetters)
  const purge = dlq.command('purge').description('delete letters that were replayed or parked, for good')
  withExecute(withOutput(withConnection(purge)))
    .argument('<topic>', 'a topic of dead letters')
    .option('--before <time>', 'only those that were written before this time, such as 2026-01-31T10:00:00Z')
    .option('--open', 'those that are open as well')
    .addHelpText('after', '\nDeletes from the beginning of each partition up to the first letter that is kept.')
    .action(purgeLetters)
}

async function list(flags: ListFlags): Promise<void> {
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    printRows(flags, await deadLetterDesk(service).list(), {
      TOPIC: ({ topic }) => topic,
      PARTITIONS: ({ partitions }) => partitions,
      LETTERS: ({ letters }) => letters,
      SETTLED: ({ settled }) => settled,
      OPEN: ({ letters, settled }) => letters - settled,
    })
  })
}

async function stats(topic: string, flags: ListFlags): Promise<void> {
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    const options = { filter: letterFilterOf(flags), settled: flags.settled ?? false }
    const desk = deadLetterDesk(service)
    const rows = await desk.stats(topic, options)
    if (rows.length === 0) await tellForeign(desk, topic)
    printRows(flags, rows, {
      FINGERPRINT: ({ fingerprint }) => fingerprint.id,
      LETTERS: ({ letters }) => letters,
      ERROR: ({ fingerprint }) => fingerprint.name,
      'TOP FRAME': ({ fingerprint }) => fingerprint.frame ?? '',
      TYPE: ({ fingerprint }) => fingerprint.type ?? '',
      FIRST: ({ first }) => new Date(first).toISOString(),
      LAST: ({ last }) => new Date(last).toISOString(),
      EXAMPLE: ({ place }) => place,
    })
  })
}

async function replayLetters(topic: string, flags: ReplayFlags): Promise<void> {
  if (flags.into !== undefined && flags.intoSource) throw new UsageError('give --into or --into-source')
  const into: ReplayInto | undefined =
    flags.into !== undefined ? { topic: flags.into } : flags.intoSource ? 'source' : undefined
  const options = {
    filter: letterFilterOf(flags),
    ...(into !== undefined && { into }),
    ...(flags.maxReplays !== undefined && { maxReplays: flags.maxReplays }),
  }
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    const desk = deadLetterDesk(service)
    // for its error: a name that is mistyped may become a topic
    if (flags.into !== undefined) await service.admin.topics.describe(flags.into)
    if (!flags.execute) {
      const plan = await withProgress((onProgress) => desk.plan(topic, { ...options, onProgress }))
      tellReplay(topic, plan, flags, 'to replay')
      return tellPlanOnly()
    }
    const { rate } = flags
    const signal = stopSignal()
    const report = await withProgress((onProgress) =>
      desk.replay(topic, { ...options, ...(rate !== undefined && { rate }), onProgress, signal }),
    )
    tellReplay(topic, report, flags, 'replayed')
    tellWhetherComplete(report)
    if (report.withoutTarget.length > 0) process.exitCode = EXIT.failed
  })
}

async function parkLetters(topic: string, flags: ReplayFlags): Promise<void> {
  const filter = letterFilterOf(flags)
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    const desk = deadLetterDesk(service)
    let park: LetterPark = { letters: 0, isComplete: true }
    if (flags.execute) {
      const signal = stopSignal()
      park = await withProgress((onProgress) => desk.park(topic, { filter, onProgress, signal }))
    } else for await (const _ of desk.letters(topic, { filter })) park.letters += 1
    const { letters } = park
    const into = `${topic}.parked`
    const text = `${topic}: ${counted(letters, 'letter')} ${flags.execute ? 'parked' : 'to park'} in ${into}`
    process.stdout.write(`${flags.output === 'json' ? jsonLine({ topic, ...park, into }) : text}\n`)
    if (!flags.execute) tellPlanOnly()
    tellWhetherComplete(park)
  })
}

async function purgeLetters(topic: string, flags: PurgeFlags): Promise<void> {
  const before = timeOf('--before', flags.before)
  await withService(flags, async (service) => {
    const { deadLetterDesk } = await import('../index.ts')
    const options = { ...(before && { before }), open: flags.open ?? false, dryRun: !flags.execute }
    const desk = deadLetterDesk(service)
    const purge = await withProgress((onProgress) => desk.purge(topic, { ...options, onProgress }))
    const what = `${counted(purge.letters, 'letter')} ${flags.execute ? 'deleted' : 'to delete'}`
    const text = `${topic}: ${what}${purge.open > 0 ? `, of which ${purge.open} ${flags.execute ? 'were' : 'are'} open` : ''}`
    process.stdout.write(`${flags.output === 'json' ? jsonLine({ topic, ...purge }) : text}\n`)
    if (!flags.execute) tellPlanOnly()
  })
}

/** Shows how far it has come. */
async function withProgress<Result>(
  work: (onProgress: (progress: ReadProgress) => void) => Promise<Result>,
): Promise<Result> {
  let shown: ReadProgress = { read: 0, total: 0 }
  const hide = showProgress(
    () => `narad: ${progressBar(shown.read, shown.total)}  ${shown.read} of ${shown.total} letters looked at`,
  )
  try {
    return await work((progress) => {
      shown = progress
    })
  } finally {
    hide()
  }
}

function tellReplay(topic: string, plan: LetterReplay, { output, maxReplays = 3 }: ReplayFlags, what: string): void {
  if (output === 'json') {
    process.stdout.write(`${jsonLine({ topic, ...plan })}\n`)
    return
  }
  const { into, repeats, settled, filtered, guarded, elsewhere, truncated, withoutTarget, foreign } = plan
  const lines: Array<[count: number, text: string]> = [
    ...Object.entries(into).map(([target, count]): [number, string] => [count, `${what} into ${target}`]),
    [repeats, 'of them perhaps once more: who replayed them before did not come to tell'],
    [settled, 'replayed or parked before'],
    [filtered, 'not among those that were asked for'],
    [guarded, `left: their records were replayed ${maxReplays} times, see --max-replays`],
    [elsewhere, 'left to another replay, which goes on at the same time'],
    [truncated, 'left: their values were too large, and are in the source topic if they are still there'],
    ...withoutTarget.map((one): [number, string] => [
      one.letters,
      `left: group ${one.group} has no retry topic for ${one.topic}; subscribe with "retry: { topics }", or give ` +
        '--into-source, where every group of the topic sees them again',
    ]),
    [foreign, 'no dead letters of narad'],
  ]
  const told = lines.filter(([count]) => count > 0)
  const width = Math.max(0, ...told.map(([count]) => String(count).length))
  const all = [
    `${topic}: ${counted(plan.letters, 'letter')}`,
    ...told.map(([count, text]) => `  ${String(count).padStart(width)} ${text}`),
  ]
  process.stdout.write(`${all.map(escapeControls).join('\n')}\n`)
  for (const { topic: retry, group } of plan.unread) {
    const why = `nobody reads ${retry} now: no member of group ${group} has it, so what is sent there waits for one`
    process.stderr.write(`narad: ${escapeControls(why)}\n`)
  }
}

function tellWhetherComplete({ isComplete }: Pick<LetterPark, 'isComplete'>): void {
  if (isComplete) return
  process.stderr.write('narad: ended before its end; call it again to go on\n')
  process.exitCode = EXIT.failed
}

function atLeastOne(text: string): number {
  const number = wholeNumber(text)
  if (number > 0) return number
  throw new InvalidArgumentError('It must be a whole number from 1.')
}

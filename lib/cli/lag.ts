import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { escapeControls } from '../escape.ts'
import type { KafkaService } from '../index.ts'
import { type ConnectionFlags, withConnection, withService } from './connection.ts'
import { duration, durationText } from './durations.ts'
import { EXIT, tellError } from './exit.ts'
import { look, type Seen } from './lag-look.ts'
import { isSettled, type Look, type Verdict, verdictOf, worst } from './lag-verdict.ts'
import { wholeNumber } from './numbers.ts'
import { type OutputFlags, printRows, withOutput } from './output.ts'
import { showProgress } from './progress.ts'
import { stopSignal } from './until-signal.ts'

interface LagFlags extends ConnectionFlags, OutputFlags {
  watch?: boolean
  partitions?: boolean
  failAbove?: number
  window?: number
  interval?: number
}

interface Row {
  group: string
  topic: string
  partition?: number
  partitions?: number
  lag: number | null
  lagMs: number | null
  verdict: Verdict
}

const WINDOW_MS = { once: 10_000, watch: 60_000 }
const INTERVAL_MS = { once: 1_000, watch: 5_000 }

export function addLag(program: Command): void {
  withOutput(withConnection(program.command('lag').description('how far behind groups are, and how they get on')))
    .argument('[groups...]', 'default: all')
    .option('--partitions', 'a row for each partition, and not for each topic')
    .option('-w, --watch', 'look again and again, until SIGINT')
    .option('--fail-above <records>', `end with ${EXIT.behind} where a group is further behind`, wholeNumber)
    .option('--window <duration>', 'what verdicts are of (default: 10s at most; watching, 60s)', duration)
    .option('--interval <duration>', 'from look to look (default: 1s; watching, 5s)', duration)
    .addHelpText(
      'after',
      `
Verdicts: ok, there was no lag or it goes down; slow, offsets are committed and the lag does not go down; stalled, there
are members and nothing is committed; stopped, there are no members; unknown, it takes a longer window.`,
    )
    .action(lag)
}

async function lag(groups: string[], flags: LagFlags): Promise<void> {
  await withService(flags, async (service) => {
    const signal = stopSignal()
    const looks = new Looks(flags.window ?? WINDOW_MS[flags.watch ? 'watch' : 'once'])
    if (flags.watch) await watch(service, groups, looks, flags, signal)
    else await lookOnce(service, groups, looks, flags, signal)
  })
}

/** Looks until every verdict is settled, or for the length of the window. */
async function lookOnce(
  service: KafkaService,
  groups: string[],
  looks: Looks,
  flags: LagFlags,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now()
  const hide = showProgress(() => `narad: looking for ${durationText(performance.now() - start)}`)
  try {
    for (;;) {
      looks.add(await look(service, groups, false))
      const left = start + looks.windowMs - performance.now()
      if (left <= 0 || looks.isSettled) break
      await pause(Math.min(left, flags.interval ?? INTERVAL_MS.once), signal)
      if (signal.aborted) break
    }
    // reading the times may take long, and the looks before would not be within the window any more
    const at = performance.now()
    const seen = await look(service, groups, true)
    if (looks.windowMs > 0) looks.add(seen, at)
    hide()
    tell(seen, looks, flags)
    failWhereBehind(seen, flags)
  } finally {
    hide()
  }
}

async function watch(
  service: KafkaService,
  groups: string[],
  looks: Looks,
  flags: LagFlags,
  signal: AbortSignal,
): Promise<void> {
  let isFirst = true
  while (!signal.aborted) {
    try {
      const seen = await look(service, groups, true)
      isFirst = false
      looks.add(seen)
      if (flags.output === 'table') process.stdout.write(process.stdout.isTTY ? '\x1b[H\x1b[J' : '\n')
      tell(seen, looks, flags)
      if (failWhereBehind(seen, flags)) return
    } catch (error) {
      // an outage passes; what fails from the beginning, as with a name that is mistyped, does not
      if (isFirst) throw error
      tellError(error)
    }
    await pause(flags.interval ?? INTERVAL_MS.watch, signal)
  }
}

/** What was seen within a window, by partition. */
class Looks {
  readonly windowMs: number
  #looks = new Map<string, Array<Look & { at: number }>>()

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  add(seen: readonly Seen[], at = performance.now()): void {
    // what is not there any more is forgotten
    const now = new Map<string, Array<Look & { at: number }>>()
    for (const one of seen) {
      const { committed, lag, isOwned } = one
      const earlier = (this.#looks.get(keyOf(one)) ?? []).filter((look) => look.at >= at - this.windowMs)
      now.set(keyOf(one), [...earlier, { at, committed, lag, isOwned }])
    }
    this.#looks = now
  }

  verdict(one: Seen): Verdict {
    return verdictOf(this.#looks.get(keyOf(one)) ?? [])
  }

  get isSettled(): boolean {
    return [...this.#looks.values()].every((looks) => looks.at(-1)?.lag === null || isSettled(verdictOf(looks)))
  }
}

function keyOf({ group, topic, partition }: Seen): string {
  return JSON.stringify([group, topic, partition])
}

function tell(seen: readonly Seen[], looks: Looks, flags: LagFlags): void {
  const rows = flags.partitions ? seen.map((one) => rowOf(one, looks)) : byTopic(seen, looks)
  const at = new Date().toISOString()
  const printed = flags.output === 'json' ? rows.map((row) => ({ at, ...row })) : rows
  printRows<Row>(flags, printed, {
    GROUP: ({ group }) => group,
    TOPIC: ({ topic }) => topic,
    ...(flags.partitions
      ? { PARTITION: ({ partition }: Row) => partition ?? '' }
      : { PARTITIONS: ({ partitions }: Row) => partitions ?? '' }),
    LAG: ({ lag }) => lag ?? '-',
    BEHIND: ({ lagMs }) => (lagMs === null ? '-' : durationText(lagMs)),
    VERDICT: ({ verdict }) => ({ text: verdict, colour: COLOURS[verdict] }),
  })
}

function rowOf(one: Seen, looks: Looks): Row {
  const { group, topic, partition, committed, end, lag, lagMs = null } = one
  const row = { group, topic, partition, committed, end, lag, lagMs, verdict: looks.verdict(one) }
  return row
}

/** Of a topic the sum of lags, the longest in time, and the worst verdict. */
function byTopic(seen: readonly Seen[], looks: Looks): Row[] {
  const topics = new Map<string, Seen[]>()
  for (const one of seen) {
    const key = JSON.stringify([one.group, one.topic])
    topics.set(key, [...(topics.get(key) ?? []), one])
  }
  return [...topics.values()].map((partitions) => {
    const { group, topic } = partitions[0] as Seen
    const known = partitions.filter(({ lag }) => lag !== null)
    const times = known.flatMap(({ lagMs }) => lagMs ?? [])
    return {
      group,
      topic,
      partitions: partitions.length,
      lag: known.length === 0 ? null : sum(known),
      lagMs: times.length === 0 ? null : Math.max(...times),
      verdict: worst(partitions.map((one) => looks.verdict(one))),
    }
  })
}

/** Says which groups are further behind than allowed; whether there are any. */
function failWhereBehind(seen: readonly Seen[], { failAbove }: LagFlags): boolean {
  if (failAbove === undefined) return false
  const groups = [...new Set(seen.map(({ group }) => group))]
  const behind = groups.map((group) => ({ group, lag: sum(seen.filter((one) => one.group === group)) }))
  const tooFar = behind.filter(({ lag }) => lag > failAbove)
  for (const { group, lag } of tooFar) {
    process.stderr.write(`narad: group ${escapeControls(group)} is ${lag} records behind, more than ${failAbove}\n`)
  }
  if (tooFar.length > 0) process.exitCode = EXIT.behind
  return tooFar.length > 0
}

function sum(partitions: readonly Seen[]): number {
  return partitions.reduce((all, { lag }) => all + (lag ?? 0), 0)
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => {})
}

const COLOURS: Partial<Record<Verdict, number>> = { ok: 32, slow: 33, stalled: 31, stopped: 31 }

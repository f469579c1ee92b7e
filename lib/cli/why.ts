import type { Command } from 'commander'
import { escapeControls, quote } from '../escape.ts'
import type { BlockingRecord, GroupHealth, Health } from '../index.ts'
import { durationText } from './durations.ts'
import { EXIT } from './exit.ts'
import { askHealth } from './health-port.ts'
import { counted, jsonLine, type OutputFlags, withOutput } from './output.ts'
import { HEALTH_PORT } from './ports.ts'

interface WhyFlags extends OutputFlags {
  url: string
}

/** A handler that has its record for the first time, and no longer than this, blocks nothing yet. */
const SOON_MS = 1_000

export function addWhy(program: Command): void {
  withOutput(program.command('why'))
    .description('ask a running service what blocks its groups')
    .argument('[group]', 'the consumer group (default: all of the service)')
    .option('--url <url>', 'the health port of the service', `http://localhost:${HEALTH_PORT}/health/kafka`)
    .addHelpText(
      'after',
      `\nEnds with 0 where nothing blocks, with ${EXIT.blocked} where something does, with 1 where the service does not know` +
        ' the group\nor tells no details, with 3 where nobody answers.',
    )
    .action(why)
}

async function why(name: string | undefined, { url, output }: WhyFlags): Promise<void> {
  const answer = await askHealth(url)
  if (answer === undefined) return
  const health = healthIn(answer.text)
  if (health === undefined) {
    return fail(
      `${url} answers ${answer.response.status}, and not as a health port does: it is /health/kafka of a service`,
    )
  }
  if (health.groups === undefined) {
    return fail(
      `${url} tells no details: give its route \`details: true\`; of \`narad run\`, ask from the machine or container itself`,
    )
  }
  const groups = health.groups.filter(({ group }) => name === undefined || group === name)
  if (groups.length === 0) {
    const known = health.groups.map(({ group }) => group).join(', ') || 'no group'
    return fail(
      escapeControls(name === undefined ? `the service has no group` : `the service has ${known}, and not ${name}`),
    )
  }
  const isBlocked = health.reasons.length > 0 || groups.some(({ blocking }) => blocking.some(blocks))
  const lines = output === 'json' ? groups.map((group) => groupLine(group, health)) : [...linesOf(groups, health)]
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  if (isBlocked) process.exitCode = EXIT.blocked
}

function fail(text: string): void {
  process.stderr.write(`narad: ${text}\n`)
  process.exitCode = EXIT.failed
}

/** The answer of a health port; without details it has no groups. */
function healthIn(text: string): (Omit<Health, 'groups'> & { groups?: GroupHealth[] }) | undefined {
  try {
    const parsed = JSON.parse(text)
    return typeof parsed?.live === 'boolean' && typeof parsed.ready === 'boolean' ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Whether a record does more than to pass: it has failed, it waits, or its handler has had it for long. */
function blocks({ doing, attempt = 1, runningMs = 0 }: BlockingRecord): boolean {
  if (attempt > 1) return true
  return doing === 'handler' ? runningMs > SOON_MS : doing !== 'queued'
}

function groupLine(group: GroupHealth, { live, ready, reasons }: Pick<Health, 'live' | 'ready' | 'reasons'>): string {
  const blocking = group.blocking.map((record) => ({ ...record, blocks: blocks(record) }))
  return jsonLine({ ...group, blocking, live, ready, reasons })
}

function* linesOf(groups: readonly GroupHealth[], { reasons }: Pick<Health, 'reasons'>): Iterable<string> {
  for (const reason of reasons) yield escapeControls(reason)
  for (const { group, state, partitions, running, held, lastRebalance, blocking } of groups) {
    const has = counted(partitions.length, 'partition')
    const runs = running === 1 ? '1 record with its handler' : `${running} records with their handlers`
    yield escapeControls(`${group}: ${state}, ${has}, ${runs}, ${held} held`)
    if (lastRebalance !== undefined) yield `  ${rebalanceText(lastRebalance)}`
    const records = blocking.filter(blocks)
    for (const record of records) yield `  ${placeText(record)}: ${doingText(record)}`
    if (records.length === 0) yield `  no record blocks`
  }
}

function placeText({ topic, partition, offset, key }: BlockingRecord): string {
  return `${escapeControls(topic)} [${partition}] offset ${offset}${key === null ? '' : ` key ${quote(key)}`}`
}

function doingText(record: BlockingRecord): string {
  const { doing, attempt, runningMs = 0, nextAttemptInMs, error, handler } = record
  const who = handler === undefined ? 'handler' : `handler ${escapeControls(handler)}`
  const again = nextAttemptInMs === undefined ? '' : ` in ${secondsText(nextAttemptInMs)}`
  const after = error === undefined ? '' : `, after ${escapeControls(error)}`
  switch (doing) {
    case 'handler':
      return `${who}, attempt ${attempt}, has run for ${secondsText(runningMs)}${after}`
    case 'retry':
      return `waits for attempt ${attempt}${again || ' of its handler'}${after}`
    case 'dead-letter':
      return `is given up after attempt ${attempt}, and to be written to its dead-letter or retry topic${again}${after}`
    case 'outage':
      return `waits for the end of an outage, then attempt ${attempt}${after}`
    case 'ack':
      return `${who} has ended, and context.ack() is to come`
    case 'paused':
      return `its partition is paused, attempt ${attempt} comes next${after}`
    default:
      return `waits for records before it, attempt ${attempt} comes next${after}`
  }
}

const CAUSES: Readonly<Record<NonNullable<GroupHealth['lastRebalance']>['cause'], string>> = {
  topics: 'this member subscribed, or its topics changed',
  leaving: 'this member leaves',
  error: 'this member has failed for good',
  group: 'members came or went, or topics got partitions',
}

function rebalanceText({ kind, cause, atMs }: NonNullable<GroupHealth['lastRebalance']>): string {
  const why = kind === 'lost' && cause === 'group' ? 'the group no longer counted on this member' : CAUSES[cause]
  return `last rebalance: partitions were ${kind} ${durationText(Math.max(0, Date.now() - atMs))} ago: ${why}`
}

/** With a tenth below ten seconds. */
function secondsText(ms: number): string {
  return ms < 9_950 ? `${(ms / 1_000).toFixed(1)} s` : durationText(ms)
}

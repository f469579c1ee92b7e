import type { Command } from 'commander'
import type { GroupDescription, ResetTarget } from '../index.ts'
import { type ConnectionFlags, gather, withConnection, withService } from './connection.ts'
import { duration, durationText } from './durations.ts'
import { UsageError } from './exit.ts'
import { gatherNumbers } from './numbers.ts'
import { type Cell, type OutputFlags, printChanges, printRows, withExecute, withOutput } from './output.ts'
import { whileShown } from './progress.ts'
import { START_FORMS, startOffset } from './start-offset.ts'

type Flags = ConnectionFlags & OutputFlags
type ChangeFlags = Flags & { execute?: boolean }

interface DescribeFlags extends Flags {
  members?: boolean
  time?: boolean
}

interface ResetFlags extends ChangeFlags {
  to?: string
  ago?: number
  topic?: string[]
  partition?: number[]
}

export function addGroups(program: Command): void {
  const groups = program.command('groups').description('list, describe, reset and delete consumer groups')
  const command = (name: string, description: string) =>
    withOutput(withConnection(groups.command(name).description(description)))
  command('list', 'all groups').action(list)
  command('describe', 'partitions with their offsets, lag and member')
    .argument('<groups...>')
    .option('--members', 'the members instead, and what they have')
    .option('--time', 'also the lag in time')
    .action(describe)
  withExecute(command('reset-offsets', 'let a group without members go on somewhere else'))
    .argument('<group>')
    .option('--to <place>', START_FORMS)
    .option('--ago <duration>', 'or at the first record that is no older, such as 90s, 15m, 2h, 7d', duration)
    .option('-t, --topic <topic>', 'a topic; may be repeated (default: all that the group has offsets of)', gather)
    .option('-p, --partition <number>', 'a partition of the topic; may be repeated (default: all)', gatherNumbers)
    .action(resetOffsets)
  withExecute(command('delete', 'forget groups without members, and their offsets'))
    .argument('<groups...>')
    .action(remove)
}

async function list(flags: Flags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    printRows(flags, await admin.groups.list(), {
      GROUP: ({ group }) => group,
      STATE: ({ state }) => state,
      PROTOCOL: ({ protocol }) => protocol,
    })
  })
}

async function describe(names: string[], flags: DescribeFlags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    const groups = await admin.groups.describe(names, { time: flags.time ?? false })
    if (flags.members) tellMembers(flags, groups)
    else tellPartitions(flags, groups)
  })
}

function tellMembers(flags: Flags, groups: readonly GroupDescription[]): void {
  const rows = groups.flatMap(({ group, state, assignor, members }) =>
    members.map((member) => ({ group, state, assignor, ...member })),
  )
  printRows(flags, rows, {
    GROUP: ({ group }) => group,
    STATE: ({ state }) => state,
    MEMBER: ({ id }) => id,
    CLIENT: ({ clientId }) => clientId,
    HOST: ({ host }) => host,
    PARTITIONS: ({ partitions }) => partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(' '),
  })
}

function tellPartitions(flags: DescribeFlags, groups: readonly GroupDescription[]): void {
  const rows = groups.flatMap(({ group, state, members, partitions }) => {
    const clients = new Map(members.map(({ id, clientId }) => [id, clientId]))
    return partitions.map((one) => ({ group, state, ...one, clientId: clients.get(one.memberId ?? '') ?? null }))
  })
  printRows(flags, rows, {
    GROUP: ({ group }) => group,
    STATE: ({ state }) => state,
    TOPIC: ({ topic }) => topic,
    PARTITION: ({ partition }) => partition,
    COMMITTED: ({ committed }) => committed ?? '-',
    END: ({ end }) => end ?? '-',
    LAG: ({ lag }) => lag ?? '-',
    ...(flags.time && { BEHIND: ({ lagMs }) => (lagMs == null ? '-' : durationText(lagMs)) }),
    CLIENT: ({ clientId }) => clientId ?? '-',
    MEMBER: ({ memberId }) => memberId ?? '-',
  } satisfies Record<string, (row: (typeof rows)[number]) => Cell>)
}

async function resetOffsets(group: string, flags: ResetFlags): Promise<void> {
  const to = targetOf(flags)
  const { topic: topics, partition: partitions, execute } = flags
  await withService(flags, async ({ admin }) => {
    const what = execute ? `resetting the offsets of ${group}` : `looking for the offsets of ${group}`
    const moves = await whileShown(what, () =>
      admin.groups.resetOffsets(group, {
        to,
        ...(topics !== undefined && { topics }),
        ...(partitions !== undefined && { partitions }),
        dryRun: !execute,
      }),
    )
    const rows = moves.map((move) => ({ group, ...move }))
    printChanges(flags, rows, {
      GROUP: () => group,
      TOPIC: ({ topic }) => topic,
      PARTITION: ({ partition }) => partition,
      FROM: ({ from }) => from ?? '-',
      TO: (row) => row.to,
      RECORDS: ({ from, to: there }) => (from === null ? '-' : difference(there - from)),
    })
  })
}

function targetOf({ to, ago }: ResetFlags): ResetTarget {
  if ((to === undefined) === (ago === undefined)) throw new UsageError('reset-offsets needs --to or --ago')
  return ago === undefined ? startOffset(to as string, '--to') : { agoMs: ago }
}

async function remove(names: string[], flags: ChangeFlags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    const groups = await admin.groups.describe(names)
    checkUnused(groups)
    if (flags.execute) await whileShown(`deleting ${names.length} groups`, () => admin.groups.delete(names))
    const rows = groups.map(({ group, state, partitions, lag }) => ({
      group,
      state,
      partitions: partitions.length,
      lag,
    }))
    printChanges(flags, rows, {
      GROUP: ({ group }) => group,
      STATE: ({ state }) => state,
      PARTITIONS: ({ partitions }) => partitions,
      LAG: ({ lag }) => lag,
      RESULT: () => (flags.execute ? 'deleted' : 'to delete'),
    })
  })
}

/** A plan is to fail where its execution would. */
function checkUnused(groups: readonly GroupDescription[]): void {
  const used = groups.find(({ members }) => members.length > 0)
  if (used !== undefined)
    throw new Error(`group ${used.group} has members, now ${used.members.length}: stop them first`)
}

/** How many records a group handles again, or leaves out: a number with a sign looks like one of Kafka's placeholders. */
function difference(records: number): string {
  return records < 0 ? `${-records} again` : records > 0 ? `${records} skipped` : '0'
}

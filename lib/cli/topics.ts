import { type Command, InvalidArgumentError } from 'commander'
import type { KafkaService } from '../index.ts'
import { type ConnectionFlags, gather, splitPair, withConnection, withService } from './connection.ts'
import { UsageError } from './exit.ts'
import { gatherNumbers, wholeNumber } from './numbers.ts'
import { type OutputFlags, printChanges, printRows, withExecute, withOutput } from './output.ts'
import { whileShown } from './progress.ts'
import { START_FORMS, startOffset } from './start-offset.ts'

type Flags = ConnectionFlags & OutputFlags
type ChangeFlags = Flags & { execute?: boolean }

interface CreateFlags extends ChangeFlags {
  partitions?: number
  replicationFactor?: number
  set?: string[]
  ifNotExists?: boolean
}

interface AlterFlags extends ChangeFlags {
  set?: string[]
  unset?: string[]
}

interface DeleteRecordsFlags extends ChangeFlags {
  before: string
  partition?: number[]
}

export function addTopics(program: Command): void {
  const topics = program.command('topics').description('list, describe, create, change and delete topics')
  const command = (name: string, description: string) =>
    withOutput(withConnection(topics.command(name).description(description)))
  const change = (name: string, description: string) => withExecute(command(name, description))
  command('list', 'all topics').option('--internal', "Kafka's own as well").action(list)
  command('describe', 'partitions, leaders and where logs begin and end')
    .argument('<topics...>')
    .option('--configs', 'the settings instead, and who set them')
    .action(describe)
  change('create', 'create a topic')
    .argument('<topic>')
    .option('-p, --partitions <number>', "how many (default: the cluster's)", wholeNumber)
    .option('--replication-factor <number>', "brokers that keep each (default: the cluster's)", wholeNumber)
    .option('-s, --set <name=value>', 'a setting; may be repeated', gather)
    .option('--if-not-exists', 'leave one that is there as it is')
    .action(create)
  change('alter', 'change settings of a topic, and leave the others')
    .argument('<topic>')
    .option('-s, --set <name=value>', 'a setting; may be repeated', gather)
    .option('--unset <name>', 'a setting that goes back to its default; may be repeated', gather)
    .action(alter)
  change('delete', 'delete topics with their records').argument('<topics...>').action(remove)
  change('add-partitions', 'give a topic more partitions')
    .argument('<topic>')
    .argument('<total>', 'how many it has then', total)
    .addHelpText('after', '\nKeys go to other partitions from then on: not in order with what they had before.')
    .action(addPartitions)
  change('delete-records', 'delete records from the beginning of partitions')
    .argument('<topic>')
    .requiredOption('--before <place>', `what comes before this is deleted: ${START_FORMS}`)
    .option('-p, --partition <number>', 'a partition; may be repeated (default: all)', gatherNumbers)
    .action(deleteRecords)
}

async function list(flags: Flags & { internal?: boolean }): Promise<void> {
  await withService(flags, async ({ admin }) => {
    printRows(flags, await admin.topics.list({ internal: flags.internal ?? false }), {
      TOPIC: ({ topic }) => topic,
      PARTITIONS: ({ partitions }) => partitions,
      REPLICAS: ({ replicationFactor }) => replicationFactor,
    })
  })
}

async function describe(names: string[], flags: Flags & { configs?: boolean }): Promise<void> {
  await withService(flags, async (service) => {
    if (flags.configs) return describeConfigs(service, names, flags)
    const rows = []
    for (const { topic, id, partitions } of await service.admin.topics.describe(names)) {
      const logs = new Map((await service.admin.topics.offsets(topic)).map((log) => [log.partition, log]))
      rows.push(
        ...partitions.map((one) => ({ topic, ...(id !== undefined && { id }), ...one, ...logs.get(one.partition) })),
      )
    }
    printRows(flags, rows, {
      TOPIC: ({ topic }) => topic,
      PARTITION: ({ partition }) => partition,
      LEADER: ({ leader }) => leader ?? 'none',
      REPLICAS: ({ replicas }) => replicas.join(','),
      'IN SYNC': ({ inSync }) => inSync.join(','),
      BEGINNING: ({ beginning }) => beginning ?? '',
      END: ({ end }) => end ?? '',
    })
  })
}

async function describeConfigs({ admin }: KafkaService, names: string[], flags: Flags): Promise<void> {
  const rows = []
  for (const topic of names) rows.push(...(await admin.topics.configs(topic)).map((config) => ({ topic, ...config })))
  printRows(flags, rows, {
    TOPIC: ({ topic }) => topic,
    NAME: ({ name }) => name,
    VALUE: ({ value }) => value ?? '(secret)',
    'SET BY': ({ source }) => source,
  })
}

async function create(topic: string, flags: CreateFlags): Promise<void> {
  const configs = settingsOf(flags.set)
  const { partitions, replicationFactor, ifNotExists = false, execute } = flags
  await withService(flags, async ({ admin }) => {
    // what cannot be created is to be known before, as far as it can
    const isThere = (await admin.topics.list({ internal: true })).some((one) => one.topic === topic)
    if (isThere && !ifNotExists)
      throw new UsageError(`topic ${topic} is there already: --if-not-exists leaves it as it is`)
    const numbers = {
      ...(partitions !== undefined && { partitions }),
      ...(replicationFactor !== undefined && { replicationFactor }),
    }
    if (execute && !isThere) await admin.topics.create(topic, { ...numbers, configs, ifNotExists })
    printChanges(flags, [{ topic, ...numbers, configs, exists: isThere }], {
      TOPIC: () => topic,
      PARTITIONS: () => partitions ?? 'default',
      REPLICAS: () => replicationFactor ?? 'default',
      SETTINGS: () =>
        Object.entries(configs)
          .map((pair) => pair.join('='))
          .join(' '),
      RESULT: () => (isThere ? 'there already' : execute ? 'created' : 'to create'),
    })
  })
}

async function alter(topic: string, flags: AlterFlags): Promise<void> {
  const unset = Object.fromEntries((flags.unset ?? []).map((name): [string, null] => [name, null]))
  const changes: Record<string, string | null> = { ...settingsOf(flags.set), ...unset }
  if (Object.keys(changes).length === 0) throw new UsageError('alter needs --set name=value or --unset name')
  await withService(flags, async ({ admin }) => {
    const current = new Map((await admin.topics.configs(topic)).map((config) => [config.name, config]))
    if (flags.execute) await admin.topics.alter(topic, changes)
    const rows = Object.entries(changes).map(([name, to]) => ({
      topic,
      name,
      from: current.get(name)?.value ?? null,
      to,
    }))
    printChanges(flags, rows, {
      TOPIC: () => topic,
      NAME: ({ name }) => name,
      FROM: ({ from }) => from ?? '',
      TO: ({ to }) => to ?? '(default)',
    })
  })
}

async function remove(names: string[], flags: ChangeFlags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    const rows = []
    for (const { topic, partitions } of await admin.topics.describe(names)) {
      const logs = await admin.topics.offsets(topic)
      rows.push({ topic, partitions: partitions.length, records: recordsIn(logs) })
    }
    if (flags.execute) await whileShown(`deleting ${names.length} topics`, () => admin.topics.delete(names))
    printChanges(flags, rows, {
      TOPIC: ({ topic }) => topic,
      PARTITIONS: ({ partitions }) => partitions,
      RECORDS: ({ records }) => records,
      RESULT: () => (flags.execute ? 'deleted' : 'to delete'),
    })
  })
}

async function addPartitions(topic: string, to: number, flags: ChangeFlags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    const from = (await admin.topics.describe(topic)).partitions.length
    if (to <= from) throw new UsageError(`topic ${topic} has ${from} partitions already: they can only become more`)
    if (flags.execute) await admin.topics.addPartitions(topic, to)
    printChanges(flags, [{ topic, from, to }], { TOPIC: () => topic, FROM: () => from, TO: () => to })
  })
}

async function deleteRecords(topic: string, flags: DeleteRecordsFlags): Promise<void> {
  const { partition: partitions } = flags
  const options = { before: startOffset(flags.before, '--before'), ...(partitions !== undefined && { partitions }) }
  await withService(flags, async ({ admin }) => {
    const logs = new Map((await admin.topics.offsets(topic)).map((log) => [log.partition, log]))
    const what = flags.execute ? `deleting records of ${topic}` : `looking through ${topic}`
    const after = await whileShown(what, () =>
      admin.topics.deleteRecords(topic, { ...options, dryRun: !flags.execute }),
    )
    const rows = after.map(({ partition, beginning, end }) => {
      const from = logs.get(partition)?.beginning ?? beginning
      return { topic, partition, from, to: beginning, records: beginning - from, end }
    })
    printChanges(flags, rows, {
      TOPIC: () => topic,
      PARTITION: ({ partition }) => partition,
      FROM: ({ from }) => from,
      TO: ({ to }) => to,
      END: ({ end }) => end,
      [flags.execute ? 'DELETED' : 'TO DELETE']: ({ records }) => records,
    })
  })
}

function settingsOf(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => splitPair(pair, '--set')))
}

function recordsIn(logs: ReadonlyArray<{ beginning: number; end: number }>): number {
  return logs.reduce((sum, { beginning, end }) => sum + end - beginning, 0)
}

function total(text: string): number {
  const number = wholeNumber(text)
  if (number > 0) return number
  throw new InvalidArgumentError('It must be a whole number from 1.')
}

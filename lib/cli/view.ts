import type { KafkaService, RecordContext } from '../index.ts'
import { type ConnectionFlags, openService } from './connection.ts'
import { UsageError } from './exit.ts'
import { type FilterFlags, recordFilter } from './record-filter.ts'
import { recordFormat } from './record-format.ts'
import { toRow } from './rows.ts'
import { StandardOutput } from './standard-output.ts'
import { startOffset } from './start-offset.ts'
import { untilSignal } from './until-signal.ts'

export interface ViewFlags extends ConnectionFlags, FilterFlags {
  topic?: string[]
  group?: string
  fromBeginning?: boolean
  offset?: string
  partition?: number[]
  number?: number
  exit?: boolean
  format?: string
  json?: boolean
}

/** What is shown of which records. */
interface View {
  readonly fits: (record: RecordContext) => boolean
  readonly shown: (record: RecordContext) => string | Buffer
  /** Most records. */
  readonly most: number
}

/** Shows the records of topics, without a group unless one is named, until the end, a number of them, or a signal. */
export async function view(flags: ViewFlags): Promise<void> {
  const { topic: topics = [] } = flags
  check(flags)
  const wanted: View = {
    fits: recordFilter(flags),
    shown: flags.json ? toRow : recordFormat(flags.format ?? '%s\\n'),
    most: flags.number ?? Number.POSITIVE_INFINITY,
  }
  const start = flags.offset === undefined ? undefined : startOffset(flags.offset)
  const service = await openService(flags)
  const stop = new AbortController()
  const output = new StandardOutput(() => stop.abort())
  void untilSignal(async () => stop.abort())
  let count = 0
  /** False when there are enough. */
  const show = async (record: RecordContext) => {
    if (count < wanted.most && wanted.fits(record)) {
      count += 1
      await output.write(wanted.shown(record))
    }
    if (count >= wanted.most) stop.abort()
  }
  try {
    if (flags.group !== undefined) return await viewAsGroup(service, topics, flags, stop.signal, show)
    const from = start ?? (flags.fromBeginning || flags.exit ? 'beginning' : 'end')
    const to = flags.exit ? ({ to: 'end' } as const) : {}
    const partitions = flags.partition === undefined ? {} : { partitions: flags.partition }
    if (from === 'end' && process.stderr.isTTY) {
      process.stderr.write('narad: waiting for new records; -o beginning shows those that are there\n')
    }
    await Promise.all(
      topics.map(async (topic) => {
        const options = { from, ...to, ...partitions, signal: stop.signal, codec: 'buffer' } as const
        for await (const record of service.read(topic, options)) await show(record)
      }),
    )
  } finally {
    stop.abort()
    await output.flush()
    await service.disconnect()
  }
}

/** As a member of the group: what was shown is committed. */
async function viewAsGroup(
  service: KafkaService,
  topics: string[],
  { group, fromBeginning, offset }: ViewFlags,
  signal: AbortSignal,
  show: (record: RecordContext) => Promise<void>,
): Promise<void> {
  const isFirst = fromBeginning || offset === 'beginning'
  const stream = service.stream(topics, {
    group: group as string,
    codec: 'buffer',
    retry: false,
    dlq: false,
    signal,
    ...(isFirst && { fromBeginning: true }),
  })
  // reading on acknowledges what was shown last, also where it was the last
  for await (const record of stream) await show(record)
}

function check({ topic, group, offset, partition, exit, format, json, number }: ViewFlags): void {
  if (topic === undefined) throw new UsageError('consume needs --topic to show records, or --handlers to handle them')
  if (json && format !== undefined) throw new UsageError('give --json or --format')
  if (number === 0) throw new UsageError('--number must be at least 1')
  if (group === undefined) return
  const wrong = { '--partition': partition !== undefined, '--exit': exit }
  for (const [option, isGiven] of Object.entries(wrong)) {
    if (isGiven) throw new UsageError(`${option} is not for members of a group: leave --group out`)
  }
  if (offset !== undefined && !['beginning', 'end'].includes(offset)) {
    throw new UsageError('a group goes on where it was: --offset is beginning or end, for one that is new')
  }
}

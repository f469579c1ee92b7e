// What brokers hold, read from the files of their logs: no consumer tells how its records were compressed.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { javaTool } from '../../scripts/kafka/tools.mjs'

export interface Place {
  topic: string
  partition: number
  offset: number
}

/** A batch as it lies in the log. */
export interface LogBatch {
  file: string
  firstOffset: number
  lastOffset: number
  codec: string
}

const folders = new Map<string, Promise<string[]>>()

/** Where the brokers keep their logs. */
function logFolders(brokers: string): Promise<string[]> {
  const known = folders.get(brokers)
  if (known !== undefined) return known
  const asked = javaTool('org.apache.kafka.tools.LogDirsCommand', ['--bootstrap-server', brokers, '--describe']).then(
    ({ stdout }) => {
      const json = stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}'
      const answer: { brokers: Array<{ logDirs: Array<{ logDir: string }> }> } = JSON.parse(json)
      return answer.brokers.flatMap(({ logDirs }) => logDirs.map(({ logDir }) => logDir))
    },
  )
  folders.set(brokers, asked)
  return asked
}

/** How the batches are compressed that hold these records; undefined where the brokers are on another machine. */
export async function codecsInLog(brokers: string, places: readonly Place[]): Promise<string[] | undefined> {
  const dirs = await logFolders(brokers)
  const folders = places.flatMap(({ topic, partition }) => {
    return dirs.map((dir) => join(dir, `${topic}-${partition}`)).find((path) => existsSync(path)) ?? []
  })
  if (folders.length < places.length) return undefined
  const segments = [...new Set(folders)].flatMap((folder) => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.log'))
    return files.map((name) => join(folder, name))
  })
  const { stdout } = await javaTool('kafka.tools.DumpLogSegments', ['--files', segments.join()])
  const batches = parseLogDump(stdout)
  return places.map(({ offset }, index) => {
    const batch = batches.find(
      ({ file, firstOffset, lastOffset }) =>
        dirname(file) === folders[index] && firstOffset <= offset && offset <= lastOffset,
    )
    return batch?.codec ?? 'not in the log'
  })
}

/** Reads what DumpLogSegments prints. */
export function parseLogDump(stdout: string): LogBatch[] {
  const batches: LogBatch[] = []
  let file = ''
  for (const line of stdout.split('\n')) {
    file = /^Dumping (.+)$/.exec(line)?.[1] ?? file
    const [, first, last, codec] = /^baseOffset: (\d+) lastOffset: (\d+) .* compresscodec: (\w+)/.exec(line) ?? []
    if (codec !== undefined) batches.push({ file, firstOffset: Number(first), lastOffset: Number(last), codec })
  }
  return batches
}

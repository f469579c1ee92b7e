// kcat as a producer and consumer that shares no code with narad but librdkafka, and that in an older version.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { skipIf } from './requirement.ts'

const TIMEOUT_MS = 30_000
// Between records and between key and value: bytes that JSON and plain text do not hold.
const RECORD_END = '\x1e'
const KEY_END = '\x1f'

export interface KcatRecord {
  topic: string
  partition: number
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: Array<[name: string, value: Buffer | null]>
}

export interface KcatInput {
  key?: string | Buffer | null
  value: string | Buffer | null
}

export interface KcatProduceOptions {
  /** For every record of the call; a value of null is a header without one. */
  headers?: Array<[name: string, value: string | null]>
  partition?: number
  codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** librdkafka's. */
  properties?: Record<string, string>
}

export interface KcatConsumeOptions {
  /** Default: every partition. */
  partition?: number
  /** Wait for so many records; default: those that are there now. */
  count?: number
  /** librdkafka's. */
  properties?: Record<string, string>
}

/** For the `skip` option of tests. */
export function kcatSkip(): string | false {
  const { error } = spawnSync('kcat', ['-V'])
  return skipIf(error ? 'kcat is missing' : undefined)
}

/** Resolves when the broker has acknowledged every record. Places keys as Java's clients do. */
export async function kcatProduce(
  brokers: string,
  topic: string,
  records: readonly KcatInput[],
  { headers = [], partition, codec, properties = {} }: KcatProduceOptions = {},
): Promise<void> {
  const nulls = records.some(({ value }) => value === null)
  const args = ['-P', '-b', brokers, '-t', topic, '-D', RECORD_END, '-K', KEY_END, ...propertyArgs(properties)]
  args.push('-X', 'topic.partitioner=murmur2_random')
  for (const [name, value] of headers) args.push('-H', value === null ? name : `${name}=${value}`)
  if (partition !== undefined) args.push('-p', String(partition))
  if (codec !== undefined) args.push('-z', codec)
  if (nulls) args.push('-Z')
  await runKcat(args, encodeKcatInput(records))
}

/** What kcat reads from its standard input to send `records`. */
export function encodeKcatInput(records: readonly KcatInput[]): Buffer {
  const nulls = records.some(({ value }) => value === null)
  const encoded = records.map(({ key = null, value }) => {
    const [keyBytes, valueBytes] = [Buffer.from(key ?? ''), Buffer.from(value ?? '')]
    // With its option for null values kcat sends every empty key and value as null.
    if (nulls && (value?.length === 0 || key?.length === 0)) {
      throw new Error('kcat cannot send null values and empty keys or values in one call')
    }
    for (const bytes of [keyBytes, valueBytes]) {
      if (bytes.includes(KEY_END) || bytes.includes(RECORD_END)) throw new Error('kcat would split this record')
    }
    return Buffer.concat([keyBytes, Buffer.from(key === null ? '' : KEY_END), valueBytes, Buffer.from(RECORD_END)])
  })
  return Buffer.concat(encoded)
}

/** In the order in which kcat prints them: by offset within a partition. */
export async function kcatConsume(
  brokers: string,
  topic: string,
  { partition, count, properties = {} }: KcatConsumeOptions = {},
): Promise<KcatRecord[]> {
  const args = ['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-q', '-J', ...propertyArgs(properties)]
  if (partition !== undefined) args.push('-p', String(partition))
  args.push(...(count === undefined ? ['-e'] : ['-c', String(count)]))
  return parseKcatOutput(await runKcat(args, Buffer.alloc(0)))
}

interface Envelope {
  topic: string
  partition: number
  offset: number
  ts: number
  key: string | null
  payload: string | null
  headers?: Array<string | null>
}

/** kcat puts bytes into its JSON as they are, even where they are no UTF-8: so each byte is read as one character. */
export function parseKcatOutput(stdout: Buffer): KcatRecord[] {
  const bytes = (field: string | null | undefined) => (field == null ? null : Buffer.from(field, 'latin1'))
  const lines = stdout.toString('latin1').split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { topic, partition, offset, ts, key, payload, headers = [] } = JSON.parse(line) as Envelope
      const pairs: KcatRecord['headers'] = []
      for (let i = 0; i < headers.length; i += 2) {
        pairs.push([bytes(headers[i])?.toString() ?? '', bytes(headers[i + 1])])
      }
      return { topic, partition, offset, timestamp: ts, key: bytes(key), value: bytes(payload), headers: pairs }
    })
}

function propertyArgs(properties: Record<string, string>): string[] {
  return Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`])
}

async function runKcat(args: string[], stdin: Buffer): Promise<Buffer> {
  const child = spawn('kcat', args, { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
  child.stdin.on('error', () => {}) // the exit code tells why it closed
  child.stdin.end(stdin)
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)])
  const [code, signal] = await closed
  if (code !== 0) {
    const why = signal === null ? `exit code ${code}` : `killed after ${TIMEOUT_MS} ms`
    throw new Error(`kcat ${args.join(' ')}: ${why}\n${stderr}`)
  }
  return stdout
}

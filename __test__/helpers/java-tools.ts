// Kafka's Java tools as witnesses. Each call starts a JVM: one to two seconds.
import { javaTool } from '../../scripts/kafka/tools.mjs'

// Control characters that JSON and plain text do not hold.
const FIELD = '\x1f'
const RECORD = '\x1e'
const HEADERS_END = '\x1d'
const HEADER = '\x1c'
const HEADER_KEY = '\x1b'
const NULL = '\x1a'

export interface JavaRecord {
  partition: number
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers: Array<[name: string, value: string | null]>
}

export interface JavaInput {
  key?: string | null
  /** No line breaks: the tool reads lines. */
  value: string | null
  headers?: Array<[name: string, value: string | null]>
}

export interface JavaProduceOptions {
  codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Producer configuration. */
  properties?: Record<string, string>
}

export async function javaProduce(
  brokers: string,
  topic: string,
  records: readonly JavaInput[],
  { codec = 'none', properties = {} }: JavaProduceOptions = {},
): Promise<void> {
  const lines = records.map(({ key = null, value, headers = [] }) => {
    const named = headers.map(([name, headerValue]) => `${name}${HEADER_KEY}${headerValue ?? NULL}`).join(HEADER)
    return `${named === '' ? NULL : named}${HEADERS_END}${key ?? NULL}${FIELD}${value ?? NULL}\n`
  })
  const args = ['--bootstrap-server', brokers, '--topic', topic, '--compression-codec', codec]
  const reader = {
    'parse.key': 'true',
    'key.separator': FIELD,
    'parse.headers': 'true',
    'headers.delimiter': HEADERS_END,
    'headers.separator': HEADER,
    'headers.key.separator': HEADER_KEY,
    'null.marker': NULL,
  }
  args.push(...propertyArgs('--reader-property', reader), ...propertyArgs('--command-property', properties))
  await javaTool('org.apache.kafka.tools.ConsoleProducer', args, { stdin: lines.join('') })
}

/** Records with the values `0`, `1` and so on, the first with the timestamp `from`, the others with it or shortly after. */
export async function javaProduceFrom(brokers: string, topic: string, count: number, from: number): Promise<void> {
  const args = ['--bootstrap-server', brokers, '--topic', topic, '--max-messages', String(count)]
  args.push('--message-create-time', String(from))
  await javaTool('org.apache.kafka.tools.VerifiableProducer', args)
}

export interface JavaConsumeOptions {
  /** How many records to wait for. */
  count: number
  group?: string
  /** Consumer configuration. */
  properties?: Record<string, string>
  /** How long to wait for the next record. Default 20,000. */
  timeoutMs?: number
}

/** From the beginning, or from where the group stands. */
export async function javaConsume(
  brokers: string,
  topic: string,
  { count, group, properties = {}, timeoutMs = 20_000 }: JavaConsumeOptions,
): Promise<JavaRecord[]> {
  const args = ['--bootstrap-server', brokers, '--topic', topic, '--from-beginning']
  args.push('--max-messages', String(count), '--timeout-ms', String(timeoutMs))
  if (group !== undefined) args.push('--group', group)
  const formatter = {
    'print.timestamp': 'true',
    'print.partition': 'true',
    'print.offset': 'true',
    'print.headers': 'true',
    'print.key': 'true',
    'key.separator': FIELD,
    'line.separator': RECORD,
    'headers.separator': HEADER,
    'null.literal': NULL,
  }
  args.push(...propertyArgs('--formatter-property', formatter), ...propertyArgs('--command-property', properties))
  const { stdout, stderr } = await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args, {
    timeoutMs: timeoutMs + 30_000,
  })
  const records = parseConsoleConsumer(stdout)
  if (records.length < count) throw new Error(`${topic} gave ${records.length} of ${count} records\n${stderr}`)
  return records
}

/** Reads what ConsoleConsumer prints with the settings of `javaConsume`. */
export function parseConsoleConsumer(stdout: string): JavaRecord[] {
  const text = (field: string | undefined) => (field === undefined || field === NULL ? null : field)
  const number = (field: string | undefined) => Number(field?.slice(field.indexOf(':') + 1))
  const lines = stdout.split(RECORD).slice(0, -1)
  return lines.map((line) => {
    const [timestamp, partition, offset, headers = '', key, value] = line.split(FIELD)
    const pairs = headers === 'NO_HEADERS' ? [] : headers.split(HEADER)
    return {
      partition: number(partition),
      offset: number(offset),
      timestamp: number(timestamp),
      key: text(key),
      value: text(value),
      headers: pairs.map((pair): [string, string | null] => {
        const colon = pair.indexOf(':')
        return [pair.slice(0, colon), text(pair.slice(colon + 1))]
      }),
    }
  })
}

export interface GroupOffset {
  topic: string
  partition: number
  /** The committed offset; null if there is none. */
  committed: number | null
  end: number
  /** Null where nothing is committed. */
  lag: number | null
  /** Id of the member that owns the partition; null if none does. */
  member: string | null
}

/** The offsets of a group, sorted by topic and partition; empty if Kafka does not know the group. */
export async function groupOffsets(brokers: string, group: string): Promise<GroupOffset[]> {
  const args = ['--bootstrap-server', brokers, '--describe', '--group', group]
  const { stdout } = await javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
  return parseGroupDescription(stdout)
}

/** Reads the table of `ConsumerGroupCommand --describe`. */
export function parseGroupDescription(stdout: string): GroupOffset[] {
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const heads = rows.find(([first]) => first === 'GROUP') ?? []
  const [topicAt, partitionAt, committedAt, endAt, lagAt, memberAt] = [
    'TOPIC',
    'PARTITION',
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
  ].map((head) => heads.indexOf(head)) as [number, number, number, number, number, number]
  const offsets = rows
    .filter((row) => row !== heads && row.length === heads.length)
    .map((row) => ({
      topic: row[topicAt] ?? '',
      partition: Number(row[partitionAt]),
      committed: row[committedAt] === '-' ? null : Number(row[committedAt]),
      end: Number(row[endAt]),
      lag: row[lagAt] === '-' ? null : Number(row[lagAt]),
      member: row[memberAt] === '-' ? null : (row[memberAt] ?? null),
    }))
  return offsets.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition))
}

function propertyArgs(option: string, properties: Record<string, string>): string[] {
  return Object.entries(properties).flatMap(([name, value]) => [option, `${name}=${value}`])
}

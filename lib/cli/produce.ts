import type { Command } from 'commander'
import type { KafkaService, RecordInput, RecordMetadata } from '../index.ts'
import { type ConnectionFlags, gather, openService, splitPair, withConnection } from './connection.ts'
import { UsageError } from './exit.ts'
import { linesOf } from './lines.ts'
import { wholeNumber } from './numbers.ts'
import { jsonLine } from './output.ts'
import { showProgress } from './progress.ts'
import { fromRow } from './rows.ts'

interface ProduceFlags extends ConnectionFlags {
  topic?: string
  key?: string
  value?: string
  tombstone?: boolean
  header?: string[]
  partition?: number
  byKey?: boolean
  json?: boolean
  keySeparator?: string
  output: 'text' | 'json'
}

/** Records in one send, and sends at a time. */
const SEND_RECORDS = 1_000
const SENDS_IN_FLIGHT = 5

export function addProduce(program: Command): void {
  withConnection(program.command('produce').description('send records, and say where they were written'))
    .option('-t, --topic <topic>', 'the topic')
    .option('-k, --key <text>', 'the key: records of one key go to one partition, in order')
    .option('--value <text>', 'the value as it is; without it, each line of stdin is one')
    .option('--tombstone', 'no value: the key is deleted where the topic is compacted')
    .option('-H, --header <name=value>', 'a header; may be repeated', gather)
    .option('-p, --partition <number>', 'the partition, whatever the key or a row says', wholeNumber)
    .option('--by-key', 'the partition is chosen by the key, whatever the rows of --json say')
    .option('-K, --key-separator <text>', 'lines of stdin begin with a key, up to this')
    .option('--json', 'lines of stdin are objects with value, and perhaps topic, partition, key, headers, timestamp')
    .option('-o, --output <form>', 'text, or json: a line with the place of each record', 'text')
    .addHelpText('after', '\nExample: narad produce --topic user.created --key k1 --value \'{"id":1}\'')
    .action(produce)
}

async function produce(flags: ProduceFlags): Promise<void> {
  if (flags.output !== 'text' && flags.output !== 'json') throw new UsageError('--output must be text or json')
  if (flags.topic === undefined && !flags.json) throw new UsageError('produce needs --topic')
  if (flags.byKey && flags.partition !== undefined) throw new UsageError('give --partition or --by-key')
  // whoever reads the places may go away: the records are sent all the same
  process.stdout.on('error', () => {})
  // around a send, headers are an object, which has no order between names that are repeated
  const service = await openService(flags, { enableMiddleware: false })
  await service.connectProducer()
  try {
    const isOne = flags.value !== undefined || flags.tombstone
    await (isOne ? sendOne(service, flags) : sendLines(service, flags))
  } finally {
    await service.disconnect()
  }
}

async function sendOne(service: KafkaService, flags: ProduceFlags): Promise<void> {
  if (flags.json || flags.keySeparator !== undefined) throw new UsageError('--value goes with neither --json nor -K')
  if (flags.value !== undefined && flags.tombstone) throw new UsageError('give --value or --tombstone')
  const record = { ...common(flags), key: flags.key ?? null, value: flags.value ?? null }
  const places = await service.sendRecords(flags.topic as string, [record])
  tell(places, flags.output)
}

/**
 * Sends what stdin has, a few sends at a time, so that a file of any size takes little memory. Says how much was sent, also
 * where a line is wrong or a send fails.
 */
async function sendLines(service: KafkaService, flags: ProduceFlags): Promise<void> {
  const batches = new Map<string, RecordInput[]>()
  const underWay = new Set<Promise<void>>()
  let failure: unknown
  let sent = 0
  const send = async (topic: string) => {
    const records = batches.get(topic) ?? []
    batches.delete(topic)
    if (underWay.size >= SENDS_IN_FLIGHT) await Promise.race(underWay)
    const settled: Promise<void> = service
      .sendRecords(topic, records)
      .then((places) => {
        sent += places.length
        if (flags.output === 'json') tell(places, 'json')
      })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => underWay.delete(settled))
    underWay.add(settled)
  }
  const stopProgress = showProgress(() => `narad: ${sent.toLocaleString('en')} records sent`)
  let line = 0
  try {
    for await (const bytes of linesOf(process.stdin)) {
      line += 1
      if (bytes.length === 0) continue
      const { topic, record } = flags.json ? fromRow(bytes, line) : fromLine(bytes, line, flags)
      const name = flags.topic ?? topic
      if (name === undefined) throw new UsageError(`line ${line} has no topic, and there is no --topic`)
      const batch = batches.get(name) ?? []
      batches.set(name, batch)
      if (flags.byKey) delete record.partition
      if (flags.partition !== undefined) record.partition = flags.partition
      batch.push(record)
      if (batch.length === SEND_RECORDS) await send(name)
      if (failure !== undefined) break
    }
  } catch (error) {
    // what came before a line that is wrong is sent all the same
    failure ??= error
  }
  for (const topic of [...batches.keys()]) await send(topic)
  await Promise.all(underWay)
  stopProgress()
  process.stderr.write(`narad: sent ${sent.toLocaleString('en')} records\n`)
  if (failure !== undefined) throw failure
}

function fromLine(bytes: Buffer, line: number, flags: ProduceFlags): { topic: undefined; record: RecordInput } {
  const { keySeparator } = flags
  if (keySeparator === undefined) {
    return { topic: undefined, record: { ...common(flags), key: flags.key ?? null, value: bytes } }
  }
  const at = bytes.indexOf(keySeparator)
  if (at < 0) throw new UsageError(`line ${line} has no "${keySeparator}" between key and value`)
  const [key, value] = [bytes.subarray(0, at), bytes.subarray(at + Buffer.byteLength(keySeparator))]
  return { topic: undefined, record: { ...common(flags), key, value } }
}

function common({ header = [], partition }: ProduceFlags): Pick<RecordInput, 'headers' | 'partition'> {
  return {
    headers: Object.fromEntries(header.map((pair) => splitPair(pair, '--header'))),
    ...(partition !== undefined && { partition }),
  }
}

function tell(places: readonly RecordMetadata[], output: 'text' | 'json'): void {
  const line = (place: RecordMetadata) =>
    output === 'json' ? jsonLine(place) : `${place.topic} [${place.partition}] @ ${place.offset}`
  process.stdout.write(places.map((place) => `${line(place)}\n`).join(''))
}

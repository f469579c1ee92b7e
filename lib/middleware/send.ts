import type { ResolvedCodec } from '../codec.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import {
  checkHeaders,
  checkKey,
  checkPartition,
  checkTimestamp,
  type HeaderList,
  type HeaderValue,
  type KeyInput,
  messageFields,
  type RecordMetadata,
} from '../message.ts'
import { ColumnBuilder, mergeHeaders, type RecordInput, rawRecords, type SendOptions } from '../producer/columns.ts'
import type { Columns } from '../producer/packer.ts'
import { compose, type Link } from './compose.ts'
import type { Middleware } from './middleware.ts'

/** A record on its way to the encoder. A middleware may change any of it. */
export interface SendRecord {
  /** As it was given to `send`; of `sendRecords`, text, bytes or null. */
  value: unknown
  key: KeyInput
  /** By name; an array repeats its header. The object has no prototype. */
  headers: Record<string, HeaderValue | readonly HeaderValue[] | undefined>
  partition: number | undefined
  /** A Date, or milliseconds since the epoch. */
  timestamp: number | string | Date | undefined
}

/** What a middleware is told of one call to `send` or `sendRecords`. */
export interface SendContext {
  readonly topic: string
  /** In the order in which they were given. Options of the call and a builder's fields are in them already. */
  readonly records: readonly SendRecord[]
}

/** Sends the records of a context as they are when the middleware has run. */
type Deliver = (records: readonly SendRecord[]) => Promise<RecordMetadata[]>

/** Runs the middleware around one call. */
export type SendChain = (topic: string, records: readonly SendRecord[], deliver: Deliver) => Promise<RecordMetadata[]>

/** The part of each middleware that runs around sends; undefined where none has one. */
export function sendChain(middleware: readonly Middleware[]): SendChain | undefined {
  const links = middleware.flatMap((one) => (one.send === undefined ? [] : [linkOf(one)]))
  if (links.length === 0) return undefined
  const run = compose<Deliver, SendContext>(links, (deliver, { records }) => deliver(records))
  return async (topic, records, deliver) => {
    // how many there are is settled: each result belongs to a record
    const context = { topic, records: Object.freeze([...records]) }
    return (await run(deliver, context)) as RecordMetadata[]
  }
}

function linkOf(middleware: Middleware): Link<SendContext> {
  const name = quote(middleware.name)
  return {
    name: middleware.name,
    run: async (context, next) => {
      let rest: Promise<unknown> | undefined
      const given = await middleware.send?.(context, () => {
        rest = next()
        return rest as Promise<RecordMetadata[]>
      })
      // a send that failed has no metadata, whatever the middleware caught
      if (given === undefined && rest !== undefined) return await rest
      if (Array.isArray(given) && given.length === context.records.length) return given
      throw new ArgumentError(
        `Middleware ${name} must call next(), or give the metadata of each record, but gave ${describeValue(given)}.`,
      )
    },
  }
}

/**
 * What is given to `send`, as middleware sees it.
 *
 * @throws {@link ArgumentError} for headers that are none.
 */
export function sendRecordsOf(values: readonly unknown[], options: SendOptions): SendRecord[] {
  const { key } = options
  const common = checkHeaders(options.headers, 'headers')
  return values.map((given, index) => {
    const fields = messageFields(given)
    const value = fields === undefined ? given : fields.value
    const headers = mergeHeaders(common, fields?.headers ?? [])
    const record = {
      value,
      key: fields?.key ?? (typeof key === 'function' ? key(value, index) : key === undefined ? fields?.usualKey : key),
      headers: toObject(headers),
      partition: fields?.partition ?? options.partition,
      timestamp: fields?.timestamp ?? options.timestamp,
    }
    return keepOrder(record, headers)
  })
}

/**
 * What is given to `sendRecords`, as middleware sees it.
 *
 * @throws {@link ArgumentError} that names the record.
 */
export function sendRecordsOfRaw(records: readonly RecordInput[]): SendRecord[] {
  rawRecords(records)
  return records.map(({ value, key, headers, partition, timestamp }) => {
    const rest = { value, key, partition, timestamp }
    if (!Array.isArray(headers)) return { ...rest, headers: Object.assign(Object.create(null), headers) }
    const list = checkHeaders(headers, 'headers')
    return keepOrder({ ...rest, headers: toObject(list) }, list)
  })
}

/**
 * What the middleware has left of the records of `sendRecords`.
 *
 * @throws {@link ArgumentError} that names the record.
 */
export function rawRecordsOf(records: readonly SendRecord[]): RecordInput[] {
  return records.map((record, index) => {
    const input = record as RecordInput
    return ORDERS.has(record) ? { ...input, headers: headersOf(record, `headers of record ${index}`) } : input
  })
}

/**
 * Encodes what the middleware has left of the records of `send`.
 *
 * @throws {@link ArgumentError} or {@link EncodeError} that names the record.
 */
export function encodeRecords(
  topic: string,
  records: readonly SendRecord[],
  isArray: boolean,
  codec: ResolvedCodec,
): Columns {
  const columns = new ColumnBuilder(records.length)
  for (const [index, record] of records.entries()) {
    const { value, key, partition, timestamp } = record
    const of = isArray ? ` of record ${index}` : ''
    const context = isArray ? { topic, index } : { topic }
    const encoded = codec.encode(value, context)
    const own = headersOf(record, `headers${of}`)
    columns.set(
      index,
      encoded,
      checkKey(key, `key${of}`),
      codec.headers === undefined || encoded === null ? own : mergeHeaders(own, codec.headers(value, context)),
      partition === undefined ? undefined : checkPartition(partition, `partition${of}`),
      timestamp === undefined ? undefined : checkTimestamp(timestamp, `timestamp${of}`),
    )
  }
  return columns
}

/** How headers were given, of records whose object cannot tell: there, repeated ones stand together. */
const ORDERS = new WeakMap<SendRecord, HeaderList>()

function keepOrder(record: SendRecord, headers: HeaderList): SendRecord {
  const names = Object.keys(record.headers)
  const isTold = names.length === headers.length && headers.every(([name], index) => name === names[index])
  if (!isTold) ORDERS.set(record, headers)
  return record
}

/** In the order in which they were given; what middleware has added comes last. */
function headersOf(record: SendRecord, where: string): HeaderList {
  const headers = checkHeaders(record.headers, where)
  const given = ORDERS.get(record)
  if (given === undefined) return headers
  const left = [...headers]
  const ordered: Array<HeaderList[number]> = []
  for (const [name] of given) {
    const at = left.findIndex((header) => header[0] === name)
    if (at >= 0) ordered.push(...left.splice(at, 1))
  }
  return [...ordered, ...left]
}

/** Without a prototype, because `__proto__` is a name like others. */
function toObject(headers: HeaderList): SendRecord['headers'] {
  const byName: SendRecord['headers'] = Object.create(null)
  for (const [name, value] of headers) {
    const before = byName[name]
    if (before === undefined) byName[name] = value
    else byName[name] = Array.isArray(before) ? [...before, value] : [before as HeaderValue, value]
  }
  return byName
}

import type { CodecOption, ResolvedCodec } from '../codec.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { isWellFormed } from '../escape.ts'
import {
  checkHeaders,
  checkKey,
  checkPartition,
  checkTimestamp,
  type HeaderList,
  type HeadersInput,
  type KeyInput,
  messageFields,
} from '../message.ts'
import type { Bytes, Columns } from './packer.ts'

/** Options of one call to send. They hold for each of its records; a builder's own fields win, and an event's headers. */
export interface SendOptions<T = unknown> {
  /** The key, or what gives it for each value. */
  key?: KeyInput | ((value: T, index: number) => KeyInput)
  headers?: HeadersInput
  /** The partition, whatever the key says. */
  partition?: number
  timestamp?: number | Date
  /** How the values become bytes; default: the service's codec. */
  codec?: CodecOption
}

/** A record as KafkaJS users write it: key and value are text or bytes, and sent as they are. */
export interface RecordInput {
  key?: KeyInput
  /** `null` is a tombstone. */
  value: string | Uint8Array | null
  headers?: HeadersInput
  partition?: number
  timestamp?: number | string | Date
}

const NO_HEADERS: HeaderList = []

/** Columns that grow a record at a time; one that no record uses stays undefined. */
export class ColumnBuilder implements Columns {
  readonly values: Bytes[]
  keys: Bytes[] | undefined
  headers: Array<HeaderList | undefined> | undefined
  partitions: Array<number | undefined> | undefined
  timestamps: Array<number | undefined> | undefined

  /** @param count How many records there will be: an array that grows would keep more room than one record needs. */
  constructor(count: number) {
    this.values = new Array<Bytes>(count)
  }

  set(
    index: number,
    value: Bytes,
    key: Bytes,
    headers: HeaderList | undefined,
    partition: number | undefined,
    timestamp: number | undefined,
  ): void {
    this.values[index] = value
    if (key !== null) {
      this.keys ??= new Array<Bytes>(this.values.length).fill(null)
      this.keys[index] = key
    }
    if (headers !== undefined && headers.length > 0) {
      this.headers ??= new Array<HeaderList | undefined>(this.values.length)
      this.headers[index] = headers
    }
    if (partition !== undefined) {
      this.partitions ??= []
      this.partitions[index] = partition
    }
    if (timestamp !== undefined) {
      this.timestamps ??= []
      this.timestamps[index] = timestamp
    }
  }
}

/**
 * Encodes the values of a send. Everything is checked before anything is sent.
 *
 * @throws {@link ArgumentError} or {@link EncodeError} that names the record.
 */
export function encodeValues(
  topic: string,
  values: readonly unknown[],
  isArray: boolean,
  options: SendOptions,
  codec: ResolvedCodec,
): Columns {
  const columns = new ColumnBuilder(values.length)
  const { key: keyOption } = options
  const keyOf = typeof keyOption === 'function' ? keyOption : undefined
  const commonKey = keyOf === undefined ? checkKey(keyOption, 'key') : null
  const headers = checkHeaders(options.headers, 'headers')
  const partition = options.partition === undefined ? undefined : checkPartition(options.partition, 'partition')
  const timestamp = options.timestamp === undefined ? undefined : checkTimestamp(options.timestamp, 'timestamp')
  const context = { topic, index: undefined as number | undefined }
  const { headers: headersOf } = codec
  for (let index = 0; index < values.length; index += 1) {
    const given = values[index]
    if (isArray) context.index = index
    const fields = messageFields(given)
    const value = fields === undefined ? given : fields.value
    const encoded = codec.encode(value, context)
    const ofCodec = headersOf === undefined || encoded === null ? NO_HEADERS : headersOf(value, context)
    let key = commonKey
    if (keyOf !== undefined && (fields === undefined || fields.key === null)) {
      const made = keyOf(value, index)
      // most keys are text without surrogates, which need no closer look
      key = typeof made === 'string' && isWellFormed(made) ? made : checkKey(made, keyName(isArray, index))
    }
    if (fields === undefined) {
      columns.set(index, encoded, key, mergeHeaders(headers, ofCodec), partition, timestamp)
      continue
    }
    columns.set(
      index,
      encoded,
      fields.key ?? (keyOption === undefined ? (fields.usualKey ?? null) : key),
      mergeHeaders(mergeHeaders(headers, fields.headers), ofCodec),
      fields.partition ?? partition,
      fields.timestamp ?? timestamp,
    )
  }
  return columns
}

/**
 * Takes records as they are.
 *
 * @throws {@link ArgumentError} that names the record.
 */
export function rawRecords(records: unknown): Columns {
  if (!Array.isArray(records)) {
    throw new ArgumentError(`sendRecords takes an array of records, but got ${describeValue(records)}.`)
  }
  const columns = new ColumnBuilder(records.length)
  for (let index = 0; index < records.length; index += 1) {
    const record: unknown = records[index]
    if (typeof record !== 'object' || record === null || !('value' in record)) {
      throw new ArgumentError(
        `Record ${index} must be an object with a value (null for a tombstone), but is ${describeValue(record)}.`,
      )
    }
    const { key, value, headers, partition, timestamp } = record as RecordInput
    const name = `of record ${index}`
    columns.set(
      index,
      rawValue(value, `value ${name}`),
      checkKey(key, `key ${name}`),
      headers === undefined ? undefined : checkHeaders(headers, `headers ${name}`),
      partition === undefined || partition === null ? undefined : checkPartition(partition, `partition ${name}`),
      timestamp === undefined || timestamp === null ? undefined : checkTimestamp(timestamp, `timestamp ${name}`),
    )
  }
  return columns
}

function rawValue(value: unknown, where: string): Bytes {
  if (value === null) return null
  if (typeof value === 'string' || value instanceof Uint8Array) return checkKey(value, where)
  throw new ArgumentError(
    `The ${where} must be a string, a Buffer or null, but is ${describeValue(value)}; send() encodes objects.`,
  )
}

/** Headers of a call and of a record, of which the record's own win. */
export function mergeHeaders(common: HeaderList, own: HeaderList): HeaderList {
  if (own.length === 0) return common
  if (common.length === 0) return own
  const merged: Array<HeaderList[number]> = []
  // records have few headers: to go through them costs less than a set of their names
  for (const header of common) if (!hasHeader(own, header[0])) merged.push(header)
  for (const header of own) merged.push(header)
  return merged
}

function hasHeader(headers: HeaderList, name: string): boolean {
  for (const header of headers) if (header[0] === name) return true
  return false
}

function keyName(isArray: boolean, index: number): string {
  return isArray ? `key of record ${index}` : 'key'
}

import { isUtf8 } from 'node:buffer'
import { toBuffer } from './bytes.ts'
import { describeType } from './describe.ts'
import { ArgumentError, DecodeError, EncodeError, type KafkaError } from './errors.ts'
import { escapeForLog, isWellFormed, quote } from './escape.ts'
import { checkHeaders, type HeaderList, type HeadersInput } from './message.ts'
import { suggest } from './suggest.ts'

/** What an encoder is told of the record. */
export interface EncodeContext {
  topic: string
  /** The record's place in an array that is sent; undefined for a single record. */
  index?: number | undefined
}

/** What a decoder is told of the record. */
export interface DecodeContext {
  topic: string
  partition: number
  offset: number
  /** The record's time in milliseconds since the epoch, -1 where it has none. */
  readonly timestamp: number
  /** As UTF-8 text, the last of each name; decoded when they are read. */
  readonly headers: Readonly<Record<string, string | null>>
}

/**
 * Turns values into bytes and back, synchronously. `null` (a tombstone) never reaches a codec: it stays `null` both
 * ways.
 *
 * @typeParam T What handlers receive.
 */
export interface Codec<T = unknown> {
  /** For messages of errors. */
  readonly name?: string
  /** The bytes of a value, text being sent as UTF-8. `null` makes the record a tombstone. */
  encode(value: T, context: EncodeContext): string | Uint8Array | null
  /**
   * The value of the bytes, which are a view of a larger buffer: copy what is to be kept. Whatever it throws is a
   * permanent error.
   */
  decode(bytes: Buffer, context: DecodeContext): T
  /**
   * Headers that belong to the bytes, such as their content type. They take the place of others of their names; those of
   * a tombstone are not asked for.
   */
  headers?(value: T, context: EncodeContext): HeadersInput
}

/** `json`, `string` (UTF-8 text), `buffer` (bytes as they are), or an object with `encode` and `decode`. */
export type CodecOption<T = unknown> = 'json' | 'string' | 'buffer' | Codec<T>

/**
 * A codec after {@link resolveCodec}: it is checked, throws only typed errors, and decodes out of a larger buffer
 * without a copy or an object for every record.
 */
export interface ResolvedCodec<T = unknown> {
  readonly name: string
  /** @throws {@link EncodeError} that names the record. */
  encode(value: unknown, context: EncodeContext): string | Buffer | null
  /**
   * Decodes `bytes[start, end)`; there is no value for a tombstone, so callers keep `null` away.
   *
   * @throws {@link DecodeError} that names topic, partition and offset.
   */
  decode(bytes: Buffer, start: number, end: number, context: DecodeContext): T
  /**
   * Of a value that was encoded to bytes.
   *
   * @throws {@link EncodeError} that names the record.
   */
  readonly headers?: (value: unknown, context: EncodeContext) => HeaderList
}

const REPLACEMENT = '\ufffd'
const BYTE_ORDER_MARK = '\ufeff'

const json: ResolvedCodec = {
  name: 'json',
  encode(value, context) {
    if (value === null) return null
    let text: string | undefined
    try {
      text = JSON.stringify(value)
    } catch (cause) {
      throw encodeError(context, `cannot be written as JSON: ${reason(cause)}`, cause)
    }
    if (text === undefined) throw encodeError(context, `is ${describeType(value)}, which JSON does not have`)
    const lost = lostInJson(value, text)
    if (lost !== undefined) throw encodeError(context, lost)
    return text
  },
  decode(bytes, start, end, context) {
    const text = decodeUtf8(bytes, start, end, context)
    try {
      return JSON.parse(text)
    } catch (cause) {
      if (text.startsWith(BYTE_ORDER_MARK)) return parseAfterMark(text, context)
      throw notJson(cause, context)
    }
  },
}

const string: ResolvedCodec<string> = {
  name: 'string',
  encode(value, context) {
    if (value === null) return null
    if (typeof value !== 'string') {
      throw encodeError(context, `is ${describeType(value)}, but the codec "string" takes strings and null`)
    }
    if (!isWellFormed(value)) throw encodeError(context, 'holds a lone surrogate, which UTF-8 cannot carry')
    return value
  },
  decode: decodeUtf8,
}

const buffer: ResolvedCodec<Buffer> = {
  name: 'buffer',
  encode(value, context) {
    if (value === null) return null
    if (!(value instanceof Uint8Array)) {
      throw encodeError(
        context,
        `is ${describeType(value)}, but the codec "buffer" takes Buffers, Uint8Arrays and null`,
      )
    }
    return toBuffer(value)
  },
  decode: (bytes, start, end) => bytes.subarray(start, end),
}

const BUILT_IN: Readonly<Record<string, ResolvedCodec>> = { json, string, buffer }

/**
 * The codec that an option names.
 *
 * @param fail Makes the error, so that a configuration reports its own kind.
 * @throws {@link ArgumentError}, or what `fail` makes, for anything that is no codec.
 */
export function resolveCodec(
  option: unknown,
  fail: (message: string) => KafkaError = (message) => new ArgumentError(message),
): ResolvedCodec {
  if (typeof option === 'string') {
    const builtIn = Object.hasOwn(BUILT_IN, option) ? BUILT_IN[option] : undefined
    if (builtIn !== undefined) return builtIn
    const near = suggest(option, Object.keys(BUILT_IN))
    throw fail(
      `There is no codec ${quote(option, 60)}${near === undefined ? '' : ` (did you mean "${near}"?)`}: ` +
        'use "json", "string", "buffer" or an object with encode and decode.',
    )
  }
  if (isCodec(option)) return custom(option)
  throw fail(`A codec must be "json", "string", "buffer" or an object with the functions encode and decode.`)
}

function isCodec(option: unknown): option is Codec {
  if (typeof option !== 'object' || option === null) return false
  const { encode, decode } = option as Partial<Codec>
  return typeof encode === 'function' && typeof decode === 'function'
}

function custom(codec: Codec): ResolvedCodec {
  const name = typeof codec.name === 'string' ? codec.name : 'custom'
  return {
    name,
    ...(typeof codec.headers === 'function' && { headers: headersOf(codec, name) }),
    encode(value, context) {
      if (value === null) return null
      let encoded: unknown
      try {
        encoded = codec.encode(value, context)
      } catch (cause) {
        throw refusedToEncode(context, name, cause)
      }
      if (encoded === null) return null
      if (typeof encoded === 'string') return string.encode(encoded, context)
      if (encoded instanceof Uint8Array) return toBuffer(encoded)
      throw encodeError(
        context,
        `was encoded by the codec ${quote(name)} to ${describeType(encoded)}; encode must return a string, bytes or null, and not a promise`,
      )
    },
    decode(bytes, start, end, context) {
      let decoded: unknown
      try {
        decoded = codec.decode(bytes.subarray(start, end), context)
      } catch (cause) {
        if (cause instanceof DecodeError) throw cause
        throw decodeError(context, `was refused by the codec ${quote(name)}: ${reason(cause)}`, cause)
      }
      if (!(decoded instanceof Promise)) return decoded
      throw decodeError(context, `was decoded by the codec ${quote(name)} to a promise; decode must be synchronous`)
    },
  }
}

function headersOf(codec: Codec, name: string): (value: unknown, context: EncodeContext) => HeaderList {
  return (value, context) => {
    try {
      return checkHeaders(codec.headers?.(value, context), 'headers')
    } catch (cause) {
      throw refusedToEncode(context, name, cause)
    }
  }
}

/** What a codec that builds upon another lets through says all that is to be said. */
function refusedToEncode(context: EncodeContext, name: string, cause: unknown): EncodeError {
  if (cause instanceof EncodeError) return cause
  return encodeError(context, `was refused by the codec ${quote(name)}: ${reason(cause)}`, cause)
}

/** Replaced characters would be a wrong value, so bytes that are not UTF-8 are an error. */
function decodeUtf8(bytes: Buffer, start: number, end: number, context: DecodeContext): string {
  const text = bytes.toString('utf8', start, end)
  // U+FFFD is rare, and looking for it is far cheaper than validating every record.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    throw decodeError(context, 'is not valid UTF-8')
  }
  return text
}

/** A byte order mark is allowed to be ignored (RFC 8259), and only records that failed to parse are looked at for it. */
function parseAfterMark(text: string, context: DecodeContext): unknown {
  try {
    return JSON.parse(text.slice(BYTE_ORDER_MARK.length))
  } catch (cause) {
    throw notJson(cause, context)
  }
}

/** V8 quotes a piece of the text, which may be anything that people send: it stays out of the error and its causes. */
function notJson(cause: unknown, context: DecodeContext): DecodeError {
  const text = cause instanceof Error ? cause.message : ''
  const problem = text.replace(/(?:^|,? )(?:\.\.\.)?"[\s\S]*"(?:\.\.\.)? is not valid JSON$/, '')
  return decodeError(context, `is not JSON${problem === '' ? '' : ` (${escapeForLog(problem)})`}`)
}

/** Values that JSON.stringify takes without a word and that nobody gets back. */
function lostInJson(value: unknown, text: string): string | undefined {
  if (value instanceof Promise) return 'is a Promise: await it first'
  if (ArrayBuffer.isView(value)) return 'is binary: use the codec "buffer" or sendRecords'
  if (text === '{}' && (value instanceof Map || value instanceof Set)) {
    return `is ${describeType(value)}, which JSON writes as {}: convert it to an object or an array first`
  }
  return undefined
}

function encodeError(context: EncodeContext, problem: string, cause?: unknown): EncodeError {
  const record = context.index === undefined ? 'The value' : `The value of record ${context.index} of the array`
  return new EncodeError(`${record} for topic ${quote(context.topic)} ${problem}.`, { topic: context.topic, cause })
}

function decodeError(context: DecodeContext, problem: string, cause?: unknown): DecodeError {
  const { topic, partition, offset } = context
  return new DecodeError(`The value at ${quote(topic)} [${partition}] offset ${offset} ${problem}.`, {
    topic,
    partition,
    offset,
    cause,
  })
}

/** The first line of what was thrown: V8 draws the path of a circular structure over several. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return quote(text.split('\n', 1)[0] ?? '')
}

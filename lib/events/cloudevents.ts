// CloudEvents 1.0 and its Kafka binding: https://github.com/cloudevents/spec, with the extensions "correlation" and
// "partitioning".
import { type DecodeContext, type EncodeContext, resolveCodec } from '../codec.ts'
import { describeType } from '../describe.ts'
import type { HeadersInput } from '../message.ts'
import type { BaseEvent, EnvelopeFields } from './envelope.ts'
import {
  asObject,
  type Fields,
  FORBIDDEN,
  type Format,
  numberOf,
  textOf,
  textOrNumber,
  timeOf,
  unknownFields,
  usual,
} from './format.ts'

const CONTENT_TYPE = 'content-type'
const PREFIX = 'ce_'
const JSON_TYPE = 'application/json'
const STRUCTURED = 'application/cloudevents+json'
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
/** The specification lets attributes have no other names. */
const ATTRIBUTE = /^[a-z0-9]+$/

const KNOWN = new Set([
  ...['specversion', 'id', 'source', 'type', 'time', 'data', 'data_base64', 'version', 'metadata', 'correlationid'],
  ...['causationid', 'aggregateid', 'aggregatetype', 'commandname', 'replyto', 'timeoutms', ...FORBIDDEN],
])

const json = resolveCodec('json')
const utf8 = resolveCodec('string')

type Attributes = Record<string, string | number | boolean>

/** The attributes in headers, the data as the value. */
export const binary: Format = {
  encode: (event, context) => bytesOf(event, context),
  headers(event) {
    const headers: Record<string, string> = { [CONTENT_TYPE]: contentType(event) }
    for (const [name, value] of Object.entries(attributesOf(event))) {
      if (name !== 'datacontenttype') headers[PREFIX + name] = String(value)
    }
    return headers
  },
  decode,
}

/** All in the value, as JSON. */
export const structured: Format = {
  encode(event, context) {
    const { data } = event
    const content = data instanceof Uint8Array ? { data_base64: Buffer.from(data).toString('base64') } : { data }
    return json.encode({ ...attributesOf(event), ...content }, context) as string
  },
  headers: (): HeadersInput => ({ [CONTENT_TYPE]: `${STRUCTURED}; charset=UTF-8` }),
  decode,
}

/** Either mode: the content type tells which. */
function decode(bytes: Buffer, context: DecodeContext): EnvelopeFields {
  const { headers } = context
  const type = headers[CONTENT_TYPE]?.toLowerCase() ?? ''
  if (type.startsWith(STRUCTURED)) return ofStructured(json.decode(bytes, 0, bytes.length, context), context)
  if (type.startsWith('application/cloudevents')) throw new TypeError('its event format is not JSON')
  if (typeof headers[`${PREFIX}specversion`] === 'string') return ofBinary(bytes, context)
  throw new TypeError(`it is no CloudEvent: it has neither the content type ${STRUCTURED} nor ${PREFIX} headers`)
}

function ofStructured(value: unknown, context: DecodeContext): EnvelopeFields {
  const given = asObject(value, 'it')
  const base64 = textOf(given.data_base64, 'data_base64')
  return fieldsOf(given, base64 === undefined ? (given.data ?? null) : Buffer.from(base64, 'base64'), context)
}

function ofBinary(bytes: Buffer, context: DecodeContext): EnvelopeFields {
  const given: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(context.headers)) {
    const attribute = name.slice(PREFIX.length)
    if (name.startsWith(PREFIX) && ATTRIBUTE.test(attribute)) given[attribute] = value
  }
  const type = context.headers[CONTENT_TYPE] ?? JSON_TYPE
  given.datacontenttype = type
  if (typeof given.timeoutms === 'string') given.timeoutms = Number(given.timeoutms)
  return fieldsOf(given, contentOf(bytes, type, context), context)
}

function fieldsOf(given: Fields, data: unknown, context: DecodeContext): EnvelopeFields {
  const { specversion, aggregateid, partitionkey, datacontenttype } = given
  if (specversion !== '1.0') throw new TypeError('its "specversion" is not 1.0')
  const metadata = metadataOf(given.metadata)
  const rest: Record<string, unknown> = { ...unknownFields(given, KNOWN) }
  if (datacontenttype === JSON_TYPE) rest.datacontenttype = undefined
  if (partitionkey === aggregateid) rest.partitionkey = undefined
  if (metadata === undefined) rest.metadata = given.metadata
  return {
    id: required(given.id, 'id'),
    type: required(given.type, 'type'),
    version: textOrNumber(given.version, 'version') ?? usual.version,
    timestamp: timeOf(given.time, 'time') ?? usual.timestamp(context),
    source: required(given.source, 'source'),
    data,
    metadata,
    correlationId: textOf(given.correlationid, 'correlationid'),
    causationId: textOf(given.causationid, 'causationid'),
    aggregateId: textOf(aggregateid, 'aggregateid'),
    aggregateType: textOf(given.aggregatetype, 'aggregatetype'),
    commandName: textOf(given.commandname, 'commandname'),
    replyTo: textOf(given.replyto, 'replyto'),
    timeoutMs: numberOf(given.timeoutms, 'timeoutms'),
    extensions: defined(rest),
  }
}

function attributesOf(event: BaseEvent): Attributes {
  const { aggregateId, metadata } = event
  const attributes: Record<string, unknown> = {
    ...extensionsOf(event),
    specversion: '1.0',
    id: event.id,
    source: event.source,
    type: event.type,
    time: RFC_3339.test(event.timestamp) ? event.timestamp : new Date(event.timestamp).toISOString(),
    datacontenttype: contentType(event),
    version: event.version,
    correlationid: event.correlationId,
    causationid: event.causationId,
    partitionkey: event.extensions?.partitionkey ?? aggregateId,
    aggregateid: aggregateId,
    aggregatetype: event.aggregateType,
    commandname: event.commandName,
    replyto: event.replyTo,
    timeoutms: event.timeoutMs,
  }
  // an attribute has no object for a value
  if (metadata !== undefined) attributes.metadata = JSON.stringify(metadata)
  return (defined(attributes) ?? {}) as Attributes
}

/** Further fields of an event, which must be attributes to the specification. */
function extensionsOf({ extensions = {} }: BaseEvent): Fields {
  for (const [name, value] of Object.entries(extensions)) {
    if (value === undefined || value === null) continue
    if (!ATTRIBUTE.test(name))
      throw new TypeError(`"${name}" is no name for an attribute of a CloudEvent: use a-z and 0-9`)
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isInteger(value)) {
      throw new TypeError(
        `its attribute "${name}" is ${describeType(value)}; it can be text, a boolean or a whole number`,
      )
    }
  }
  return extensions
}

function contentType({ data, extensions }: BaseEvent): string {
  const usualType = data instanceof Uint8Array ? 'application/octet-stream' : JSON_TYPE
  return textOf(extensions?.datacontenttype, 'datacontenttype') ?? usualType
}

function bytesOf(event: BaseEvent, context: EncodeContext): string | Uint8Array {
  const { data } = event
  if (data instanceof Uint8Array) return data
  const type = contentType(event)
  if (isJson(type)) return data === null ? 'null' : (json.encode(data, context) as string)
  if (typeof data === 'string') return data
  throw new TypeError(`its data is ${describeType(data)}, and can be text or bytes with the content type "${type}"`)
}

function contentOf(bytes: Buffer, type: string, context: DecodeContext): unknown {
  if (isJson(type)) return json.decode(bytes, 0, bytes.length, context)
  if (/^text\/|[/+]xml\b/i.test(type)) return utf8.decode(bytes, 0, bytes.length, context)
  return Buffer.from(bytes)
}

function isJson(contentType: string): boolean {
  return /^[^;]*[/+]json\b/i.test(contentType)
}

function metadataOf(value: unknown): Fields | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return asObject(JSON.parse(value), 'metadata')
  } catch {
    return undefined
  }
}

function required(value: unknown, name: string): string {
  const text = textOf(value, name)
  if (text !== undefined) return text
  throw new TypeError(`it has no "${name}", which every CloudEvent has`)
}

/** Without what is null or undefined; undefined where nothing is left. */
function defined(fields: Fields): Fields | undefined {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

// CloudEvents 1.0 and its Kafka binding: https://github.com/cloudevents/spec, with the extensions "correlation" and
// "partitioning".
import { type DecodeContext, type EncodeContext, resolveCodec } from '../codec.ts'
import { RecordContext } from '../consumer/record.ts'
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
  unknownFieldsOf,
  usual,
} from './format.ts'

const CONTENT_TYPE = 'content-type'
const PREFIX = 'ce_'
const JSON_TYPE = 'application/json'
const STRUCTURED = 'application/cloudevents+json'
const STRUCTURED_TYPE = `${STRUCTURED}; charset=UTF-8`
const STRUCTURED_HEADERS = Object.freeze({ [CONTENT_TYPE]: STRUCTURED_TYPE })
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
/** What JSON has to escape in a text. Of surrogates only lone ones, but to tell them from pairs takes longer. */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/
/** The specification lets attributes have no other names. */
const ATTRIBUTE = /^[a-z0-9]+$/

const KNOWN_NAMES = [
  ...['specversion', 'id', 'source', 'type', 'time', 'version', 'metadata', 'correlationid', 'causationid'],
  ...['aggregateid', 'aggregatetype', 'commandname', 'replyto', 'timeoutms', 'partitionkey'],
  ...['datacontenttype', 'data', 'data_base64', ...FORBIDDEN],
]
const unknownMembers = unknownFieldsOf(new Set(KNOWN_NAMES))
const KNOWN_HEADERS = new Set(KNOWN_NAMES.map((name) => PREFIX + name))

const json = resolveCodec('json')
const utf8 = resolveCodec('string')

/** The attributes in headers, the data as the value. */
export const binary: Format = {
  encode: (event, context) => bytesOf(event, context),
  headers: headersOf,
  decode,
}

/** All in the value, as JSON. */
export const structured: Format = {
  encode: structuredText,
  headers: () => STRUCTURED_HEADERS,
  decode,
}

/** Either mode: the content type tells which. */
function decode(bytes: Buffer, context: DecodeContext): EnvelopeFields {
  if (isStructured(contentTypeOf(context))) {
    return ofStructured(json.decode(bytes, 0, bytes.length, context), context)
  }
  // once: reading them decodes them
  const { headers } = context
  if (typeof headers.ce_specversion === 'string') return ofBinary(bytes, headers, context)
  throw new TypeError(`it is no CloudEvent: it has neither the content type ${STRUCTURED} nor ${PREFIX} headers`)
}

/** Of a record, without decoding its other headers. */
function contentTypeOf(context: DecodeContext): string {
  if (context instanceof RecordContext) return RecordContext.header(context, CONTENT_TYPE) ?? ''
  return context.headers[CONTENT_TYPE] ?? ''
}

function isStructured(type: string): boolean {
  // what is written here, and by most others, needs no closer look
  if (type === STRUCTURED_TYPE || type === JSON_TYPE) return type === STRUCTURED_TYPE
  const lower = type.toLowerCase()
  if (lower.startsWith(STRUCTURED)) return true
  if (lower.startsWith('application/cloudevents')) throw new TypeError('its event format is not JSON')
  return false
}

function ofStructured(value: unknown, context: DecodeContext): EnvelopeFields {
  const given = asObject(value, 'it')
  const base64 = textOf(given.data_base64, 'data_base64')
  const data = base64 === undefined ? (given.data ?? null) : Buffer.from(base64, 'base64')
  return fieldsOf(given, data, unknownMembers(given), context)
}

function ofBinary(bytes: Buffer, headers: DecodeContext['headers'], context: DecodeContext): EnvelopeFields {
  const type = headers[CONTENT_TYPE] ?? JSON_TYPE
  const timeoutMs = headers.ce_timeoutms
  const given = {
    specversion: headers.ce_specversion,
    id: headers.ce_id,
    source: headers.ce_source,
    type: headers.ce_type,
    time: headers.ce_time,
    datacontenttype: type,
    version: headers.ce_version,
    correlationid: headers.ce_correlationid,
    causationid: headers.ce_causationid,
    partitionkey: headers.ce_partitionkey,
    aggregateid: headers.ce_aggregateid,
    aggregatetype: headers.ce_aggregatetype,
    commandname: headers.ce_commandname,
    replyto: headers.ce_replyto,
    timeoutms: typeof timeoutMs === 'string' ? Number(timeoutMs) : timeoutMs,
    metadata: headers.ce_metadata,
  }
  return fieldsOf(given, contentOf(bytes, type, context), unknownAttributes(headers), context)
}

function unknownAttributes(headers: DecodeContext['headers']): Fields | undefined {
  let unknown: Record<string, unknown> | undefined
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(PREFIX) || KNOWN_HEADERS.has(name)) continue
    const attribute = name.slice(PREFIX.length)
    if (!ATTRIBUTE.test(attribute)) continue
    unknown ??= {}
    unknown[attribute] = headers[name]
  }
  return unknown
}

function fieldsOf(given: Fields, data: unknown, unknown: Fields | undefined, context: DecodeContext): EnvelopeFields {
  if (given.specversion !== '1.0') throw new TypeError('its "specversion" is not 1.0')
  const metadata = metadataOf(given.metadata)
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
    aggregateId: textOf(given.aggregateid, 'aggregateid'),
    aggregateType: textOf(given.aggregatetype, 'aggregatetype'),
    commandName: textOf(given.commandname, 'commandname'),
    replyTo: textOf(given.replyto, 'replyto'),
    timeoutMs: numberOf(given.timeoutms, 'timeoutms'),
    extensions: extensionsOf(given, metadata, unknown),
  }
}

/** What no field of an event says; undefined where that is nothing. */
function extensionsOf(given: Fields, metadata: Fields | undefined, unknown: Fields | undefined): Fields | undefined {
  const datacontenttype = given.datacontenttype === JSON_TYPE ? undefined : given.datacontenttype
  const partitionkey = given.partitionkey === given.aggregateid ? undefined : given.partitionkey
  const text = metadata === undefined ? given.metadata : undefined
  // almost always there are none, and looking through an object would cost more than all above
  if ((datacontenttype ?? partitionkey ?? text ?? unknown ?? undefined) === undefined) return undefined
  return defined({ ...unknown, datacontenttype, partitionkey, metadata: text })
}

function structuredText(event: BaseEvent, context: EncodeContext): string {
  const { data } = event
  const attributes = plainAttributes(event) ?? JSON.stringify(attributesOf(event)).slice(0, -1)
  if (data instanceof Uint8Array) return `${attributes},"data_base64":"${Buffer.from(data).toString('base64')}"}`
  return `${attributes},"data":${json.encode(data, context)}}`
}

/**
 * The beginning of an event in the structured mode, where its attributes are texts without escapes, as nearly always:
 * JSON.stringify takes longer for each than it takes to look for escapes in all. Undefined for other events.
 */
function plainAttributes(event: BaseEvent): string | undefined {
  const { id, source, type, version, correlationId, causationId, aggregateId, aggregateType, metadata } = event
  const hasMore = event.extensions ?? event.commandName ?? event.replyTo ?? event.timeoutMs
  if (hasMore !== undefined || event.data instanceof Uint8Array) return undefined
  if (!isText(correlationId) || !isText(causationId) || !isText(aggregateId) || !isText(aggregateType)) return undefined
  const at = time(event)
  const texts = `${id}${source}${type}${version}${at}${correlationId}${causationId}${aggregateId}${aggregateType}`
  if (ESCAPED.test(texts)) return undefined
  return (
    `{"specversion":"1.0","id":"${id}","source":"${source}","type":"${type}","time":"${at}"` +
    `,"datacontenttype":"${JSON_TYPE}","version":"${version}"` +
    (correlationId === undefined ? '' : `,"correlationid":"${correlationId}"`) +
    (causationId === undefined ? '' : `,"causationid":"${causationId}"`) +
    (aggregateId === undefined ? '' : `,"partitionkey":"${aggregateId}","aggregateid":"${aggregateId}"`) +
    (aggregateType === undefined ? '' : `,"aggregatetype":"${aggregateType}"`) +
    (metadata === undefined ? '' : `,"metadata":${JSON.stringify(JSON.stringify(metadata))}`)
  )
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

/** The attributes of an event in the structured mode. */
function attributesOf(event: BaseEvent): Fields {
  const { extensions } = event
  const attributes: Record<string, unknown> = {
    specversion: '1.0',
    id: event.id,
    source: event.source,
    type: event.type,
    time: time(event),
    datacontenttype: contentType(event),
    version: event.version,
  }
  const partitionkey = extensions?.partitionkey ?? event.aggregateId
  const metadata = metadataText(event)
  // JSON leaves undefined ones out as well, and takes longer for each than a look at it here
  if (isGiven(event.correlationId)) attributes.correlationid = event.correlationId
  if (isGiven(event.causationId)) attributes.causationid = event.causationId
  if (isGiven(partitionkey)) attributes.partitionkey = partitionkey
  if (isGiven(event.aggregateId)) attributes.aggregateid = event.aggregateId
  if (isGiven(event.aggregateType)) attributes.aggregatetype = event.aggregateType
  if (isGiven(event.commandName)) attributes.commandname = event.commandName
  if (isGiven(event.replyTo)) attributes.replyto = event.replyTo
  if (isGiven(event.timeoutMs)) attributes.timeoutms = event.timeoutMs
  if (isGiven(metadata)) attributes.metadata = metadata
  return extensions === undefined ? attributes : { ...checkedExtensions(extensions), ...attributes }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The event's headers in the binary mode; those that are undefined are left out. */
function headersOf(event: BaseEvent): HeadersInput {
  const { extensions } = event
  const headers = {
    [CONTENT_TYPE]: contentType(event),
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
    ce_time: time(event),
    ce_version: event.version,
    ce_correlationid: text(event.correlationId),
    ce_causationid: text(event.causationId),
    ce_partitionkey: text(extensions?.partitionkey ?? event.aggregateId),
    ce_aggregateid: text(event.aggregateId),
    ce_aggregatetype: text(event.aggregateType),
    ce_commandname: text(event.commandName),
    ce_replyto: text(event.replyTo),
    ce_timeoutms: text(event.timeoutMs),
    ce_metadata: text(metadataText(event)),
  }
  if (extensions === undefined) return headers
  const further: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(checkedExtensions(extensions))) {
    if (name !== 'datacontenttype') further[PREFIX + name] = text(value)
  }
  return { ...further, ...headers }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : value === undefined || value === null ? undefined : String(value)
}

function time({ timestamp }: BaseEvent): string {
  return RFC_3339.test(timestamp) ? timestamp : new Date(timestamp).toISOString()
}

/** An attribute has no object for a value. */
function metadataText({ metadata, extensions }: BaseEvent): unknown {
  return metadata === undefined ? (extensions?.metadata ?? undefined) : JSON.stringify(metadata)
}

/** Further fields of an event, which must be attributes to the specification. */
function checkedExtensions(extensions: Fields): Fields {
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
  return defined(extensions) ?? {}
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
  return contentType === JSON_TYPE || /^[^;]*[/+]json\b/i.test(contentType)
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

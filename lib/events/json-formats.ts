import { type DecodeContext, type EncodeContext, resolveCodec } from '../codec.ts'
import { HEADERS } from '../headers.ts'
import { type BaseEvent, type EnvelopeFields, flattened } from './envelope.ts'
import {
  asObject,
  type Fields,
  FORBIDDEN,
  type Format,
  numberOf,
  objectOf,
  textOf,
  textOrNumber,
  timeOf,
  unknownFieldsOf,
  usual,
} from './format.ts'

const json = resolveCodec('json')

/** A format whose records are JSON objects. Fields are named one by one: loops over names cost more than the JSON. */
function jsonFormat(
  write: (event: BaseEvent) => object,
  read: (given: Fields, context: DecodeContext) => EnvelopeFields,
): Format {
  return {
    encode: (event, context: EncodeContext) => json.encode(write(event), context) as string,
    decode: (bytes, context) => read(asObject(json.decode(bytes, 0, bytes.length, context), 'it'), context),
  }
}

const unknownOfNarad = unknownBeside(
  ...['id', 'type', 'version', 'timestamp', 'source', 'data', 'metadata', 'correlationId', 'causationId'],
  ...['aggregateId', 'aggregateType', 'commandName', 'replyTo', 'timeoutMs'],
)

/** The fields of an event under their own names. */
export const narad = jsonFormat(
  (event) => (event.extensions === undefined ? event : flattened(event)),
  (given, context) => ({
    id: textOrNumber(given.id, 'id') ?? usual.id(context.headers, context),
    type: textOf(given.type, 'type') ?? usual.type(context.headers),
    version: textOrNumber(given.version, 'version') ?? usual.version,
    timestamp: timeOf(given.timestamp, 'timestamp') ?? usual.timestamp(context),
    source: textOf(given.source, 'source') ?? usual.source(context.headers),
    data: given.data ?? null,
    metadata: objectOf(given.metadata, 'metadata'),
    correlationId: textOf(given.correlationId, 'correlationId'),
    causationId: textOf(given.causationId, 'causationId'),
    aggregateId: textOf(given.aggregateId, 'aggregateId'),
    aggregateType: textOf(given.aggregateType, 'aggregateType'),
    commandName: textOf(given.commandName, 'commandName'),
    replyTo: textOf(given.replyTo, 'replyTo'),
    timeoutMs: numberOf(given.timeoutMs, 'timeoutMs'),
    extensions: unknownOfNarad(given),
  }),
)

const unknownOfSnakeCase = unknownBeside(
  ...['event_id', 'event_type', 'version', 'timestamp', 'service_name', 'data', 'metadata', 'correlation_id'],
  ...['causation_id', 'aggregate_id', 'aggregate_type', 'command_name', 'reply_to', 'timeout_ms'],
)

/** As Python services name them; metadata is always there. */
export const snakeCase = jsonFormat(
  (event) => {
    const fields = {
      event_id: event.id,
      event_type: event.type,
      timestamp: event.timestamp,
      service_name: event.source,
      version: event.version,
      data: event.data,
      metadata: event.metadata ?? {},
      aggregate_id: event.aggregateId,
      aggregate_type: event.aggregateType,
      correlation_id: event.correlationId,
      causation_id: event.causationId,
      command_name: event.commandName,
      reply_to: event.replyTo,
      timeout_ms: event.timeoutMs,
    }
    return withExtensions(event, fields)
  },
  (given, context) => ({
    id: textOrNumber(given.event_id, 'event_id') ?? usual.id(context.headers, context),
    type: textOf(given.event_type, 'event_type') ?? usual.type(context.headers),
    version: textOrNumber(given.version, 'version') ?? usual.version,
    timestamp: timeOf(given.timestamp, 'timestamp') ?? usual.timestamp(context),
    source: textOf(given.service_name, 'service_name') ?? usual.source(context.headers),
    data: given.data ?? null,
    metadata: objectOf(given.metadata, 'metadata'),
    correlationId: textOf(given.correlation_id, 'correlation_id'),
    causationId: textOf(given.causation_id, 'causation_id'),
    aggregateId: textOrNumber(given.aggregate_id, 'aggregate_id'),
    aggregateType: textOf(given.aggregate_type, 'aggregate_type'),
    commandName: textOf(given.command_name, 'command_name'),
    replyTo: textOf(given.reply_to, 'reply_to'),
    timeoutMs: numberOf(given.timeout_ms, 'timeout_ms'),
    extensions: unknownOfSnakeCase(given),
  }),
)

const unknownOfPayload = unknownBeside('type', 'timestamp', 'payload')

/** Type, timestamp and payload; id, source and correlation are in the headers alone. */
export const payload = jsonFormat(
  (event) => withExtensions(event, { type: event.type, timestamp: event.timestamp, payload: event.data }),
  (given, context) => bare(given, given.payload ?? null, unknownOfPayload(given), context),
)

const FLAT = new Set(['type', 'timestamp', ...FORBIDDEN])

/** The data beside type and timestamp; id, source and correlation are in the headers alone. */
export const flat = jsonFormat(
  ({ extensions, type, timestamp, data }) => {
    const fields = asObject(data, 'its data')
    for (const name of ['type', 'timestamp']) {
      if (Object.hasOwn(fields, name)) throw new TypeError(`its data has a field "${name}", as the event itself has`)
    }
    return { ...extensions, ...fields, type, timestamp }
  },
  (given, context) => bare(given, dataOf(given), undefined, context),
)

function dataOf(given: Fields): Fields {
  const data: Record<string, unknown> = {}
  for (const name of Object.keys(given)) if (!FLAT.has(name)) data[name] = given[name]
  return data
}

/** What is known of an event whose record has a type and a timestamp. */
function bare(given: Fields, data: unknown, extensions: Fields | undefined, context: DecodeContext): EnvelopeFields {
  const { headers } = context
  return {
    id: usual.id(headers, context),
    type: textOf(given.type, 'type') ?? usual.type(headers),
    version: usual.version,
    timestamp: timeOf(given.timestamp, 'timestamp') ?? usual.timestamp(context),
    source: usual.source(headers),
    data,
    metadata: undefined,
    correlationId: headers[HEADERS.correlationId] ?? undefined,
    causationId: headers[HEADERS.causationId] ?? undefined,
    aggregateId: undefined,
    aggregateType: undefined,
    commandName: undefined,
    replyTo: undefined,
    timeoutMs: undefined,
    extensions,
  }
}

/** The fields win. Most events have no extensions, and an object that is copied costs more than its JSON. */
function withExtensions({ extensions }: BaseEvent, fields: object): object {
  return extensions === undefined ? fields : { ...extensions, ...fields }
}

function unknownBeside(...known: readonly string[]): (given: Fields) => Fields | undefined {
  return unknownFieldsOf(new Set([...known, ...FORBIDDEN]))
}

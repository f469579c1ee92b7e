import type { Codec } from '../codec.ts'
import { decimal, headerOf, type Peer, type RemoteFailure } from './peer.ts'
import { SPRING_ID, SPRING_PARTITION, SPRING_TOPIC } from './spring-peer.ts'

const NEST_ERROR = 'kafka_nest-err'
const NEST_IS_DISPOSED = 'kafka_nest-is-disposed'

/** As NestJS does it: text stays as it is, objects and arrays are JSON, and the rest is its `toString()`. */
const nestCodec: Codec = {
  name: 'nest',
  encode(value) {
    if (value === null || value === undefined) return null
    if (typeof value === 'string' || value instanceof Uint8Array) return value
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  },
  decode(bytes) {
    // what begins with a zero is binary
    if (bytes[0] === 0) return bytes
    const text = bytes.toString()
    return /^[{[]/.test(text) ? (parsed(text) ?? text) : text
  },
}

/**
 * The Kafka transport of NestJS: `ClientKafka.send` and `@MessagePattern`. The id and the partition are text. An error is
 * one header, of which objects are JSON; `is-disposed` says that no further reply comes.
 */
export const nestPeer: Peer = {
  codec: nestCodec,
  idHeader: SPRING_ID,
  newId: () => Buffer.from(crypto.randomUUID()),
  requestHeaders: ({ id, topic, partition }) => ({
    [SPRING_ID]: id,
    [SPRING_TOPIC]: topic,
    [SPRING_PARTITION]: String(partition),
  }),
  readRequest(headers) {
    const [id, topic] = [headerOf(headers, SPRING_ID), headerOf(headers, SPRING_TOPIC)]
    if (id === undefined || topic === undefined) return undefined
    const partition = headerOf(headers, SPRING_PARTITION)
    return { id, topic: topic.toString(), ...(partition !== undefined && { partition: decimal(partition) }) }
  },
  replyHeaders: (id, failure) => ({
    [SPRING_ID]: id,
    ...(failure !== undefined && { [NEST_ERROR]: JSON.stringify({ status: 'error', ...failure }) }),
    [NEST_IS_DISPOSED]: Buffer.alloc(1),
  }),
  readFailure(headers) {
    const error = headerOf(headers, NEST_ERROR)
    return error === undefined ? undefined : readError(error.toString())
  },
}

function readError(text: string): RemoteFailure {
  const fields = (parsed(text) ?? {}) as { readonly [field: string]: unknown }
  const read = (field: string) => (typeof fields[field] === 'string' ? (fields[field] as string) : undefined)
  return { name: read('name') ?? 'Error', message: read('message') ?? text, code: read('code') }
}

/** The object or array of a JSON text; undefined for anything else. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

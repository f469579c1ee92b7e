import type { Socket } from 'node:net'
import type { ResolvedConfig } from '../index.ts'
import type { Address, Finding } from './doctor-network.ts'

/** A broker as it tells its clients where to come. */
export interface Advertised extends Address {
  readonly id: number
}

/** By Kafka's numbers. */
const METADATA = { key: 3, version: 1 }
const SASL_HANDSHAKE = { key: 17, version: 1 }
const API_VERSIONS = { key: 18, version: 0 }
/** What a service sends, by Kafka's numbers, and the least version of it: those of Kafka 1.0. */
const NEEDED: ReadonlyArray<readonly [name: string, key: number, version: number]> = [
  ['Produce', 0, 3],
  ['Fetch', 1, 4],
  ['ListOffsets', 2, 1],
  ['Metadata', 3, 1],
  ['OffsetCommit', 8, 2],
  ['JoinGroup', 11, 1],
  ['InitProducerId', 22, 0],
]
const UNSUPPORTED_MECHANISM = 33
const TIMEOUT_MS = 5_000
const MOST_BYTES = 1024 * 1024

/** What a connection said that was no answer to a request of Kafka. */
class NoKafka extends Error {
  readonly first: Buffer

  constructor(first: Buffer) {
    super('no answer of Kafka')
    this.first = first
  }
}

/** Asks which requests the broker knows, before any login. */
export async function askVersions(
  socket: Socket,
  isTls: boolean,
): Promise<Finding & { requests?: ReadonlySet<number> }> {
  let body: Buffer
  try {
    body = await ask(socket, API_VERSIONS, Buffer.alloc(0))
  } catch (error) {
    return notKafka(error, isTls)
  }
  const newest = new Map<number, number>()
  for (let at = 6; at + 6 <= body.length; at += 6) newest.set(body.readInt16BE(at), body.readInt16BE(at + 4))
  const missing = NEEDED.filter(([, key, version]) => (newest.get(key) ?? -1) < version).map(([name]) => name)
  if (missing.length > 0) {
    return {
      outcome: 'failed',
      detail: `the broker is too old: it lacks ${missing.join(', ')} as they are needed`,
      remedy: 'use Kafka 1.0 or newer',
    }
  }
  const requests = new Set(newest.keys())
  const known = NEEDED.slice(0, 2).map(([name, key]) => `${name} up to ${newest.get(key)}`)
  return { outcome: 'ok', detail: `${requests.size} kinds of requests, ${known.join(', ')}`, requests }
}

/** Asks which logins the listener takes, without trying one. */
export async function askMechanisms(socket: Socket, sasl: ResolvedConfig['sasl']): Promise<Finding> {
  const wanted = sasl === false ? undefined : sasl.mechanism.toUpperCase()
  // a name that no broker has makes it list those that it has
  const name = Buffer.from(wanted ?? 'NONE')
  let body: Buffer
  try {
    body = await ask(socket, SASL_HANDSHAKE, Buffer.concat([int16(name.length), name]))
  } catch {
    return {
      outcome: 'failed',
      detail: 'the broker closed the connection when it was asked for its logins',
      remedy: 'look at its log',
    }
  }
  const error = body.readInt16BE(0)
  const offered = mechanismsIn(body)
  if (error === 0) return { outcome: 'ok', detail: `the listener takes ${wanted}` }
  if (error === UNSUPPORTED_MECHANISM && wanted === undefined) {
    return {
      outcome: 'failed',
      detail: `the listener wants a login (${offered.join(', ')}), and none is configured`,
      remedy: 'set sasl, or KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    }
  }
  if (error === UNSUPPORTED_MECHANISM) {
    const remedy = `set sasl.mechanism (KAFKA_SASL_MECHANISM) to ${offered.join(' or ').toLowerCase()}`
    return { outcome: 'failed', detail: `the listener takes ${offered.join(', ')}, and not ${wanted}`, remedy }
  }
  if (wanted === undefined) return { outcome: 'ok', detail: 'the listener wants no login' }
  return {
    outcome: 'failed',
    detail: 'the listener has no logins',
    remedy: 'leave sasl and all KAFKA_SASL_… variables out, or use the port of the SASL listener',
  }
}

/** Where the brokers say that they are, which one is told without a login alone. */
export async function askBrokers(socket: Socket): Promise<Advertised[]> {
  // of no topic
  const body = await ask(socket, METADATA, Buffer.alloc(4))
  const brokers: Advertised[] = []
  let at = 4
  for (let left = body.readInt32BE(0); left > 0; left -= 1) {
    const length = body.readInt16BE(at + 4)
    const end = at + 6 + length
    brokers.push({ id: body.readInt32BE(at), host: body.toString('utf8', at + 6, end), port: body.readInt32BE(end) })
    at = end + 6 + Math.max(0, body.readInt16BE(end + 4))
  }
  return brokers
}

function notKafka(error: unknown, isTls: boolean): Finding {
  const first = error instanceof NoKafka ? error.first : Buffer.alloc(0)
  // a record of TLS: an alert, or a handshake
  if (!isTls && (first[0] === 0x15 || first[0] === 0x16) && first[1] === 3) {
    return { outcome: 'failed', detail: 'the port speaks TLS', remedy: 'set ssl: true (KAFKA_SSL=true)' }
  }
  if (first.toString('latin1', 0, 5) === 'HTTP/') {
    return { outcome: 'failed', detail: 'a web server answers', remedy: 'use the port of Kafka, which is often 9092' }
  }
  const what = first.length > 0 ? 'something that is not Kafka answers' : (error as Error).message
  const remedy = isTls
    ? 'use the port of Kafka'
    : 'if the listener wants TLS, set ssl: true (KAFKA_SSL=true); else use the port of Kafka'
  return { outcome: 'failed', detail: what, remedy }
}

/** Sends a request, and gives the body of its answer. */
async function ask(socket: Socket, { key, version }: { key: number; version: number }, body: Buffer): Promise<Buffer> {
  const correlation = 1
  const header = Buffer.alloc(10)
  header.writeInt16BE(key, 0)
  header.writeInt16BE(version, 2)
  header.writeInt32BE(correlation, 4)
  // no client id
  header.writeInt16BE(-1, 8)
  const size = Buffer.alloc(4)
  size.writeInt32BE(header.length + body.length)
  const answered = answer(socket)
  socket.write(Buffer.concat([size, header, body]))
  const bytes = await answered
  if (bytes.readInt32BE(4) !== correlation) throw new NoKafka(bytes)
  return bytes.subarray(8)
}

function answer(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const end = (error: Error | undefined) => {
      clearTimeout(timer)
      socket.removeListener('data', onData).removeListener('close', onClose).removeListener('error', end)
      if (error === undefined) resolve(bytes)
      else reject(error)
    }
    const onClose = () =>
      end(bytes.length > 0 ? new NoKafka(bytes) : new Error('the connection was closed without an answer'))
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 8) return
      const size = bytes.readInt32BE(0)
      if (size < 4 || size > MOST_BYTES) end(new NoKafka(bytes))
      else if (bytes.length >= size + 4) end(undefined)
    }
    const timer = setTimeout(() => end(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
    socket.on('data', onData).once('close', onClose).once('error', end)
  })
}

function mechanismsIn(body: Buffer): string[] {
  const names: string[] = []
  let at = 6
  for (let left = body.readInt32BE(2); left > 0; left -= 1) {
    const length = body.readInt16BE(at)
    names.push(body.toString('utf8', at + 2, at + 2 + length))
    at += 2 + length
  }
  return names
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

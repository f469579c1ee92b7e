// A TCP proxy that makes a network bad.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'

export interface Faults {
  /** Added to each direction: half of a round trip. */
  delayMs?: number
  /** For each direction of each connection. */
  bytesPerSecond?: number
  /** Every write carries so many bytes, with a turn of the event loop between two. */
  sliceBytes?: number
}

export interface TcpProxyOptions extends Faults {
  target: { host: string; port: number }
  /** Default: one that the system picks. */
  port?: number
}

export interface TcpProxy {
  readonly port: number
  /** `localhost:PORT`. */
  readonly address: string
  /** Open connections. */
  readonly connections: number
  /** Replaces the faults, for open connections too; what is on its way keeps its delay. */
  setFaults(faults: Faults): void
  /** Ends every open connection with a TCP reset; new ones are served. */
  resetConnections(): void
  /** The peers vanish without a word: nothing passes on the open connections until `heal`, nor on new ones. */
  halfOpen(): void
  /** What clients say passes, and what the target says does not, until `heal`. */
  holdAnswers(): void
  /** Everything passes again. */
  heal(): void
  /** Ends every connection and listens no more. `start` begins again on the same port. */
  stop(): Promise<void>
  start(): Promise<void>
}

// More than that on its way makes the proxy stop reading, as a full network would.
const MAX_ON_WAY_BYTES = 1024 * 1024

export async function startTcpProxy({ target, port = 0, ...initial }: TcpProxyOptions): Promise<TcpProxy> {
  const weather: Weather = { faults: initial, open: true, answers: true, changed: new Set() }
  const links = new Set<Link>()
  let listening = port

  const server = createServer((client) => {
    const link = new Link(client, connect(target), weather)
    links.add(link)
    link.closed.then(() => links.delete(link))
  })
  const start = async () => {
    server.listen(listening, '127.0.0.1')
    await once(server, 'listening')
    listening = (server.address() as AddressInfo).port
  }
  const set = (open: boolean, answers: boolean) => {
    weather.open = open
    weather.answers = answers
    for (const wake of weather.changed) wake()
  }
  await start()

  return {
    port: listening,
    address: `localhost:${listening}`,
    get connections() {
      return links.size
    },
    setFaults: (faults) => {
      weather.faults = faults
    },
    resetConnections: () => {
      for (const link of links) link.reset()
    },
    halfOpen: () => set(false, false),
    holdAnswers: () => set(true, false),
    heal: () => set(true, true),
    start,
    stop: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const link of links) link.reset()
      await closed
    },
  }
}

interface Weather {
  faults: Faults
  open: boolean
  /** Whether what the target says passes. */
  answers: boolean
  /** Called when one of them changes. */
  changed: Set<() => void>
}

/** One client connection and its connection to the target. */
class Link {
  readonly closed: Promise<unknown>
  readonly #client: Socket
  readonly #target: Socket

  constructor(client: Socket, target: Socket, weather: Weather) {
    this.#client = client
    this.#target = target
    this.closed = Promise.all([client, target].map((socket) => new Promise((done) => socket.once('close', done))))
    for (const socket of [client, target]) {
      socket.setNoDelay(true)
      socket.on('error', () => {
        if (weather.open) this.reset()
      })
    }
    void carry(client, target, weather, () => weather.open)
    void carry(target, client, weather, () => weather.answers)
  }

  reset(): void {
    resetSocket(this.#client)
    resetSocket(this.#target)
  }
}

/** libuv refuses to reset what is shutting down, Node takes it for closed all the same, and the process never ends. */
function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Copies one direction, through the weather. */
async function carry(from: Socket, to: Socket, weather: Weather, isOpen: () => boolean): Promise<void> {
  const onWay: Array<{ bytes: Buffer; due: number }> = []
  let onWayBytes = 0
  let ended = false
  let wake = () => {}
  from.on('data', (bytes: Buffer) => {
    onWay.push({ bytes, due: Date.now() + (weather.faults.delayMs ?? 0) })
    onWayBytes += bytes.length
    if (onWayBytes > MAX_ON_WAY_BYTES) from.pause()
    wake()
  })
  const end = () => {
    ended = true
    wake()
  }
  from.once('end', end)
  from.once('close', end)

  while (!to.destroyed) {
    const next = onWay.shift()
    if (next === undefined) {
      if (ended) break
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    if (next.due > Date.now()) await delay(next.due - Date.now())
    await write(to, next.bytes, weather, isOpen)
    onWayBytes -= next.bytes.length
    if (onWayBytes <= MAX_ON_WAY_BYTES) from.resume()
  }
  // Nor does the news of an end pass to the other side of a half-open connection.
  await whenOpen(to, weather, isOpen)
  to.end()
}

async function write(to: Socket, bytes: Buffer, weather: Weather, isOpen: () => boolean): Promise<void> {
  for (let at = 0; at < bytes.length && !to.destroyed; ) {
    await whenOpen(to, weather, isOpen)
    const { sliceBytes = bytes.length, bytesPerSecond } = weather.faults
    // A tenth of a second at a time keeps a slow line even.
    const size = Math.max(1, Math.min(sliceBytes, Math.ceil((bytesPerSecond ?? Infinity) / 10)))
    const slice = bytes.subarray(at, at + size)
    at += slice.length
    if (!to.write(slice)) await drained(to)
    if (bytesPerSecond !== undefined) await delay((slice.length / bytesPerSecond) * 1000)
    else if (at < bytes.length) await nextTurn()
  }
}

async function whenOpen(to: Socket, weather: Weather, isOpen: () => boolean): Promise<void> {
  while (!isOpen() && !to.destroyed) {
    await new Promise<void>((resolve) => {
      const wake = () => {
        weather.changed.delete(wake)
        to.off('close', wake)
        resolve()
      }
      weather.changed.add(wake)
      to.once('close', wake)
    })
  }
}

function drained(to: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      to.off('drain', done).off('close', done)
      resolve()
    }
    to.once('drain', done).once('close', done)
  })
}

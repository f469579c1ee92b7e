import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { startTcpProxy, type TcpProxyOptions } from '../helpers/tcp-proxy.ts'
import { waitFor } from '../helpers/wait.ts'

// Sends back what it gets.
const targetSockets: Socket[] = []
const echo = createServer((socket) => {
  targetSockets.push(socket)
  socket.on('error', () => {})
  socket.pipe(socket)
})
let target: TcpProxyOptions['target']

before(async () => {
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }
})
after(() => echo.close())

async function proxyFor(t: TestContext, options: Omit<TcpProxyOptions, 'target'> = {}) {
  const proxy = await startTcpProxy({ target, ...options })
  t.after(() => proxy.stop())
  return proxy
}

interface Client {
  socket: Socket
  chunks: Buffer[]
  received(): string
  errors: string[]
}

async function clientOf(t: TestContext, port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  const errors: string[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return { socket, chunks, errors, received: () => Buffer.concat(chunks).toString() }
}

test('a proxy without faults passes every byte both ways', async (t) => {
  const proxy = await proxyFor(t)
  const client = await clientOf(t, proxy.port)
  const text = 'x'.repeat(3_000_000)
  client.socket.write(text)
  await waitFor(() => client.received().length === text.length, { what: 'three megabytes' })
  assert.equal(client.received(), text)
  assert.equal(proxy.connections, 1)
  client.socket.end()
  await waitFor(() => proxy.connections === 0, { what: 'the connection to be gone' })
})

test('a delay holds each direction, and keeps the order', async (t) => {
  const proxy = await proxyFor(t, { delayMs: 60 })
  const client = await clientOf(t, proxy.port)
  const sentAt = performance.now()
  client.socket.write('a')
  client.socket.write('b')
  await waitFor(() => client.received() === 'ab', { what: 'both bytes' })
  // Timers may fire a millisecond early.
  assert.ok(performance.now() - sentAt >= 118)
})

test('slices arrive one by one', async (t) => {
  const proxy = await proxyFor(t, { sliceBytes: 1 })
  const client = await clientOf(t, proxy.port)
  client.socket.write('0123456789')
  await waitFor(() => client.received().length === 10, { what: 'ten bytes' })
  assert.equal(client.received(), '0123456789')
  assert.ok(client.chunks.length > 1)
})

test('a rate limit slows a connection down, and faults can be taken away', async (t) => {
  const proxy = await proxyFor(t, { bytesPerSecond: 20_000 })
  const client = await clientOf(t, proxy.port)
  const sentAt = performance.now()
  client.socket.write('x'.repeat(6_000))
  await waitFor(() => client.received().length === 6_000, { what: '6,000 bytes' })
  // A tenth of a second's bytes pass at once, the rest at 20,000 a second.
  assert.ok(performance.now() - sentAt >= 195)

  proxy.setFaults({})
  client.socket.write('x'.repeat(1_000_000))
  await waitFor(() => client.received().length === 1_006_000, { what: 'a megabyte at full speed' })
})

test('a reset reaches the client as ECONNRESET, and the next connection works', async (t) => {
  const proxy = await proxyFor(t)
  const client = await clientOf(t, proxy.port)
  client.socket.write('a')
  await waitFor(() => client.received() === 'a', { what: 'the echo' })
  proxy.resetConnections()
  await waitFor(() => client.errors.length > 0, { what: 'the reset' })
  assert.deepEqual(client.errors, ['ECONNRESET'])

  const next = await clientOf(t, proxy.port)
  next.socket.write('b')
  await waitFor(() => next.received() === 'b', { what: 'the echo' })
})

test('half-open connections stay open in silence until they heal', async (t) => {
  const proxy = await proxyFor(t)
  const client = await clientOf(t, proxy.port)
  client.socket.write('a')
  await waitFor(() => client.received() === 'a', { what: 'the echo' })
  proxy.halfOpen()
  client.socket.write('b')
  const late = await clientOf(t, proxy.port)
  late.socket.write('c')
  await assert.rejects(waitFor(() => client.received() !== 'a' || late.received(), { what: 'news', timeoutMs: 50 }))
  assert.ok(!client.socket.destroyed && !late.socket.destroyed)
  proxy.heal()
  await waitFor(() => client.received() === 'ab' && late.received() === 'c', { what: 'what was held back' })
})

test('neither side of a half-open connection learns that the other is gone', async (t) => {
  const proxy = await proxyFor(t)
  const client = await clientOf(t, proxy.port)
  client.socket.write('a')
  await waitFor(() => client.received() === 'a', { what: 'the echo' })
  const atTarget = await waitFor(() => targetSockets.at(-1), { what: 'the connection to the target' })
  proxy.halfOpen()
  client.socket.resetAndDestroy()
  await once(client.socket, 'close')
  await assert.rejects(waitFor(() => atTarget.destroyed, { what: 'news', timeoutMs: 50 }))
  proxy.heal()
  await waitFor(() => atTarget.destroyed, { what: 'the end to arrive' })
})

test('a stopped proxy refuses connections, and starts again on its port', async (t) => {
  const proxy = await proxyFor(t)
  const client = await clientOf(t, proxy.port)
  await proxy.stop()
  await waitFor(() => client.socket.destroyed, { what: 'the connection to end' })
  await assert.rejects(clientOf(t, proxy.port), { code: 'ECONNREFUSED' })
  await proxy.start()
  const next = await clientOf(t, proxy.port)
  next.socket.write('a')
  await waitFor(() => next.received() === 'a', { what: 'the echo' })
})

test('a connection is reset when the target does not listen', async (t) => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port } })
  t.after(() => proxy.stop())
  const client = await clientOf(t, proxy.port)
  await waitFor(() => client.socket.destroyed, { what: 'the connection to end' })
})

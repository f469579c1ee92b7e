import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createWebServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { TestBroker } from 'narad/testing'
import { run } from '../helpers/command.ts'
import type { Scope } from '../helpers/scope.ts'

async function listening(scope: Scope, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(async () => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function startBroker(scope: Scope, brokers = 1) {
  const broker = await TestBroker.start({ brokers, topics: ['orders'] })
  scope.after(() => broker.stop())
  return broker
}

/** Key and certificate, for localhost, of an authority that nobody knows. */
async function certificate(scope: Scope, name = 'localhost') {
  const folder = await mkdtemp(join(tmpdir(), 'narad-doctor-'))
  scope.after(() => rm(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-nodes', '-keyout', key, '-out', cert, '-days', '2']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...files, ...names],
    {
      stdio: 'ignore',
    },
  )
  return { key: await readFile(key), cert: await readFile(cert), path: cert }
}

/** What failed, and what to do about it. */
async function failures(scope: Scope, args: string[], env: Record<string, string> = {}) {
  const { code, lines, stderr } = await run(scope, ['doctor', '-o', 'json', ...args], {
    env: { KAFKA_CONNECTION_TIMEOUT_MS: '3000', ...env },
  })
  assert.equal(stderr, '')
  const steps = lines.map(
    (line) => JSON.parse(line) as { step: string; outcome: string; detail: string; remedy: string },
  )
  const failed = steps.filter(({ outcome }) => outcome === 'failed')
  return {
    code,
    steps: steps.map(({ step }) => step),
    failed,
    text: failed.map((one) => `${one.step}: ${one.detail}; ${one.remedy}`).join('\n'),
  }
}

describe('narad doctor', () => {
  test('goes from the name to the topic, and ends with 0 where all is well', async (t) => {
    const { brokers } = await startBroker(t)
    const { code, lines, stderr } = await run(t, ['doctor', '-b', `embedded://${brokers}`, '-t', 'orders'])
    assert.equal(code, 0, stderr)
    const text = lines.join('\n')
    assert.match(text, /^ok {4}configuration: .*no TLS; no login/)
    assert.match(text, /1 broker$/m)
    for (const step of [
      `name of ${brokers}`,
      `port of ${brokers}`,
      `Kafka at ${brokers}`,
      'cluster',
      'broker 1',
      'topic orders',
      'rights on orders',
    ]) {
      assert.ok(text.includes(`ok    ${step}: `), `${step}\n${text}`)
    }
    assert.doesNotMatch(text, /FAIL/)
  })

  test('says which step fails: name, port, something else that answers, with 3', async (t) => {
    const web = await listening(
      t,
      createWebServer((_, response) => response.end('hello')),
    )
    const closes = await listening(
      t,
      createServer((socket) => socket.once('data', () => socket.end())),
    )
    const cases: Array<[address: string, text: RegExp]> = [
      ['no-such-host.invalid:9092', /^name of no-such-host\.invalid:9092: .* no name .*; mistyped/],
      ['127.0.0.1:1', /^port of 127\.0\.0\.1:1: .*refuses connections.*; start the broker/],
      [`127.0.0.1:${web}`, /^Kafka at .*: a web server answers; use the port of Kafka/],
      [`127.0.0.1:${closes}`, /^Kafka at .*: the connection was closed without an answer; if the listener wants TLS/],
    ]
    for (const [address, text] of cases) {
      const found = await failures(t, ['-b', address])
      assert.match(found.text, text)
      assert.deepEqual([found.code, found.failed.length], [3, 1])
    }
    const { brokers } = await startBroker(t)
    const one = await failures(t, ['-b', `127.0.0.1:1,${brokers}`])
    assert.deepEqual([one.code, one.failed.length], [1, 1], 'one of two brokers is reached')
  })

  test('tells TLS where there is none, none where there is TLS, and an authority that is not known', async (t) => {
    const { brokers } = await startBroker(t)
    const { key, cert, path } = await certificate(t)
    const [, port] = brokers.split(':')
    // Kafka behind TLS
    const secure = await listening(
      t,
      createTlsServer({ key, cert }, (socket) => {
        const broker = connect(Number(port), '127.0.0.1')
        socket.on('error', () => broker.destroy()).pipe(broker)
        broker.on('error', () => socket.destroy()).pipe(socket)
      }).on('tlsClientError', () => {}),
    )
    const plain = await failures(t, ['-b', brokers], { KAFKA_SSL: 'true' })
    assert.match(plain.text, /^TLS of .*; the port does not speak TLS: set ssl: false/)
    const missing = await failures(t, ['-b', `localhost:${secure}`])
    assert.match(
      missing.text,
      /^Kafka at .*: (?:the port speaks TLS; set ssl: true|the connection was closed .*set ssl: true)/,
    )
    const unknown = await failures(t, ['-b', `localhost:${secure}`], { KAFKA_SSL: 'true' })
    assert.match(
      unknown.text,
      /^TLS of .*; the authority that signed the certificate is not known here: .*KAFKA_SSL_CA/,
    )
    const name = await failures(t, ['-b', `127.0.0.1:${secure}`], { KAFKA_SSL: 'true', KAFKA_SSL_CA: path })
    assert.match(name.text, /^TLS of .*; the certificate is for other names/)
    const known = await failures(t, ['-b', `localhost:${secure}`], { KAFKA_SSL: 'true', KAFKA_SSL_CA: path })
    assert.ok(known.steps.includes(`Kafka at localhost:${secure}`))
    assert.doesNotMatch(known.text, /^(?:TLS|Kafka)/)
  })

  test('shows the name of a certificate without what commands a terminal', async (t) => {
    // It was printed as it is.
    const { key, cert, path } = await certificate(t, 'a\x1b[2Jb')
    const port = await listening(
      t,
      createTlsServer({ key, cert }, (socket) => socket.end()),
    )
    const env = { KAFKA_SSL: 'true', KAFKA_SSL_CA: path }
    const { lines } = await run(t, ['doctor', '-b', `localhost:${port}`], { env })
    assert.match(lines.join('\n'), /^ok {4}TLS of .*certificate of a\\u001b\[2Jb until/m)
  })

  test('says that a topic is not there, with 1', async (t) => {
    const { brokers } = await startBroker(t)
    const { code, failed, text } = await failures(t, ['-b', `embedded://${brokers}`, '-t', 'missing', '-t', 'orders'])
    assert.deepEqual([code, failed.length], [1, 1], text)
    assert.match(text, /^topic missing: .*; create it, or grant DESCRIBE on it/)
  })
})

describe('narad health', () => {
  test('prints what the health port says, and ends as it says', async (t) => {
    const port = await listening(
      t,
      createWebServer((request, response) => {
        const isReady = request.url === '/ready'
        response.writeHead(isReady ? 200 : 503).end(JSON.stringify({ ready: isReady }))
      }),
    )
    const ready = await run(t, ['health', `http://127.0.0.1:${port}/ready`])
    assert.deepEqual([ready.code, JSON.parse(ready.lines.join(''))], [0, { ready: true }])
    const not = await run(t, ['health', `http://127.0.0.1:${port}/live`])
    assert.deepEqual([not.code, JSON.parse(not.lines.join(''))], [1, { ready: false }])
    assert.match(not.stderr, /answers 503/)
    const nobody = await run(t, ['health', 'http://127.0.0.1:1/ready'])
    assert.deepEqual([nobody.code, nobody.stderr.includes('does not answer')], [3, true], nobody.stderr)
    assert.equal((await run(t, ['health', 'ready'])).code, 2)
  })
})

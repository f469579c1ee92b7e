import type { Socket } from 'node:net'
import type { Command } from 'commander'
import { escapeControls } from '../escape.ts'
import type { KafkaError, KafkaService, ResolvedConfig } from '../index.ts'
import { type ConnectionFlags, gather, withConnection, withService } from './connection.ts'
import { type Address, type Finding, openPort, resolveName, startTls } from './doctor-network.ts'
import { type Advertised, askBrokers, askMechanisms, askVersions } from './doctor-protocol.ts'
import { examineGroup, examineLetters, examineTopic, failure, type Tell } from './doctor-topics.ts'
import { EXIT } from './exit.ts'
import { counted, jsonLine, type OutputFlags, withOutput } from './output.ts'

/** Kafka's number of the request that tells logins. */
const SASL_HANDSHAKE = 17

/** What a line begins with, on a terminal in the colour of this number (SGR). */
const MARKS: Record<Finding['outcome'], { text: string; colour?: number }> = {
  ok: { text: 'ok  ' },
  warning: { text: 'warn', colour: 33 },
  failed: { text: 'FAIL', colour: 31 },
}

interface DoctorFlags extends ConnectionFlags, OutputFlags {
  topic?: string[]
  group?: string
}

export function addDoctor(program: Command): void {
  const command = program.command('doctor').description('find what is wrong with a connection, and how to mend it')
  withOutput(withConnection(command))
    .option('-t, --topic <topic>', 'a topic that should be there, and be readable; may be repeated', gather)
    .option('-g, --group <group>', 'a group that the service joins')
    .action(doctor)
}

async function doctor(flags: DoctorFlags): Promise<void> {
  let failed = 0
  const tell: Tell = (step, { outcome, detail, remedy }) => {
    if (outcome === 'failed') failed += 1
    process.stdout.write(
      flags.output === 'json'
        ? `${jsonLine({ step, outcome, detail, remedy })}\n`
        : line(step, { outcome, detail, ...(remedy && { remedy }) }),
    )
    return outcome !== 'failed'
  }
  await withService(flags, async (service) => {
    const { config } = service
    // what is wrong is told here, and not in the log
    service.on('error', () => {})
    tell('configuration', { outcome: 'ok', detail: settings(config) })
    if (config.brokers === 'embedded') return
    const reached: Advertised[][] = []
    for (const broker of config.brokers) {
      const brokers = await examineBroker(broker, config, tell)
      if (brokers !== undefined) reached.push(brokers)
    }
    if (reached.length === 0 || !(await examineCluster(service, reached[0] ?? [], tell))) {
      process.exitCode = EXIT.connection
      return
    }
    const { topic: topics = [], group } = flags
    for (const topic of topics) await examineTopic(service, topic, tell)
    if (group !== undefined) {
      await examineGroup(service, group, tell)
      const { dlqTopic } = config
      const letters = dlqTopic === undefined ? topics.map((topic) => `${topic}.${group}.dlq`) : [dlqTopic]
      for (const one of letters) await examineLetters(service, one, tell)
    }
    if (failed > 0) process.exitCode = EXIT.failed
  })
}

/**
 * One of the addresses that are configured: up to what it says before a login. Gives the brokers that it knows, none where
 * it wants a login first, or undefined where a step fails.
 */
async function examineBroker(
  broker: string,
  { ssl, sasl }: ResolvedConfig,
  tell: Tell,
): Promise<Advertised[] | undefined> {
  const steps = { name: 'name of', port: 'port of', tls: 'TLS of', kafka: 'Kafka at', login: 'login at' }
  const known: Advertised[] = []
  for await (const [step, finding] of examine(addressOf(broker), ssl, sasl, known)) {
    if (!tell(`${steps[step]} ${broker}`, finding)) return undefined
  }
  return known
}

/**
 * What each step up to the login finds, the last one if it fails.
 *
 * @param known Takes the brokers, where no login is wanted.
 */
async function* examine(
  address: Address,
  ssl: ResolvedConfig['ssl'],
  sasl: ResolvedConfig['sasl'],
  known: Advertised[] = [],
): AsyncGenerator<['name' | 'port' | 'tls' | 'kafka' | 'login', Finding], void, undefined> {
  const name = await resolveName(address)
  yield ['name', name]
  if (name.outcome === 'failed') return
  const { socket: plain, ...port } = await openPort(address)
  yield ['port', port]
  if (plain === undefined) return
  let socket: Socket = plain
  // what breaks a connection is told by whoever waits for it
  socket.on('error', () => {})
  try {
    if (ssl !== false) {
      const { socket: secure, ...tls } = await startTls(address, plain, ssl)
      yield ['tls', tls]
      if (secure === undefined) return
      socket = secure
    }
    const { requests, ...kafka } = await askVersions(socket, ssl !== false)
    yield ['kafka', kafka]
    if (requests === undefined) return
    const login = requests.has(SASL_HANDSHAKE) ? await askMechanisms(socket, sasl) : undefined
    if (login !== undefined) yield ['login', login]
    if (sasl === false && login?.outcome !== 'failed') known.push(...(await askBrokers(socket)))
  } finally {
    socket.destroy()
    plain.destroy()
  }
}

/** Logs in, and looks at all brokers where they say that they are. */
async function examineCluster(service: KafkaService, known: readonly Advertised[], tell: Tell): Promise<boolean> {
  const { config } = service
  // without a broker that can be reached, what follows would wait in vain
  if (!(await examineAll(known, config, tell))) return false
  try {
    const { id, brokers } = await service.admin.cluster()
    tell('cluster', { outcome: 'ok', detail: `${id ?? 'without an id'}, ${counted(brokers.length, 'broker')}` })
    return known.length > 0 || examineAll(brokers, config, tell)
  } catch (error) {
    const isLogin = (error as KafkaError).code === 'NARAD_AUTHENTICATION_FAILED'
    const remedy = isLogin
      ? 'look at user name and password at their source: are they those of this cluster?'
      : 'the brokers answer where they were looked for; perhaps not where they say that they are: look at their advertised.listeners'
    return tell('cluster', failure(error, remedy))
  }
}

async function examineAll(brokers: readonly Advertised[], { ssl, sasl }: ResolvedConfig, tell: Tell): Promise<boolean> {
  const found = await Promise.all(brokers.map((broker) => examineAdvertised(broker, ssl, sasl)))
  return found.map((finding, index) => tell(`broker ${brokers[index]?.id}`, finding)).every(Boolean)
}

/** Clients come to where the brokers say that they are, and not to where they were told at first. */
async function examineAdvertised(
  address: Address,
  ssl: ResolvedConfig['ssl'],
  sasl: ResolvedConfig['sasl'],
): Promise<Finding> {
  const advertised = `${address.host}:${address.port}`
  for await (const [, { outcome, detail }] of examine(address, ssl, sasl)) {
    if (outcome === 'ok') continue
    const remedy = `the broker tells clients to come to ${advertised}: set its advertised.listeners to what they can reach, or make this known here`
    return { outcome, detail, remedy }
  }
  return { outcome: 'ok', detail: `answers at ${advertised}, where it says that it is` }
}

function settings({ brokers, ssl, sasl, clientId }: ResolvedConfig): string {
  const where =
    brokers === 'embedded'
      ? 'embedded, a broker that each process starts within itself: there is no connection to look at'
      : brokers.join(', ')
  const tls = ssl === false ? 'no TLS' : `TLS${ssl.ca === undefined ? " with the system's authorities" : ''}`
  const login =
    sasl === false ? 'no login' : `login ${sasl.mechanism}${sasl.username === undefined ? '' : ` as ${sasl.username}`}`
  return `${where}; ${tls}; ${login}; client id ${clientId}`
}

function addressOf(broker: string): Address {
  const at = broker.lastIndexOf(':')
  return { host: broker.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(broker.slice(at + 1)) }
}

function line(step: string, { outcome, detail, remedy }: Finding): string {
  const isTerminal = process.stdout.isTTY
  const { text, colour } = MARKS[outcome]
  const mark = isTerminal && colour !== undefined ? `\x1b[${colour}m${text}\x1b[39m` : text
  const told = [`${step}: ${detail}`, ...(remedy === undefined ? [] : [remedy])].map(escapeControls)
  return `${mark}  ${told.join('\n      ')}\n`
}

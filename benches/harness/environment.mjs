// Where and how a run was made: a figure without it says little.
import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { clients as allClients } from '../clients/index.mjs'
import { DEFAULT_RECORDS } from '../rows/index.mjs'
import { node24, versionOf } from './peers.mjs'

/** @param {{ clients: string[], rounds: number, records: number }} options */
export function environment(options, kafkaVersion, argv) {
  const clients = allClients.filter((client) => options.clients.includes(client.name))
  const usesOther = clients.some((client) => client.node === 'node24') && node24() !== process.execPath
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' '),
    cpuModel: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    ...(usesOther ? { node24: execFileSync(node24(), ['--version'], { encoding: 'utf8' }).trim() } : {}),
    kafka: kafkaVersion ?? 'the one at KAFKA_BROKERS',
    rounds: options.rounds,
    records: options.records,
    versions: Object.fromEntries(
      clients.filter((client) => client.package).map((client) => [client.package, versionOf(client)]),
    ),
  }
}

export function environmentText(env) {
  const onNode24 = allClients.filter((client) => client.node === 'node24').map((client) => client.package)
  const measuredOnNode24 = Object.keys(env.versions).filter((name) => onNode24.includes(name))
  const versions = Object.entries(env.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `- Measured on ${env.date} with \`${env.command}\`: ${env.rounds} rounds, ${env.records} records in a consume run${env.records === DEFAULT_RECORDS ? '' : ` (the default is ${DEFAULT_RECORDS})`}.`,
    `- Machine: ${env.cores} cores of ${env.cpuModel}, ${env.memoryGiB} GiB, ${env.system}. Clients and broker share it.`,
    `- Kafka ${env.kafka}, one broker over loopback without TLS. Node.js ${env.node}${env.node24 ? `, and ${env.node24} for ${measuredOnNode24.join(' and ')}` : ''}.`,
    ...(versions.length > 0 ? [`- ${versions.join(', ')}.`] : []),
  ].join('\n')
}

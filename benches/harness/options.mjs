import { parseArgs } from 'node:util'
import { clients } from '../clients/index.mjs'
import { DEFAULT_RECORDS, IMPORT_ROW, rows } from '../rows/index.mjs'

const allRows = [...rows.map((row) => row.name), IMPORT_ROW]
const allClients = clients.map((client) => client.name)
const SMOKE_RECORDS = 20_000

export const usage = `usage: npm run bench -- [options]
  --rows A,B       ${allRows.join(', ')}; all
  --clients A,B    ${allClients.join(', ')}; all
  --rounds N       fresh processes for each row and client, in turn; 3
  --records N      records of a consume run, other rows scale with it; ${DEFAULT_RECORDS}
  --smoke          one short round of narad and kafkajs, six rows: only whether each gives a right result
  --json FILE      every run and the medians
  --markdown       puts the tables into docs/benchmarks.md; only with every row and every client
KAFKA_BROKERS names a running Kafka; without it one is started.`

/** @param {string[]} argv */
export function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rows: { type: 'string' },
      clients: { type: 'string' },
      rounds: { type: 'string' },
      records: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { smoke, markdown } = values
  if (markdown && (smoke || values.rows !== undefined || values.clients !== undefined)) {
    throw new Error('--markdown takes a whole run: without --smoke, --rows and --clients')
  }
  const smokeRows = rows.filter((row) => row.kind !== 'groups').map((row) => row.name)
  return {
    rows: listOf('rows', values.rows, smoke ? smokeRows : allRows, allRows),
    clients: listOf('clients', values.clients, smoke ? ['narad', 'kafkajs'] : allClients, allClients),
    rounds: countOf('rounds', values.rounds, smoke ? 1 : 3),
    records: countOf('records', values.records, smoke ? SMOKE_RECORDS : DEFAULT_RECORDS),
    smoke,
    json: values.json,
    markdown,
    help: values.help,
  }
}

function listOf(option, text, fallback, known) {
  if (text === undefined) return fallback
  const names = text.split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--${option}: "${unknown}" is none of ${known.join(', ')}`)
  return names
}

function countOf(option, text, fallback) {
  if (text === undefined) return fallback
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${option}: "${text}" is no positive whole number`)
  return count
}

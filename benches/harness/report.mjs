import { clients as allClients } from '../clients/index.mjs'
import { rows as allRows } from '../rows/index.mjs'
import { count, markdownTable, megabytes, milliseconds, rate, seconds, withSpread } from './format.mjs'

const SUBJECT = 'narad'
/** Not a peer: the bound that any client over it has. */
const BOUND = 'librdkafka'
const ABSENT = '–'

/** One line for a run, as it ends. */
export function runLine(run) {
  const head = `${String(run.round + 1).padStart(2)}  ${run.row.padEnd(14)} ${run.client.padEnd(18)}`
  if (run.failure !== undefined) return `${head} ${run.failure}${run.errors ? `\n${run.errors}` : ''}`
  const figure =
    run.p50Ms === undefined
      ? `${rate(run.records / run.seconds)}/s`
      : `p50 ${milliseconds(run.p50Ms)} ms, p99 ${milliseconds(run.p99Ms)} ms`
  const parts = [
    figure.padEnd(28),
    `${count(run.records)} records`,
    `${seconds(run.totalSeconds)} s with the start`,
    `CPU ${seconds(run.cpuSeconds)} s`,
    `peak ${megabytes(run.peakRssBytes)} MB`,
    ...(run.threads === undefined ? [] : [`${run.threads} threads`]),
    ...(run.endedByItself ? [] : ['did not end by itself']),
  ]
  return `${head} ${parts.join(', ')}`
}

/** The generated blocks of docs/benchmarks.md, by the name of their markers; only those that were measured. */
export function blocks(summary) {
  const has = (row) => summary.some((cell) => cell.row === row)
  const measured = allRows.filter((row) => row.kind !== 'groups' && has(row.name))
  return {
    ...(measured.length > 0 ? { throughput: ratesTable(summary, measured), costs: costsTable(summary, measured) } : {}),
    ...(has('groups') ? { groups: groupsTable(summary) } : {}),
    ...(has('import') ? { footprint: footprintTable(summary) } : {}),
  }
}

/** How each client is set up. */
export function clientsTable() {
  const runs = { current: 'the one of the suite', node24: '24', native: ABSENT }
  const body = allClients.map((client) => [client.label, runs[client.node], client.settings])
  return markdownTable(['client', 'Node.js', 'settings'], body)
}

function ratesTable(summary, rows) {
  const clients = clientsIn(summary, rows)
  const head = ['', ...clients.map((client) => client.label)]
  const compared = clients.some((client) => client.name === SUBJECT)
  if (compared) head.push(`${SUBJECT} / best peer`, `${SUBJECT} / best, tuned too`, `${SUBJECT} / librdkafka`)
  const body = rows.map((row) => {
    const cells = cellsOf(summary, row.name)
    const line = [row.label, ...clients.map((client) => rateCell(cells.get(client.name)))]
    if (!compared) return line
    const peers = clients.filter((client) => client.name !== SUBJECT && client.name !== BOUND)
    const atDefaults = peers.filter((client) => !client.tuned)
    return [...line, ratio(cells, atDefaults), ratio(cells, peers), ratio(cells, [{ name: BOUND }])]
  })
  return markdownTable(head, body)
}

function rateCell(cell) {
  if (cell === undefined) return ABSENT
  if (cell.failure !== undefined) return cell.failure
  if (cell.p50Ms === undefined) return withSpread(cell.recordsPerSecond, rate)
  return `p50 ${withSpread(cell.p50Ms, milliseconds)} ms, p99 ${withSpread(cell.p99Ms, milliseconds)} ms`
}

/** Above 1, narad is the better one: a rate divides by the others' best, a time divides the others' best. */
function ratio(cells, others) {
  const subject = cells.get(SUBJECT)
  const rivals = others.flatMap((client) => cells.get(client.name) ?? []).filter((cell) => cell.failure === undefined)
  if (subject === undefined || subject.failure !== undefined || rivals.length === 0) return ABSENT
  if (subject.p50Ms === undefined) {
    const best = Math.max(...rivals.map((cell) => cell.recordsPerSecond.median))
    return `${(subject.recordsPerSecond.median / best).toFixed(2)} ×`
  }
  const of = (figure) => Math.min(...rivals.map((cell) => cell[figure].median)) / subject[figure].median
  return `${of('p50Ms').toFixed(2)} × p50, ${of('p99Ms').toFixed(2)} × p99`
}

function costsTable(summary, rows) {
  const body = rows.flatMap((row) =>
    clientsIn(summary, [row]).map((client) => {
      const cell = cellsOf(summary, row.name).get(client.name)
      const figures =
        cell.failure !== undefined
          ? [cell.failure, ABSENT, ABSENT]
          : [
              withSpread(cell.totalSeconds, seconds),
              withSpread(cell.cpuSecondsPerMillion, seconds),
              withSpread(cell.peakRssBytes, megabytes),
            ]
      return [row.name, client.label, ...figures]
    }),
  )
  return markdownTable(['row', 'client', 'seconds with the start', 'CPU s a million records', 'peak MB'], body)
}

function groupsTable(summary) {
  const row = allRows.find(({ kind }) => kind === 'groups')
  const body = clientsIn(summary, [row]).map((client) => {
    const cell = cellsOf(summary, row.name).get(client.name)
    if (cell.failure !== undefined) return [client.label, cell.failure, ABSENT, ABSENT, ABSENT]
    return [
      client.label,
      withSpread(cell.recordsPerSecond, rate),
      withSpread(cell.peakRssBytes, megabytes),
      cell.threads === undefined ? ABSENT : withSpread(cell.threads, count),
      withSpread(cell.cpuSecondsPerMillion, seconds),
    ]
  })
  return markdownTable(
    ['client', 'records a second, all groups', 'peak MB', 'threads', 'CPU s a million records'],
    body,
  )
}

function footprintTable(summary) {
  const body = clientsIn(summary, [{ name: 'import' }]).map((client) => {
    const { failure, importMs, addonBytes } = cellsOf(summary, 'import').get(client.name)
    if (failure !== undefined) return [client.label, failure, ABSENT]
    const size = addonBytes === undefined ? ABSENT : (addonBytes / 1e6).toFixed(1)
    return [client.label, withSpread(importMs, milliseconds), size]
  })
  return markdownTable(['client', 'import, ms', 'native file, MB'], body)
}

function clientsIn(summary, rows) {
  const names = rows.map((row) => row.name)
  return allClients.filter((client) => summary.some((cell) => cell.client === client.name && names.includes(cell.row)))
}

function cellsOf(summary, row) {
  return new Map(summary.filter((cell) => cell.row === row).map((cell) => [cell.client, cell]))
}

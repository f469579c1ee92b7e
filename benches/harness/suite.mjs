import { randomBytes } from 'node:crypto'
import { clients as allClients } from '../clients/index.mjs'
import { rows as allRows, GROUPS, IMPORT_ROW, PARTITIONS, PRODUCE_SECONDS, recordsOf } from '../rows/index.mjs'
import { checksumOf } from './data.mjs'
import { measureFootprint } from './footprint.mjs'
import { openKafka } from './kafka.mjs'
import { buildNative, installPeers, node24 } from './peers.mjs'
import { runClient } from './run-client.mjs'
import { summarize } from './stats.mjs'

/**
 * Runs every chosen row with every chosen client, `rounds` times: the clients take turns within a row, and another one
 * begins each round, so that a drift of the machine or of the broker falls on all alike.
 *
 * @param {ReturnType<import('./options.mjs').parseOptions>} options
 * @param {(run: object) => void} onRun
 */
export async function runSuite(options, onRun) {
  const clients = allClients.filter((client) => options.clients.includes(client.name))
  const rows = allRows.filter((row) => options.rows.includes(row.name))
  installPeers(clients)
  const footprint = options.rows.includes(IMPORT_ROW) ? measureFootprint(clients) : []
  const runs = rows.length > 0 ? await runRounds(options, rows, clients, onRun) : { runs: [] }
  return { ...runs, summary: [...summarize(runs.runs), ...footprint] }
}

async function runRounds(options, rows, clients, onRun) {
  const programs = await programsOf(clients)
  const kafka = await openKafka()
  const id = `bench-${randomBytes(4).toString('hex')}`
  const topics = new Map()
  try {
    for (const row of rows.filter((row) => row.kind !== 'produce')) {
      const records = recordsOf(row, options.records)
      if (topics.has(records)) continue
      process.stderr.write(`filling a topic with ${records} records\n`)
      const topic = `${id}-${records}`
      topics.set(records, topic)
      await kafka.createFilledTopic(topic, PARTITIONS, records)
    }
    const runs = []
    for (let round = 0; round < options.rounds; round += 1) {
      for (const row of rows) {
        for (let turn = 0; turn < clients.length; turn += 1) {
          const client = clients[(turn + round) % clients.length]
          if (client.without?.includes(row.name) || hasFailed(runs, row, client)) continue
          const spec = {
            ...row,
            row: row.name,
            client: client.name,
            module: client.module ?? client.name,
            options: client.options,
            records: recordsOf(row, options.records),
            brokers: kafka.brokers,
            id: `${id}-${row.name}-${client.name}-${round}`,
          }
          const result = await runOnce(kafka, programs.get(client.name), spec, topics)
          const run = { client: client.name, row: row.name, round, ...result }
          runs.push(run)
          onRun(run)
        }
      }
    }
    return { runs, kafkaVersion: kafka.version }
  } finally {
    for (const topic of topics.values()) await kafka.deleteTopic(topic)
    await kafka.close()
  }
}

async function runOnce(kafka, program, spec, topics) {
  if (spec.kind !== 'produce') {
    const groups = Array.from({ length: GROUPS }, (_, index) => `${spec.id}-${index}`)
    const result = await runClient(program, { ...spec, topic: topics.get(spec.records), group: spec.id, groups })
    const expected = checksumOf(spec.records)
    return result.checksum === undefined || result.checksum === expected
      ? result
      : { failure: `the records read do not sum up: ${result.checksum} instead of ${expected}` }
  }
  await kafka.createTopic(spec.id, PARTITIONS)
  const result = await runClient(program, { ...spec, topic: spec.id, maxSeconds: PRODUCE_SECONDS })
  const inLog = await kafka.countRecords(spec.id)
  await kafka.deleteTopic(spec.id)
  if (result.failure !== undefined) return result
  const acknowledged = result.records + result.warmUpRecords
  return inLog === acknowledged
    ? result
    : { failure: `${acknowledged} records were acknowledged, ${inLog} are in the log` }
}

/** A client that gave no result in a row is not asked again: each try may take the whole time limit. */
function hasFailed(runs, row, client) {
  return runs.some((run) => run.row === row.name && run.client === client.name && run.failure !== undefined)
}

async function programsOf(clients) {
  const programs = new Map()
  for (const client of clients) {
    if (client.node === 'native') programs.set(client.name, { native: await buildNative() })
    else programs.set(client.name, { node: client.node === 'node24' ? node24() : process.execPath })
  }
  return programs
}

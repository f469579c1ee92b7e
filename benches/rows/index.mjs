/**
 * What is measured. `records` is the share of `--records` that a run handles; a produce run also ends after
 * PRODUCE_SECONDS, because the clients' rates lie two orders of magnitude apart.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} label
 * @property {'consume' | 'produce' | 'groups'} kind
 * @property {'record' | 'json' | 'batch'} [mode] what a consuming handler gets
 * @property {number} [recordsPerSend]
 * @property {number} [sendsInFlight]
 * @property {number} share records of one run, as a fraction of --records
 * @property {number} [minRecords]
 */

export const DEFAULT_RECORDS = 2_000_000
export const PRODUCE_SECONDS = 10
export const TIMEOUT_SECONDS = 90
export const PARTITIONS = 3
export const BATCH_RECORDS = 1000
export const GROUPS = 20

/** @type {Row[]} */
export const rows = [
  { name: 'consume', label: 'consume, async handler a message', kind: 'consume', mode: 'record', share: 1 },
  { name: 'consume-json', label: 'the same, JSON parsed', kind: 'consume', mode: 'json', share: 1 },
  { name: 'consume-batch', label: 'consume in batches', kind: 'consume', mode: 'batch', share: 1 },
  {
    name: 'produce-batch',
    label: 'produce 1,000 a send, 5 sends in flight, acks=all',
    kind: 'produce',
    recordsPerSend: 1000,
    sendsInFlight: 5,
    share: 1 / 2,
  },
  {
    name: 'produce-one',
    label: 'produce one a send, 1,000 in flight, acks=all',
    kind: 'produce',
    recordsPerSend: 1,
    sendsInFlight: 1000,
    share: 1 / 4,
  },
  {
    name: 'produce-await',
    label: 'produce one a send, awaited in turn, acks=all',
    kind: 'produce',
    recordsPerSend: 1,
    sendsInFlight: 1,
    share: 1 / 400,
    minRecords: 200,
  },
  {
    name: 'groups',
    label: `${GROUPS} consumer groups in one process`,
    kind: 'groups',
    mode: 'record',
    share: 1 / 40,
  },
]

/** Not a run of a client against Kafka: measured by starting Node only. */
export const IMPORT_ROW = 'import'

/** @param {Row} row @param {number} records the value of --records */
export function recordsOf(row, records) {
  const wanted = Math.max(Math.round(records * row.share), row.minRecords ?? 1)
  return row.recordsPerSend ? Math.ceil(wanted / row.recordsPerSend) * row.recordsPerSend : wanted
}

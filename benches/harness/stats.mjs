/** @param {number[]} values */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted.at(-1) }
}

/**
 * Gathers the runs of each client in each row. A client that failed once in a row has no figures there.
 * @param {object[]} runs
 */
export function summarize(runs) {
  const cells = groupBy(runs, (run) => `${run.row} ${run.client}`)
  return [...cells.values()].map((cell) => {
    const { row, client } = cell[0]
    const failed = cell.find((run) => run.failure !== undefined)
    if (failed) return { row, client, failure: failed.failure }
    const of = (figure) => spread(cell.map(figure))
    return {
      row,
      client,
      runs: cell.length,
      recordsPerSecond: of((run) => run.records / run.seconds),
      totalSeconds: of((run) => run.totalSeconds),
      cpuSecondsPerMillion: of((run) => (run.cpuSeconds / run.records) * 1e6),
      peakRssBytes: of((run) => run.peakRssBytes),
      ...(cell[0].threads === undefined ? {} : { threads: of((run) => run.threads) }),
      ...(cell[0].p50Ms === undefined ? {} : { p50Ms: of((run) => run.p50Ms), p99Ms: of((run) => run.p99Ms) }),
    }
  })
}

function groupBy(values, keyOf) {
  const groups = new Map()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group) group.push(value)
    else groups.set(keyOf(value), [value])
  }
  return groups
}

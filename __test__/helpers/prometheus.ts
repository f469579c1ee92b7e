// Prometheus for tests: Debian's package, with its data in a temporary directory, scraping one address.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../scripts/kafka/ports.mjs'
import { skipIf } from './requirement.ts'
import type { Scope } from './scope.ts'
import { waitFor } from './wait.ts'

/** A series as a query finds it: its labels, and its value now. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export type Query = (expression: string) => Promise<Found[]>

/** For the `skip` option of a test. */
export function prometheusSkip(): string | false {
  const folders = (process.env.PATH ?? '').split(':')
  const isThere = folders.some((folder) => existsSync(join(folder, 'prometheus')))
  return skipIf(isThere ? undefined : 'there is no Prometheus: apt-get install prometheus')
}

/** Starts a server that scrapes `/metrics` of an address each second and ends with the scope; gives what asks it. */
export async function startPrometheus(scope: Scope, address: string): Promise<Query> {
  const folder = await mkdtemp(join(tmpdir(), 'narad-prometheus-'))
  const config = join(folder, 'prometheus.yml')
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'service', static_configs: [{ targets: [address] }] }],
    }),
  )
  const [port] = await freePorts(1)
  const listen = `127.0.0.1:${port}`
  const server = spawn(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${listen}`],
    { cwd: folder, stdio: 'ignore' },
  )
  scope.after(async () => {
    if (server.exitCode === null) {
      server.kill('SIGKILL')
      await once(server, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  })
  const isReady = () =>
    fetch(`http://${listen}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  await waitFor(isReady, { what: 'Prometheus', timeoutMs: 30_000, intervalMs: 50 })
  return async (expression) => {
    const response = await fetch(`http://${listen}/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { data, error } = (await response.json()) as Answer
    if (error !== undefined) throw new Error(`${expression}: ${error}`)
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }
}

interface Answer {
  data: { result: Array<{ metric: Record<string, string>; value: [time: number, value: string] }> }
  error?: string
}

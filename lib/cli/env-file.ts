import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'

/**
 * Reads `.env` of the working directory, as the services do that it is for. Only what speaks of Kafka, `KAFKA_…` and
 * `…_TOPIC`, and never over a variable that is there. Says on stderr that it did, because it changes which cluster is meant.
 */
export function loadEnvFile(env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): void {
  const path = resolve(folder, '.env')
  if (!existsSync(path)) return
  const names: string[] = []
  for (const [name, value] of Object.entries(parseEnv(readFileSync(path, 'utf8')))) {
    if (!/^KAFKA_|_TOPIC$/.test(name) || env[name] !== undefined) continue
    env[name] = value
    names.push(name)
  }
  if (names.length > 0) process.stderr.write(`narad: ${names.join(', ')} from ${path}\n`)
}

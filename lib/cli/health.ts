import type { Command } from 'commander'
import { escapeLines } from '../escape.ts'
import { EXIT, UsageError } from './exit.ts'

const TIMEOUT_MS = 5_000

export function addHealth(program: Command): void {
  program
    .command('health')
    .description('ask the health port of a service how it is')
    .argument('<url>', 'such as http://localhost:3000/health/ready')
    .addHelpText(
      'after',
      '\nEnds with 0 for an answer of 200 to 299, with 1 for any other, with 3 where nobody answers.',
    )
    .action(health)
}

async function health(url: string): Promise<void> {
  if (!URL.canParse(url)) throw new UsageError(`"${url}" is no URL, such as http://localhost:3000/health/ready`)
  let response: Response
  let text: string
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    text = await response.text()
  } catch (error) {
    const { message, cause } = error as Error
    process.stderr.write(`narad: ${url} does not answer: ${(cause as Error | undefined)?.message || message}\n`)
    process.exitCode = EXIT.connection
    return
  }
  process.stdout.write(`${escapeLines(pretty(text))}\n`)
  if (response.ok) return
  process.stderr.write(`narad: ${url} answers ${response.status}\n`)
  process.exitCode = EXIT.failed
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text.trimEnd()
  }
}

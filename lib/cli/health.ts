import type { Command } from 'commander'
import { escapeLines } from '../escape.ts'
import { EXIT } from './exit.ts'
import { askHealth } from './health-port.ts'

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
  const answer = await askHealth(url)
  if (answer === undefined) return
  const { response, text } = answer
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

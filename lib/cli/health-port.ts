import { EXIT, UsageError } from './exit.ts'

const TIMEOUT_MS = 5_000

/**
 * What the health port of a service answers, by `http` where only host and port are given; undefined where nobody does, which is said, and what the command ends with
 * then.
 *
 * @throws {@link UsageError}
 */
export async function askHealth(given: string): Promise<{ response: Response; text: string } | undefined> {
  const url = /^[^/?#]+:\d+(?:[/?#]|$)/.test(given) ? `http://${given}` : given
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`"${given}" is no URL, such as http://localhost:3000/health/ready`)
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return { response, text: await response.text() }
  } catch (error) {
    const { message, cause } = error as Error
    process.stderr.write(`narad: ${url} does not answer: ${(cause as Error | undefined)?.message || message}\n`)
    process.exitCode = EXIT.connection
    return undefined
  }
}

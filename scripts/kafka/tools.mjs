// @ts-check
// Kafka's own command line tools, run from the same jars as the brokers: witnesses that share no code with narad.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { installKafka, SCRIPTS_DIR } from './install.mjs'

const TIMEOUT_MS = 60_000

export const TOOL_JVM_ARGS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  `-Dlog4j2.configurationFile=${join(SCRIPTS_DIR, 'log4j2-tools.properties')}`,
]

class JavaToolError extends Error {
  /**
   * @param {string} message
   * @param {{ code: number | null, stdout: string, stderr: string }} outcome
   */
  constructor(message, { code, stdout, stderr }) {
    super(message)
    this.name = 'JavaToolError'
    this.code = code
    this.stdout = stdout
    this.stderr = stderr
  }
}

/** @type {typeof import('./tools.mjs').javaTool} */
export async function javaTool(mainClass, args, { stdin = '', timeoutMs = TIMEOUT_MS } = {}) {
  const { java, classPath } = await installKafka()
  const child = spawn(java, [...TOOL_JVM_ARGS, '-cp', classPath, mainClass, ...args], {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  // A tool that ends without reading its input closes the pipe; its exit code tells why.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code, signal] = await closed
  if (code === 0) return { stdout, stderr }
  const why = signal ? `was killed after ${timeoutMs} ms` : `ended with exit code ${code}`
  const output = `${stdout}\n${stderr}`.trim().split('\n').slice(0, 10).join('\n')
  throw new JavaToolError(`${mainClass} ${why}:\n${output}`, { code, stdout, stderr })
}

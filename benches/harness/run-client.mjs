// Runs one measurement as a process of its own and reads the JSON line that it prints.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TIMEOUT_SECONDS } from '../rows/index.mjs'

const measure = fileURLToPath(new URL('measure.mjs', import.meta.url))
/** How long a process may stay after its result, with everything closed, before it is ended. */
const EXIT_SECONDS = 5

/**
 * @param {{ node?: string, native?: string }} program the Node.js to run measure.mjs with, or a native program
 * @param {object} spec
 * @returns {Promise<object>} the result, or `{ failure }`
 */
export function runClient(program, spec) {
  const args = program.native ? [JSON.stringify(spec)] : [measure, JSON.stringify(spec)]
  const child = spawn(program.native ?? program.node, args, {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve) => {
    let result
    let errors = ''
    const end = () => {
      child.kill('SIGKILL')
      // a process of its own that the client left behind may hold the pipes open
      child.stdout.destroy()
      child.stderr.destroy()
    }
    let timer = setTimeout(end, TIMEOUT_SECONDS * 1000)
    createInterface({ input: child.stdout }).on('line', (line) => {
      result ??= parseResult(line, spec)
      if (result === undefined) return
      clearTimeout(timer)
      timer = setTimeout(() => {
        result.endedByItself = false
        end()
      }, EXIT_SECONDS * 1000)
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-2000)
    })
    child.on('error', (error) => resolve({ failure: error.message }))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (result) return resolve({ endedByItself: true, ...result })
      const why = signal === 'SIGKILL' ? `no result in ${TIMEOUT_SECONDS} s` : `ended with ${signal ?? code}`
      resolve({ failure: why, errors: errors.trim() })
    })
  })
}

/** A client's log may share stdout with the result. */
function parseResult(line, spec) {
  if (!line.startsWith('{')) return undefined
  try {
    const parsed = JSON.parse(line)
    return parsed.client === spec.client && parsed.row === spec.row ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Clients run with their defaults: what the shell says to narad about Kafka is not part of a measurement. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_') && name !== 'NODE_OPTIONS'),
  )
}

// @ts-check
// Child processes of the scripts: each in a process group of its own, so that nothing it started outlives it.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ROOT } from './paths.mjs'

const KILL_AFTER_MS = 5_000

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/**
 * @typedef {object} ChildOptions
 * @property {NodeJS.ProcessEnv} [env] over the script's own; undefined removes a variable
 * @property {number} [timeoutMs] then the whole process group is ended
 * @property {(line: string) => void} [onLine] sees every line of standard output, which is still shown
 * @property {boolean} [quiet] shows the output only when the command fails
 */

/** @typedef {{ ok: boolean, code: number | null, timedOut: boolean }} ChildResult */

/**
 * Runs a command in the repository's root and resolves when it has ended; rejects only if it cannot be started.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<ChildResult>}
 */
export async function run(command, args, { env = {}, timeoutMs, onLine, quiet = false } = {}) {
  const piped = quiet || onLine !== undefined
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', piped ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  })
  running.add(child)
  /** @type {string[]} */
  const kept = []
  const outputs = [child.stdout, child.stderr].flatMap((stream) => stream ?? [])
  const read = outputs.map(async (input) => {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (quiet) kept.push(line)
      else process.stdout.write(`${line}\n`)
      onLine?.(line)
    }
  })
  let timedOut = false
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
  function expire() {
    timedOut = true
    killGroup(child, 'SIGTERM')
    setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref()
  }
  try {
    const code = await exitCode(child)
    await Promise.all(read)
    const ok = code === 0 && !timedOut
    if (!ok) for (const line of kept) process.stdout.write(`${line}\n`)
    return { ok, code, timedOut }
  } finally {
    clearTimeout(timer)
    running.delete(child)
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>}
 */
function exitCode(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      // What it left behind would keep its output open, and this script with it.
      killGroup(child, 'SIGKILL')
      resolve(code)
    })
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function killGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nothing of the group is left.
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    for (const child of running) killGroup(child, 'SIGTERM')
    // A second signal, or this one for a script without children, ends the script as usual.
    setTimeout(() => process.kill(process.pid, signal), 100)
  })
}

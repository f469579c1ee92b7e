// @ts-check
// What `kafka:start` leaves behind for `kafka:stop`: one small file for each cluster that runs in the background.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE_DIR } from './install.mjs'

const RUN_DIR = join(CACHE_DIR, 'run')

/** @typedef {{ pid: number, port: number, brokers: string }} Run */

/** @param {number} port */
const runFile = (port) => join(RUN_DIR, `${port}.json`)

/** @param {Run} run */
export function writeRun(run) {
  mkdirSync(RUN_DIR, { recursive: true })
  writeFileSync(runFile(run.port), JSON.stringify(run))
}

/** @param {number} port */
export function removeRun(port) {
  rmSync(runFile(port), { force: true })
}

/**
 * The clusters that still run.
 * @returns {Run[]}
 */
export function readRuns() {
  mkdirSync(RUN_DIR, { recursive: true })
  const files = readdirSync(RUN_DIR).filter((name) => name.endsWith('.json'))
  /** @type {Run[]} */
  const runs = files.map((name) => JSON.parse(readFileSync(join(RUN_DIR, name), 'utf8')))
  const alive = runs.filter(isAlive)
  for (const { port } of runs.filter((run) => !alive.includes(run))) removeRun(port)
  return alive
}

/**
 * The system may have given a dead keeper's process id to someone else.
 * @param {Run} run
 */
export function isAlive({ pid }) {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes('start.mjs')
  } catch {
    return false
  }
}

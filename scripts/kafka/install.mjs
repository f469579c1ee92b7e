// @ts-check
// Finds Java and Maven and keeps Apache Kafka's jars in the repository's `.kafka/` folder.
import { execFile, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN_JAVA = 17
const MAVEN_TIMEOUT_MS = 300_000

export const SCRIPTS_DIR = fileURLToPath(new URL('.', import.meta.url))
export const CACHE_DIR = join(SCRIPTS_DIR, '..', '..', '.kafka')
const POM = join(SCRIPTS_DIR, 'pom.xml')

/** @param {string} name */
function onPath(name) {
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(dir, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** @type {{ java?: string, problem?: string } | undefined} */
let foundJava

/**
 * The first Java that JAVA_HOME or PATH offers, if it is new enough for Kafka 4.
 * @returns {{ java?: string, problem?: string }}
 */
function findJava() {
  foundJava ??= lookForJava()
  return foundJava
}

/** @returns {{ java?: string, problem?: string }} */
function lookForJava() {
  const home = process.env.JAVA_HOME
  const java = home ? join(home, 'bin', 'java') : onPath('java')
  if (!java) return { problem: `Java ${MIN_JAVA} or newer is missing: no java on PATH and JAVA_HOME is not set` }
  // macOS has a /usr/bin/java that only says that Java is missing: so run it.
  const { status, stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  const version = /version "(\d+)(?:\.(\d+))?/.exec(stderr ?? '')
  if (status !== 0 || !version) return { problem: `Java ${MIN_JAVA} or newer is missing: ${java} does not run` }
  const major = Number(version[1] === '1' ? version[2] : version[1])
  if (major < MIN_JAVA) return { problem: `Java ${MIN_JAVA} or newer is missing: ${java} is Java ${major}` }
  return { java }
}

function jarsDir() {
  const pomHash = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12)
  return join(CACHE_DIR, `jars-${pomHash}`)
}

/**
 * Why no Kafka can be started here, in one line, or undefined if one can.
 * @returns {string | undefined}
 */
export function kafkaMissing() {
  const { problem } = findJava()
  if (problem) return problem
  if (!existsSync(jarsDir()) && !onPath('mvn')) return 'Maven is missing: no mvn on PATH to download Kafka with'
  return undefined
}

/**
 * Java, and the class path of Kafka's jars; downloads them (54 MB) the first time.
 * @returns {Promise<{ java: string, classPath: string }>}
 */
export async function installKafka() {
  const missing = kafkaMissing()
  const { java } = findJava()
  if (missing || !java) throw new Error(missing)
  const jars = jarsDir()
  if (!existsSync(jars)) await download(jars)
  return { java, classPath: join(jars, '*') }
}

/** @param {string} jars */
async function download(jars) {
  // Several processes may download at once: each into a folder of its own, and the first rename wins.
  const partial = `${jars}.${process.pid}-${randomBytes(4).toString('hex')}`
  mkdirSync(partial, { recursive: true })
  try {
    await runMaven(['-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`])
    if (!existsSync(jars)) renameSync(partial, jars)
  } catch (error) {
    if (!existsSync(jars)) throw error
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** @param {string[]} args */
function runMaven(args) {
  return new Promise((resolve, reject) => {
    const options = { timeout: MAVEN_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }
    execFile('mvn', ['-q', '-B', '-Dstyle.color=never', ...args], options, (error, stdout, stderr) => {
      if (!error) return resolve(undefined)
      const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.includes('ERROR'))
      const why = error.killed ? `it took longer than ${MAVEN_TIMEOUT_MS} ms` : (lines[0] ?? error.message)
      reject(new Error(`Maven could not download Kafka: ${why}`))
    })
  })
}

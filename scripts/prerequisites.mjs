// @ts-check
// What a clone needs before anything can be built: each missing thing is one line.
import { spawnSync } from 'node:child_process'

const MIN_NODE = 20
const MIN_RUST = [1, 88]

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string | undefined} the output, or undefined where the command does not run
 */
function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

/** @param {'cargo' | 'rustc'} tool */
function rustProblem(tool) {
  const needed = `${tool} ${MIN_RUST.join('.')} or newer is needed`
  const version = /(\d+)\.(\d+)/.exec(output(tool, ['--version']) ?? '')
  if (!version) return `${needed}: it is not on PATH (install Rust with rustup)`
  const [major, minor] = [Number(version[1]), Number(version[2])]
  const [minMajor = 0, minMinor = 0] = MIN_RUST
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return undefined
  return `${needed}: found ${major}.${minor} (rustup update)`
}

/**
 * @param {string} command
 * @param {string} use
 * @param {string} debianPackage
 */
function commandProblem(command, use, debianPackage) {
  if (output(command, ['--version']) !== undefined) return undefined
  return `${command} is needed ${use}: it is not on PATH (Debian: apt-get install ${debianPackage})`
}

/** @returns {string[]} one line for each thing that is missing */
export function missingPrerequisites() {
  const problems = [rustProblem('cargo'), rustProblem('rustc')]
  if (Number(process.versions.node.split('.')[0]) < MIN_NODE) {
    problems.push(`Node.js ${MIN_NODE} or newer is needed: this is ${process.version}`)
  }
  if (process.platform !== 'win32') {
    problems.push(
      commandProblem(process.env['CC'] ?? 'cc', 'to build librdkafka (a C compiler)', 'build-essential'),
      commandProblem(process.env['CXX'] ?? 'c++', 'to build librdkafka (a C++ compiler)', 'build-essential'),
      commandProblem('make', 'to build librdkafka and OpenSSL', 'build-essential'),
      commandProblem('perl', 'to configure OpenSSL', 'perl'),
    )
  }
  return problems.flatMap((problem) => problem ?? [])
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Scope } from './scope.ts'
import { waitFor } from './wait.ts'

export interface NodeProcessOptions {
  args?: readonly string[]
  /** Over this process's environment; undefined removes a variable. */
  env?: Record<string, string | undefined>
  /** Node's own options, such as `--expose-gc`. */
  nodeArgs?: readonly string[]
  /** The binary to run. Default: the one that runs this. */
  node?: string
  /** What standard input has. Default: nothing. */
  stdin?: string | Buffer
  /** Default: this process's working directory. */
  cwd?: string
  /** In a process group of its own, as a shell starts it. Default: in this process's. */
  detached?: boolean
}

export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface NodeProcess {
  readonly pid: number
  /** Lines of standard output so far. */
  readonly lines: readonly string[]
  /** Standard error so far. */
  readonly stderr: string
  /** Resolves when the process has ended and all its output is here. */
  readonly ended: Promise<ProcessEnd>
  /** The first line, of those already there and those to come, that holds or matches `match`. */
  waitForLine(match: string | RegExp, timeoutMs?: number): Promise<string>
  kill(signal?: NodeJS.Signals): Promise<ProcessEnd>
}

/** Runs a script (`.ts` too) in a Node of its own, which is killed when the scope ends. */
export function startNode(scope: Scope, script: string, options: NodeProcessOptions = {}): NodeProcess {
  const { args = [], env = {}, nodeArgs = [], node = process.execPath, stdin = '', cwd, detached = false } = options
  const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : []
  const child = spawn(node, [...loader, ...nodeArgs, script, ...args], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
    detached,
    ...(cwd !== undefined && { cwd }),
  })
  child.on('error', () => {}) // told by the missing pid
  child.stdin.on('error', () => {}) // a child that ends early reads no more
  const { pid } = child
  if (pid === undefined) throw new Error(`${node} could not be started`)

  child.stdin.end(stdin)
  const lines: string[] = []
  let stderr = ''
  let end: ProcessEnd | undefined
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    end = { code, signal }
    return end
  })

  const find = (match: string | RegExp) =>
    lines.find((line) => (typeof match === 'string' ? line.includes(match) : match.test(line)))
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal)
    return ended
  }
  scope.after(async () => {
    await kill()
  })
  return {
    pid,
    lines,
    get stderr() {
      return stderr
    },
    ended,
    kill,
    async waitForLine(match, timeoutMs = 15_000) {
      const look = () => {
        const line = find(match)
        if (line !== undefined) return { line }
        if (end) throw new Error(`${script} ended (${end.signal ?? end.code}) before it printed ${match}\n${stderr}`)
        return undefined
      }
      const { line } = await waitFor(look, { what: `${script} to print ${match}`, timeoutMs })
      return line
    },
  }
}

// The command `narad` as users type it, in a process of its own.
import { resolve } from 'node:path'
import { noSettings } from './no-settings.ts'
import { type NodeProcess, type NodeProcessOptions, startNode } from './process.ts'
import type { Scope } from './scope.ts'

/** The command, for shells. */
export const CLI = resolve(__dirname, '..', '..', 'dist', 'cli.cjs')

export function narad(scope: Scope, args: readonly string[], options: NodeProcessOptions = {}): NodeProcess {
  return startNode(scope, CLI, { ...options, args, env: { ...noSettings(), ...options.env } })
}

export interface CommandEnd {
  readonly code: number | null
  /** Of standard output. */
  readonly lines: readonly string[]
  readonly stderr: string
}

/** What a command leaves that ends by itself. */
export async function ended(child: NodeProcess): Promise<CommandEnd> {
  const { code } = await child.ended
  return { code, lines: child.lines, stderr: child.stderr }
}

/** What a command leaves that ends by itself. */
export function run(scope: Scope, args: readonly string[], options: NodeProcessOptions = {}): Promise<CommandEnd> {
  return ended(narad(scope, args, options))
}

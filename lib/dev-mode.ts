import { inspect } from 'node:util'
import { hold, release } from './keep-alive.ts'
import type { RecordMetadata } from './message.ts'
import { isSecretName, redactText, Secret } from './redact.ts'

/** How long `auto` waits for a broker before it goes log-only, and the pause between its later tries. */
export const AUTO_TIMEOUT_MS = 2_000
const RETRY_MS = 1_000

/**
 * A service without a broker: sends are printed, and what was asked for is kept until a broker answers.
 */
export class LogOnly {
  readonly #goLive: () => Promise<void>
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** @param goLive Connects all that was asked for; rejects while there is no broker. */
  constructor(goLive: () => Promise<void>) {
    this.#goLive = goLive
  }

  /** Prints what would be sent. The record has no place in any log: partition and offset are -1. */
  print(topic: string, value: unknown): RecordMetadata {
    console.log(`[DEV] Would send to ${topic}: ${redactText(inspect(withoutSecretFields(value)))}`)
    return { topic, partition: -1, offset: -1, timestamp: Date.now() }
  }

  /** Tries to go live until it succeeds. By itself this does not keep the process running. */
  retry(): void {
    this.#timer = setTimeout(() => {
      this.#goLive().catch(() => {
        if (!this.#isStopped) this.retry()
      })
    }, RETRY_MS)
    this.#timer.unref()
  }

  /** Keeps the process running while it waits to go live, as a group does that is subscribed. */
  keepRunning(): void {
    if (this.#timer !== undefined && !this.#isStopped) hold(this)
  }

  /** Whether a try has not failed in this way before, so that a lasting problem is told once. */
  isNew(error: unknown): boolean {
    const problem = error instanceof Error ? error.message : String(error)
    if (this.#told.has(problem)) return false
    this.#told.add(problem)
    return true
  }

  /** It is live, or disconnected. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    release(this)
  }
}

/** `inspect` shows nothing of what lies deeper. */
const SHOWN_DEPTH = 3

/** What is printed ends up in logs: fields that are named like a secret are left out, as everywhere else. */
function withoutSecretFields(value: unknown, depth = 0): unknown {
  if (depth > SHOWN_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => withoutSecretFields(one, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  // what has a class prints itself
  if (prototype !== Object.prototype && prototype !== null) return value
  const fields = Object.entries(value).map(([name, field]): [string, unknown] => {
    return [name, isSecretName(name) ? new Secret('') : withoutSecretFields(field, depth + 1)]
  })
  return Object.fromEntries(fields)
}

import assert from 'node:assert/strict'
import type { KafkaService } from 'narad'
import type { Scope } from './scope.ts'
import { readAll } from './service.ts'
import { waitFor } from './wait.ts'

/** What a load sends: the count of its key, so that a gap, a repetition or a swap shows. */
interface Counted {
  key: number
  count: number
}

/** What became of all sends. */
export interface LoadResult {
  sent: number
  failed: number
  unsettled: number
  /** Acknowledged and not in the log. */
  lost: number
  /** More than once in the log. */
  duplicates: number
  /** Records of a key that stand behind a later one. */
  disordered: number
}

const KEYS = 100
const TICK_MS = 5
const SETTLE_MS = 60_000

/** A steady stream of single sends to a topic of three partitions. */
export class Load {
  /** When each send was acknowledged, by `performance.now()`, in the order of the acknowledgements. */
  readonly acknowledgedAt: number[] = []
  readonly #service: KafkaService
  readonly #topic: string
  readonly #acknowledged = new Set<string>()
  readonly #failures: unknown[] = []
  readonly #timer: NodeJS.Timeout
  sent = 0

  constructor(service: KafkaService, topic: string, perSecond: number) {
    this.#service = service
    this.#topic = topic
    const start = performance.now()
    this.#timer = setInterval(() => {
      const due = ((performance.now() - start) / 1_000) * perSecond
      while (this.sent < due) this.#send()
    }, TICK_MS)
  }

  /** Waits until so many have been sent: with a steady stream this is also a time. */
  async until(sent: number, timeoutMs = 120_000): Promise<void> {
    await waitFor(() => this.sent >= sent, { what: `${sent} sends`, timeoutMs })
  }

  /** Ends the stream, and compares what was acknowledged with what is in the log. */
  async finish(scope: Scope, brokers: string): Promise<LoadResult> {
    clearInterval(this.#timer)
    const settled = () => this.#acknowledged.size + this.#failures.length
    await waitFor(() => settled() === this.sent, { what: 'all sends to settle', timeoutMs: SETTLE_MS }).catch(() => {})
    const unsettled = this.sent - settled()
    const ends = await Promise.all([0, 1, 2].map((partition) => this.#service.send(this.#topic, null, { partition })))
    const size = ends.reduce((sum, { offset }) => sum + offset + 1, 0)
    const log = await readAll<Counted | null>(scope, brokers, this.#topic, size)
    const [seen, last] = [new Set<string>(), new Map<number, number>()]
    let [duplicates, disordered] = [0, 0]
    for (const { value } of log) {
      if (value === null) continue
      const id = idOf(value)
      if (seen.has(id)) duplicates += 1
      else if (value.count < (last.get(value.key) ?? -1)) disordered += 1
      seen.add(id)
      last.set(value.key, Math.max(value.count, last.get(value.key) ?? -1))
    }
    const lost = [...this.#acknowledged].filter((id) => !seen.has(id)).length
    return { sent: this.sent, failed: this.#failures.length, unsettled, lost, duplicates, disordered }
  }

  #send(): void {
    const value: Counted = { key: this.sent % KEYS, count: Math.floor(this.sent / KEYS) }
    this.sent += 1
    this.#service.send(this.#topic, value, { key: String(value.key) }).then(
      () => {
        this.#acknowledged.add(idOf(value))
        this.acknowledgedAt.push(performance.now())
      },
      (error: unknown) => this.#failures.push(error),
    )
  }
}

/** Fails unless every send was acknowledged, and stands in the log once and in order. */
export function assertAllWell(result: LoadResult): void {
  const { sent, ...rest } = result
  assert.ok(sent > 0)
  assert.deepEqual(rest, { failed: 0, unsettled: 0, lost: 0, duplicates: 0, disordered: 0 })
}

/** The longest time between two acknowledgements, in milliseconds. */
export function longestSilenceMs({ acknowledgedAt }: Load): number {
  return acknowledgedAt.reduce((most, at, index) => Math.max(most, at - (acknowledgedAt[index - 1] ?? at)), 0)
}

function idOf({ key, count }: Counted): string {
  return `${key}/${count}`
}

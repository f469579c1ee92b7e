import { setTimeout as delay } from 'node:timers/promises'
import type { RebalanceEvent, RecordContext } from 'narad'

/** What the members of a group saw of a topic, whose values count up and whose keys are these modulo `keys`. */
export class ChurnWitness {
  readonly handled = new Set<number>()
  calls = 0
  /** Records that were handled for the first time after a later one of their key. */
  disordered = 0
  /** Records that were handled while another member handled one of the same partition. */
  shared = 0
  /** Records before the first one of an assignment that no handler had ended for. */
  passed = 0
  readonly #keys: number
  readonly #last = new Map<number, number>()
  readonly #running = new Map<number, object>()
  readonly #ended = new Map<number, Set<number>>()

  constructor({ keys }: { keys: number }) {
    this.#keys = keys
  }

  /** What a new member is to be given. */
  member() {
    /** Partitions of which it has handled nothing since they were assigned. */
    const fresh = new Set<number>()
    const onRebalance = ({ kind, partitions }: RebalanceEvent): void => {
      for (const { partition } of partitions) {
        if (kind === 'assigned') fresh.add(partition)
        else fresh.delete(partition)
      }
    }
    const handler = async (value: number, { partition, offset }: RecordContext): Promise<void> => {
      const ended = this.#ended.get(partition) ?? new Set()
      this.#ended.set(partition, ended)
      if (fresh.delete(partition)) {
        for (let before = 0; before < offset; before += 1) if (!ended.has(before)) this.passed += 1
      }
      if ((this.#running.get(partition) ?? fresh) !== fresh) this.shared += 1
      this.#running.set(partition, fresh)
      await delay(1)
      this.#running.delete(partition)
      ended.add(offset)
      this.#handle(value)
    }
    return { onRebalance, handler }
  }

  #handle(value: number): void {
    this.calls += 1
    const key = value % this.#keys
    const last = this.#last.get(key) ?? -1
    if (!this.handled.has(value) && value < last) this.disordered += 1
    this.#last.set(key, Math.max(value, last))
    this.handled.add(value)
  }
}

/** Types come from records, so how many there are is for others to say. */
const MOST_TYPES = 1_000
/** Counts what comes beyond. */
const OTHERS = '*'

/** Counts events by type. */
export class TypeCounts {
  readonly #counts = new Map<string, number>()

  count(type: string): void {
    const name = this.#counts.has(type) || this.#counts.size < MOST_TYPES ? type : OTHERS
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  /** As it is now. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map(this.#counts)
  }
}

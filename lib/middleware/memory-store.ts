import { checkOptions, integer } from '../options.ts'
import type { Claim, DedupeStore } from './dedupe.ts'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * How many ids are remembered as done; the oldest is forgotten first. 1 to 10,000,000.
   *
   * @defaultValue `100000`
   */
  maxEntries?: number
}

/** A {@link DedupeStore} in the memory of this process: other members do not see it, and a restart forgets it. */
export function memoryStore(options: MemoryStoreOptions = {}): DedupeStore {
  const { maxEntries: given } = checkOptions(options, ['maxEntries'], 'memoryStore')
  const maxEntries = integer(given, 'maxEntries', 1, 10_000_000, 100_000)
  /** When each claim runs out. There are as many as there are handlers that run. */
  const claims = new Map<string, number>()
  const done = new Set<string>()
  return {
    claim(id, ttlMs): Claim {
      if (done.has(id)) return 'done'
      const now = performance.now()
      if ((claims.get(id) ?? 0) > now) return 'busy'
      claims.set(id, now + ttlMs)
      return 'claimed'
    },
    complete(id) {
      claims.delete(id)
      done.add(id)
      if (done.size <= maxEntries) return
      for (const oldest of done) {
        done.delete(oldest)
        return
      }
    },
    release(id) {
      claims.delete(id)
    },
  }
}

import type { LogOffsets } from '../admin/types.ts'
import { checkOptions, optional } from '../options.ts'

/** Options of {@link DeadLetterDesk.purge}. */
export interface PurgeOptions {
  /** Only letters that were written before this. Default: no limit. */
  before?: Date
  /** Letters that are open as well. Default: false, and the first one that is keeps all after it in its partition. */
  open?: boolean
  /** Only tells what it would do. Default: false. */
  dryRun?: boolean
  /** Told about each second, and at the end, how much of the topic was read. Nothing is deleted before all is. */
  onProgress?: (progress: { read: number; total: number }) => void
}

/** What a purge deletes. */
export interface LetterPurge {
  /** Records that are deleted. */
  letters: number
  /** Those of them that are open. */
  open: number
  /** Before which offset, by partition; where nothing is deleted, its beginning. */
  before: Record<number, number>
}

/** The {@link PurgeOptions}, checked. */
interface ResolvedPurge {
  readonly before: number
  readonly open: boolean
  readonly dryRun: boolean
  readonly onProgress: PurgeOptions['onProgress']
}

/** @throws {@link ArgumentError} that names the option. */
export function resolvePurge(input: unknown): ResolvedPurge {
  const known = ['before', 'open', 'dryRun', 'onProgress']
  const { before, open = false, dryRun = false, onProgress } = checkOptions(input, known, 'purge')
  const isBoolean = (value: unknown) => typeof value === 'boolean'
  const isTime = (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime())
  optional(open, 'open', 'true or false', isBoolean)
  optional(dryRun, 'dryRun', 'true or false', isBoolean)
  optional(before, 'before', 'a Date', isTime)
  const limit = before === undefined ? Number.POSITIVE_INFINITY : (before as Date).getTime()
  const isFunction = (value: unknown) => typeof value === 'function'
  const told = optional(onProgress, 'onProgress', 'a function', isFunction) as PurgeOptions['onProgress']
  return { before: limit, open: open === true, dryRun: dryRun === true, onProgress: told }
}

/** Finds up to where each partition may be deleted: Kafka deletes from the beginning on, and leaves no holes. */
export class PurgeCut {
  readonly #logs: ReadonlyMap<number, LogOffsets>
  /** By partition, the offset of the first record that is kept. */
  readonly #kept = new Map<number, number>()
  readonly #purge: LetterPurge = { letters: 0, open: 0, before: {} }

  constructor(logs: readonly LogOffsets[]) {
    this.#logs = new Map(logs.map((log) => [log.partition, log]))
  }

  /** The next record of a partition. What came after the ends were asked for is kept. */
  take({ partition, offset }: { partition: number; offset: number }, isKept: boolean, isOpen: boolean): void {
    if (this.#kept.has(partition)) return
    if (isKept || offset >= (this.#logs.get(partition)?.end ?? 0)) {
      this.#kept.set(partition, offset)
      return
    }
    this.#purge.letters += 1
    if (isOpen) this.#purge.open += 1
  }

  get result(): LetterPurge {
    for (const { partition, end } of this.#logs.values()) {
      this.#purge.before[partition] = Math.min(this.#kept.get(partition) ?? end, end)
    }
    return this.#purge
  }
}

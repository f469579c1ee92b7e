/** How a group gets on with a partition, from best to worst. */
export const VERDICTS = ['unknown', 'ok', 'slow', 'stalled', 'stopped'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What was seen of a partition at a moment. */
export interface Look {
  committed: number | null
  lag: number | null
  /** Whether a member has it; undefined where that is not told. */
  isOwned: boolean | undefined
}

/**
 * What the looks of a window, oldest first, say of a partition, after the rules of LinkedIn's Burrow:
 *
 * - `ok`: at some moment there was no lag; or offsets are committed, and the lag went down at least once,
 * - `slow`: offsets are committed, and the lag never went down,
 * - `stalled`: there is a lag and a member, and nothing is committed,
 * - `stopped`: there is a lag and no member, and nothing is committed,
 * - `unknown`: nothing is committed so far, or there was one look alone.
 */
export function verdictOf(looks: readonly Look[]): Verdict {
  const known = looks.filter((look): look is Look & { lag: number } => look.lag !== null)
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined) return 'unknown'
  if (known.some(({ lag }) => lag === 0)) return 'ok'
  if (first.committed === last.committed) {
    if (last.isOwned === false) return 'stopped'
    return known.length > 1 ? 'stalled' : 'unknown'
  }
  const fell = known.some(({ lag }, index) => index > 0 && lag < (known[index - 1]?.lag ?? 0))
  return fell ? 'ok' : 'slow'
}

/** Whether more looks would not change a verdict for the worse. */
export function isSettled(verdict: Verdict): boolean {
  return verdict === 'ok' || verdict === 'stopped'
}

/** The worst of several; `unknown` of none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS[Math.max(0, ...verdicts.map((verdict) => VERDICTS.indexOf(verdict)))] as Verdict
}

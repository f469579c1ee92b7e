import { InvalidArgumentError } from 'commander'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration of an option, such as `90s`, `15m`, `2h` or `7d`, in milliseconds. */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  if (digits === undefined) throw new InvalidArgumentError('It must be a duration such as 90s, 15m, 2h or 7d.')
  return Number(digits) * UNITS[unit as keyof typeof UNITS]
}

/** A duration in its two largest units, such as `2h 5m`; 0 is `0s`. */
export function durationText(durationMs: number): string {
  const parts: string[] = []
  let left = Math.round(durationMs / 1_000) * 1_000
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(left / UNITS[unit])
    left -= count * UNITS[unit]
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join(' ')
}

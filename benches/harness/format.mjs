/** @param {number} perSecond */
export function rate(perSecond) {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`
  if (perSecond >= 1e4) return `${(perSecond / 1e3).toFixed(0)} k`
  return `${(perSecond / 1e3).toFixed(1)} k`
}

export const seconds = (value) => value.toFixed(2)
export const milliseconds = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0))
export const megabytes = (bytes) => (bytes / 1e6).toFixed(0)
export const count = (value) => value.toFixed(0)

/** Median and, in brackets, the least and the greatest. */
export function withSpread({ median, min, max }, format) {
  // processor time and memory are read from /proc
  if (!Number.isFinite(median)) return '–'
  if (min === max) return format(median)
  return `${format(median)} (${format(min)}–${format(max)})`
}

/** @param {string[]} head @param {string[][]} body */
export function markdownTable(head, body) {
  const lines = [head, head.map(() => '---'), ...body]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

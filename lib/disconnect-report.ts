import type { ConsumerReport } from './consumer/member.ts'

/** What `disconnect()` left behind. */
export interface DisconnectReport {
  /** Records that were sent and not acknowledged in time. Each of their sends has rejected. */
  undelivered: number
  /** The same by topic; only those with any. */
  undeliveredByTopic: Record<string, number>
  groups: ConsumerReport[]
}

/** A report that tells of work left, as the log may have it: without keys. */
export function workLeft(report: DisconnectReport): object | undefined {
  const isClean = report.groups.every(({ unfinished, leftGroup }) => unfinished === 0 && leftGroup)
  if (isClean && report.undelivered === 0) return undefined
  const groups = report.groups.map((group) => ({ ...group, blocked: group.blocked.map(({ key, ...rest }) => rest) }))
  return { ...report, groups }
}

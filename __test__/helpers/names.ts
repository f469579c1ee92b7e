import { randomBytes } from 'node:crypto'

// Tests share a broker, and a run may share it with an earlier run: a name is never used twice.
function unique(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}

export function randomTopic(prefix = 'topic'): string {
  return unique(prefix)
}

export function randomGroup(prefix = 'group'): string {
  return unique(prefix)
}

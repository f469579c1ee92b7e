import { RetryTopicError } from '../errors.ts'
import { SideTopics, type TopicAdmin } from './side-topics.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const UNITS: ReadonlyArray<readonly [ms: number, name: string]> = [
  [DAY_MS, 'd'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'm'],
  [SECOND_MS, 's'],
  [1, 'ms'],
]

/** How long a record is kept after it is due: as long as its group may be down without losing it. */
const KEPT_MS = 7 * DAY_MS

/** The topics in which the records of a subscription wait for one delay. */
export class RetryTopics extends SideTopics {
  /** In milliseconds. */
  readonly delayMs: number

  constructor(group: string, delayMs: number, admin: TopicAdmin) {
    super({
      ...{ group, admin, purpose: 'retries' },
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': String(delayMs + KEPT_MS),
        // a backlog must not push out what is not due yet
        'retention.bytes': '-1',
      },
      wayOut: 'or leave "retry.topics" out',
      error: (message, fields) => new RetryTopicError(message, { ...fields, code: 'NARAD_RETRY_TOPIC' }),
    })
    this.delayMs = delayMs
  }

  override nameOf(topic: string): string {
    const name = `${topic}.${this.group}.retry.${delayText(this.delayMs)}`
    return this.checked(name, topic, 'Choose a shorter or plainer group, or leave "retry.topics" out.')
  }
}

/** A delay in the largest unit that it is a whole number of: `1m` and not `60s`, `90s`, `250ms`. */
export function delayText(delayMs: number): string {
  const [ms, name] = UNITS.find(([unit]) => delayMs % unit === 0) as (typeof UNITS)[number]
  return `${delayMs / ms}${name}`
}

/** How the names of retry topics end, whatever the group and the delay. */
export const RETRY_NAME = /\.retry\.\d+(?:ms|s|m|h|d)$/

/** The topic beside which a retry topic of the group is, by its name, whatever the delay; undefined if it is none. */
export function homeOf(name: string, group: string): string | undefined {
  const own = `.${group}`
  const rest = name.replace(RETRY_NAME, '')
  return rest !== name && rest.endsWith(own) && rest !== own ? rest.slice(0, -own.length) : undefined
}

import type { Groups } from '../admin/groups.ts'
import { KafkaError } from '../errors.ts'

/** A retry topic, and the group that it is of. */
interface RetryTopic {
  topic: string
  group: string
}

/**
 * Those that no member of their group reads now. What cannot be found out, on the embedded broker or without the right to
 * describe the group, is not among them.
 */
export async function unreadTopics(groups: Groups, topics: readonly RetryTopic[]): Promise<RetryTopic[]> {
  const read = new Map<string, ReadonlySet<string> | undefined>()
  for (const { group } of topics) if (!read.has(group)) read.set(group, await topicsRead(groups, group))
  return topics.filter(({ topic, group }) => read.get(group)?.has(topic) === false)
}

/** The topics that members of a group have partitions of; undefined where nobody tells. */
async function topicsRead(groups: Groups, group: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const { partitions } = await groups.describe(group)
    return new Set(partitions.filter(({ memberId }) => memberId !== null).map(({ topic }) => topic))
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return error.code === 'NARAD_UNKNOWN_GROUP' ? new Set() : undefined
  }
}
